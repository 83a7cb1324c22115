"""Known behaviour comes back out of the metrics that claim to measure it, and only there."""

import json
from dataclasses import replace

import numpy as np
import pytest

from s2st_bench.errors import InputError
from s2st_bench.leaderboards.site.validity import read_validity
from s2st_bench.registry import Registry
from s2st_bench.systems.interpreter import expected
from s2st_bench.systems.interpreter.work import Work
from s2st_bench.timeline import emissions, logged_times
from s2st_bench.types import AudioSource, Job, Recording, Segment, Step, TimedWrite, Trace
from s2st_bench.validity import joined, report, studies
from s2st_bench.validity.boundaries import join, judge
from s2st_bench.validity.observe import CHUNK_S, Interpreting, with_compute
from s2st_bench.validity.rows import Claim, Observed, Study, measure, resegmenter, slope
from s2st_bench.validity.truth import erased, words_said


@pytest.fixture(scope="module")
def registry():
    return Registry()


@pytest.fixture(scope="module")
def given(registry):
    return studies.material(registry, n_short=8, n_long=1)


@pytest.fixture(scope="module")
def run(registry, given):
    """Rows of one small study, by (metric, ca)."""

    def run(knob, form, levels, *claims):
        study = Study(knob, "", form, levels, claims)
        rows = studies.run_studies(given, registry, [study])
        return {(row.metric, row.ca): row for row in rows}

    return run


def said_at(name, delays_s, length_s=10.0):
    """A trace that says one word at each time."""
    steps = tuple(
        Step(at, at, (Job(i, "system", at, at),), (TimedWrite(i, 0.0, f" w{i}" if i else "w0"),))
        for i, at in enumerate(delays_s)
    )
    return Trace("s", name, "de", length_s, steps, clock="ideal")


def test_bias_slope_and_order_of_made_up_traces(registry):
    """StartOffset is the first delay, so whatever is known of it is known exactly."""
    recordings = [
        Recording(name, AudioSource(f"{name}.wav"), "en", ("de",),
                  (Segment(name, 0.0, 10.0, references={"de": ("w0 w1",)}),))
        for name in ("a", "b")
    ]
    starts = {1.0: (1.0, 2.0), 2.0: (2.0, 3.0), 3.0: (3.0, 2.5)}  # b's last step goes back

    def observe(level):
        traces = [said_at(r.id, (at, 9.0)) for r, at in zip(recordings, starts[level], strict=True)]
        return Observed(traces, recordings, {"start": 1000.0 * level, "held": 7.0})

    study = Study("k", "s", "short", (1.0, 2.0, 3.0),
                  (Claim("StartOffset", "start"), Claim("EndOffset", "held")))
    start, held = measure(study, observe, registry)
    assert start.values == (1500.0, 2500.0, 2750.0) and start.known == (1000.0, 2000.0, 3000.0)
    assert start.bias == pytest.approx((500 + 500 - 250) / 3)
    assert (start.slope, start.expected_slope) == (pytest.approx(625.0), pytest.approx(1000.0))
    assert (start.monotone, start.ordered, start.discriminates) == (True, 0.75, False)
    assert (held.monotone, held.ordered, held.discriminates) == (None, None, None)


def test_slope_needs_two_values():
    assert slope((0.0, 1.0, 2.0), (1.0, None, 5.0)) == 2.0
    assert slope((0.0, 1.0), (None, 5.0)) is None


def test_known_times_are_what_a_replay_shows(registry, given):
    """The truth comes from the plan alone; the emissions from the replay."""
    interpreting = Interpreting(given.short[:3], "de", registry)
    traces, plans = interpreting.hear(exact=True, lag_s=1.0, omission=0.2, revision=0.4)
    assert any(erased(plan) for plan in plans)
    for recording, trace, plan in zip(given.short[:3], traces, plans, strict=True):
        said = words_said(recording, "de", plan, trace.source_length)
        shown = emissions(trace)
        assert [e.delay for e in shown] == pytest.approx([w.final_s for w in said], abs=1e-3)
        assert [e.first_shown_s for e in shown] == pytest.approx(
            [w.first_s for w in said], abs=1e-3)


def test_set_compute_is_the_closed_form(registry, given):
    interpreting = Interpreting(given.short[:1], "de", registry)
    (trace,), (plan,) = interpreting.hear(lag_s=1.0)
    work = Work(0.7, 2.0, 1.5)
    ends = expected.chunk_ends(trace.source_length, CHUNK_S)
    assert logged_times(with_compute(trace, work.cost_s)) == pytest.approx(
        expected.live_times(plan, ends, work))


def test_long_form_lag_comes_back_without_change(run):
    rows = run("lag_s", "long", (1.0, 3.0), Claim("LongYAAL", "lag"), Claim("EVS", "lag"),
               Claim("StreamLAAL", "lag", "min-wer"))
    for row in rows.values():
        assert row.slope == pytest.approx(1000.0, rel=0.05), row.metric
        assert row.discriminates
    # the diagonal runs ahead of the words that are needed: a constant, not an error of the lag
    assert 300 < rows["LongYAAL", None].bias < 1000


def test_drift_slope_within_five_per_cent(run):
    row = run("drift_s_per_min", "long", (0.0, 2.0), Claim("LatencyDrift", "drift"))[
        "LatencyDrift", None]
    assert row.expected_slope == 1000.0 and row.slope == pytest.approx(1000.0, rel=0.05)
    assert row.monotone and row.discriminates


def test_omission_costs_quality_but_moves_pace_metrics(run):
    rows = run("omission", "short", (0.0, 0.4), Claim("AL", "lag"), Claim("EVS", "lag"),
               Claim("WER", "wer"))
    wer = rows["WER", None]
    assert wer.bias == pytest.approx(0.0, abs=1e-9) and wer.slope == pytest.approx(
        wer.expected_slope)
    assert abs(rows["EVS", None].slope) < 250 < rows["AL", None].slope


def test_wrong_words_do_not_move_al(run):
    row = run("error", "short", (0.0, 0.4), Claim("AL", "lag"))["AL", None]
    assert row.slope == pytest.approx(0.0, abs=1e-6) and row.discriminates is None


def test_erasure_is_exact(run):
    row = run("revision", "short", (0.0, 0.4), Claim("NormalizedErasure", "erasure"))[
        "NormalizedErasure", None]
    assert row.values == pytest.approx(row.known) and row.values[1] > 0


def test_peers_clocks_are_biased_where_said(run):
    """0.5 s/s keeps up: simuleval adds all compute so far; 1.2 s/s does not, and simulstream
    sees no backlog.
    """
    rows = run("compute", "short", (0.5, 1.2), Claim("RTF", "rtf"), Claim("Backlog", "backlog"),
               *(Claim("EVS", "wait", ca=ca) for ca in ("live", "simuleval", "simulstream")))
    assert rows["RTF", None].values == pytest.approx((0.5, 1.2))
    assert rows["Backlog", None].values == pytest.approx(rows["Backlog", None].known)
    live, simuleval, simulstream = (
        np.array(rows["EVS", ca].values) for ca in ("live", "simuleval", "simulstream"))
    known = np.array(rows["EVS", "live"].known)
    assert live == pytest.approx(known, rel=0.1)
    assert simuleval[0] > 3 * known[0]
    assert simulstream[0] == pytest.approx(known[0], rel=0.2)  # but for the short last chunk
    assert simulstream[1] < 0.7 * known[1]


def test_joined_outputs_and_their_boundaries(registry, given):
    interpreting = Interpreting(given.short[:4], "de", registry)
    traces, _ = interpreting.hear(exact=True, lag_s=1.0)
    whole = join(given.short[:4], traces)
    assert [e.unit for e in emissions(whole.trace)] == [
        e.unit for trace in traces for e in emissions(trace)]
    assert whole.trace.source_length == pytest.approx(sum(t.source_length for t in traces))
    for cut in ("soft", "timed", "min-wer"):
        row = judge(whole, resegmenter(cut), "none", registry)
        assert (row.word_accuracy, row.boundary_accuracy, row.error_ms) == (1.0, 1.0, 0.0)
    shifted = replace(whole, sentence=np.maximum(whole.sentence - (whole.sentence == 1), 0))
    row = judge(shifted, resegmenter("soft"), "a sentence given to the one before", registry)
    assert row.boundary_accuracy == pytest.approx(2 / 3) and row.word_accuracy < 1


def test_noise_keeps_times_and_counts(registry, given):
    interpreting = Interpreting(given.short[:4], "de", registry)
    traces, _ = interpreting.hear(exact=True, lag_s=1.0)
    wrong = joined.noisy(traces, joined.Noise(wrong=1.0))
    for before, after in zip(traces, wrong, strict=True):
        assert [e.delay for e in emissions(before)] == [e.delay for e in emissions(after)]
    assert wrong != traces
    assert not any(emissions(t) for t in joined.noisy(traces, joined.Noise(silent=1.0)))


def findings(registry, given):
    study = Study("lag_s", "s", "short", (0.0, 1.0), (Claim("AL", "lag"), Claim("AP")))
    rows = studies.run_studies(given, registry, [study])
    cut = joined.run_boundaries(
        Interpreting(given.short, "de", registry), registry, [joined.Noise()])
    return report.Findings(rows, cut, len(given.short), 0, "en", "de")


def test_the_board_reads_what_is_written(registry, given, tmp_path):
    found = findings(registry, given)
    path = tmp_path / "validity.json"
    path.write_text(report.to_json(found), "utf-8")
    study, cut = read_validity(path).tables
    assert [row[0] for row in study.rows] == ["AL", "AP"] and len(cut.rows) == 3
    assert study.rows[0][-1] == "yes"
    markdown = report.to_markdown(found)
    assert "| AL | ms |" in markdown and "timed-softsegmenter" in markdown


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"version": 2}', '{"version": 1}', "[" * 100_000,
     json.dumps({"version": 1, "corpus": {"notice": "", "short": 1, "long": 1, "source_lang": "",
                                          "target_lang": ""}, "rows": [{"form": 1}],
                 "resegmentation": []})],
)
def test_another_file_is_refused_by_name(tmp_path, text):
    path = tmp_path / "validity.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"validity\.json"):
        read_validity(path)


@pytest.mark.slow
def test_the_full_grid(registry):
    """The findings that metrics/validity.md states."""
    rows = studies.run_studies(studies.material(registry), registry)
    found = {(r.form, r.knob, r.metric, r.ca, r.cut): r for r in rows}

    def row(form, knob, metric, ca=None, cut=None):
        return found[form, knob, metric, ca, cut or ("soft" if form == "long" else None)]

    for metric in ("LongYAAL", "LongLAAL", "LongDAL", "EVS"):
        each = row("long", "lag_s", metric)
        assert each.slope == pytest.approx(each.expected_slope, rel=0.05) and each.discriminates
    assert row("long", "drift_s_per_min", "LatencyDrift").slope == pytest.approx(1000.0, rel=0.05)
    # short form: AL sees twice the change that a listener of the ideal replay has
    al = row("short", "lag_s", "AL")
    assert al.slope > 1.8 * al.expected_slope
    # leaving words out is no lag, yet all metrics of pace move; EVS does not
    assert abs(row("long", "omission", "EVS").slope) < 200 < row("long", "omission",
                                                                 "LongYAAL").slope
    live, simuleval, fbk, simulstream = (
        row("long", "compute", "LongYAAL", ca) for ca in ("live", "simuleval", "fbk",
                                                          "simulstream"))
    assert live.values[:4] == pytest.approx(live.known[:4], rel=0.01)
    assert simuleval.bias > 10_000 and fbk.bias < -1000 and simulstream.bias < -1000
