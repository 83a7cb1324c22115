"""Scoring: counts, failures, repeats, groups, and independence of order."""

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.errors import InputError, NotComparable, TraceError, UsageError
from s2st_bench.items import items, lost_trace
from s2st_bench.metric import MeanMetric
from s2st_bench.penalty import Penalised
from s2st_bench.resegment import SoftSegmenter
from s2st_bench.scoring import (
    DEFAULT_METRICS,
    LONG_FORM_METRICS,
    SPEECH_METRICS,
    Options,
    default_metrics,
    make_metrics,
    score,
)
from s2st_bench.signature import Signature
from s2st_bench.softalign import NOWHERE
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    MetricSpec,
    Recording,
    Segment,
    Step,
    TextSource,
    TimedWrite,
    Trace,
)

TEXT = "das ist ein kleiner Test"


def recording(number, **changes):
    segment = Segment(f"r{number}", 0, 5, references={"de": (f"{TEXT} {number}",)},
                      origin=changes.pop("origin", ""))
    return Recording(f"r{number}", AudioSource(Path("x.wav"), 0, 5.0), "en", ("de",), (segment,),
                     **changes)


def trace(number, text=TEXT, start=1.0, **changes):
    steps = tuple(
        Step(start + i, start + i, (Job(i, "system", start + i, start + i + 0.25),),
             (TimedWrite(i, 0.25, word + " "),))
        for i, word in enumerate(text.split())
    )
    return Trace("sys", f"r{number}", "de", 5.0, steps, **changes)


CORPUS = [recording(i, cluster=f"c{i // 2}") for i in range(6)]


def test_nothing_is_dropped() -> None:
    failure = Failure("hung", "no answer in 60 s")
    traces = [trace(0), trace(1), trace(2), trace(3, ""), trace(4, error=failure)]
    table = score(traces, CORPUS)
    bleu, al, pen = (table.get(name) for name in ("BLEU", "AL", "AL_pen"))
    assert (bleu.n_scored, bleu.n_total, bleu.n_clusters) == (6, 6, 3)
    assert (al.n_scored, al.n_total, al.n_clusters) == (3, 6, 2)
    assert al.coverage == pytest.approx(15 / 36)
    plain = table.recordings[0].scores["AL"]
    assert pen.n_scored == 6
    assert pen.value == pytest.approx((3 * plain + 3 * 5000) / 6)
    assert table.get("AP_pen").value == pytest.approx(
        (3 * table.get("AP").value + 3 * 1) / 6)
    rows = {row.id: row for row in table.recordings}
    assert rows["r4"].reasons["AL"] == "hung: no answer in 60 s"
    assert rows["r5"].error.kind == "lost" and rows["r5"].scores["BLEU"] == 0.0
    assert rows["r3"].error is None and rows["r3"].reasons["AL"] == "no output"
    assert [row.id for row in table.failures()] == ["r4", "r5"]


def test_a_failed_recording_counts_as_nothing_said_whatever_it_had_written() -> None:
    half = trace(0, f"{TEXT} 0", error=Failure("died", "exit 1"))
    (item,) = items(half, CORPUS[0])
    assert (item.hypothesis, item.units, len(item.delays)) == ("", (), 0)


def test_silence_costs_at_least_what_the_system_itself_needs() -> None:
    late = [trace(i, start=20.0) for i in range(5)]
    table = score([*late, trace(5, "")], CORPUS, ["StartOffset", "StartOffset_pen"])
    assert table.get("StartOffset_pen").value == table.get("StartOffset").value == 20_000.0


def test_penalised_equals_plain_where_all_answered() -> None:
    table = score([trace(i) for i in range(6)], CORPUS)
    for name in ("AL", "LAAL_CA", "DAL", "AP", "StartOffset_CA"):
        assert table.get(f"{name}_pen").value == table.get(name).value


@pytest.mark.parametrize("changes", [{"clock": "ideal"}, {"outputs": ("speech",)}])
def test_penalty_is_for_silence_not_for_what_was_never_measured(changes) -> None:
    traces = [trace(i, "" if "outputs" in changes else TEXT, **changes) for i in range(5)]
    table = score([*traces, trace(5, error=Failure("died", "x"), **changes)], CORPUS)
    name = "AL_CA_pen" if "clock" in changes else "AL_pen"
    assert table.get(name).value is None and table.get(name).n_scored == 0


def test_order_of_traces_does_not_matter_to_the_last_bit() -> None:
    traces = [trace(i, f"{TEXT} {i}" if i % 2 else "ganz was anderes", start=0.1 * i, repeat=r)
              for i in range(6) for r in range(2)]
    expected = score(traces, CORPUS).to_json()
    for seed in range(3):
        random.Random(seed).shuffle(traces)
        assert score(traces, CORPUS).to_json() == expected


def test_repeats_are_pooled_and_their_spread_is_said() -> None:
    traces = [trace(i, start=1.0 + r, repeat=r) for i in range(6) for r in range(3)]
    found = {row["metric"]: row for row in score(traces, CORPUS).as_dict()["corpus"]}
    start = found["StartOffset"]
    assert start["value"] == pytest.approx(2000)
    assert start["repeats"] == [1000.0, 2000.0, 3000.0] and start["spread"] == 1000.0
    assert (start["n_scored"], start["n_clusters"]) == (18, 3)
    assert Signature.parse(start["signature"])["repeats"] == "3"


def test_parts_of_the_corpus_are_scored_apart() -> None:
    corpus = [recording(i, origin="hand" if i < 2 else "grammar") for i in range(6)]
    traces = [trace(i, f"{TEXT} {i}" if i < 2 else "falsch") for i in range(6)]
    table = score(traces, corpus, ["BLEU", "AL"])
    assert table.get("BLEU", "hand").value == pytest.approx(100)
    assert table.get("BLEU", "grammar").value == 0
    assert (table.get("AL", "hand").n_total, table.get("AL", "grammar").n_total) == (2, 4)
    assert table.recordings[0].origin == "hand"
    assert {score.group for score in table.corpus} == {"all", "hand", "grammar"}


def test_signatures_say_how() -> None:
    table = score([trace(i) for i in range(6)], CORPUS, ["BLEU", "AL", "AL_CA"],
                  Options(fingerprint="abc", ca="simuleval"))
    bleu, al, al_ca = (Signature.parse(table.get(n).signature) for n in ("BLEU", "AL", "AL_CA"))
    assert (bleu["metric"], bleu["tok"], bleu["corpus"], bleu["lang"]) == \
        ("BLEU", "13a", "abc", "de")
    assert bleu.get("unit") == "" and (al["unit"], al["clock"]) == ("word", "simulated")
    assert al.get("ca") == "" and al_ca["ca"] == "simuleval"
    assert bleu["interval"] == "jackknife-t"


def test_one_cluster_has_no_interval() -> None:
    table = score([trace(0), trace(1)], CORPUS[:2], ["AL"])
    assert table.get("AL").ci95 is None and table.get("AL").n_clusters == 1
    assert Signature.parse(table.get("AL").signature)["interval"] == "none"


def test_percentages_stay_in_their_range() -> None:
    table = score([trace(i, f"{TEXT} {i}" if i < 3 else "") for i in range(6)], CORPUS, ["BLEU"])
    low, high = table.get("BLEU").ci95
    assert 0 <= low < high <= 100


def test_nothing_at_all_is_a_table_too() -> None:
    table = score([], CORPUS)
    assert table.get("BLEU").value == 0 and table.get("AL").value is None
    assert table.get("AL").reason.startswith("lost:")
    assert json.loads(table.to_json())["recordings"][0]["error"]["kind"] == "lost"
    with pytest.raises(InputError):
        score([], [])


def test_ideal_measures_nothing_and_is_not_retimed() -> None:
    traces = [trace(i, clock="ideal") for i in range(6)]
    table = score(traces, CORPUS)
    assert table.get("AL").value is not None and table.get("AL_CA").value is None
    assert table.get("AL_CA").reason == "compute was not measured"
    with pytest.raises(NotComparable):
        score(traces, CORPUS, options=Options(ca="live", speed=2.0))


def test_mistakes_are_named() -> None:
    with pytest.raises(TraceError, match="two traces"):
        score([trace(0), trace(0)], CORPUS)
    with pytest.raises(TraceError, match="'r9'"):
        score([trace(9)], CORPUS)
    with pytest.raises(UsageError, match="twice"):
        make_metrics(["AL", "AL"])
    with pytest.raises(UsageError, match="no computation-aware"):
        make_metrics(["BLEU_CA"])
    with pytest.raises(UsageError, match="only a mean"):
        make_metrics(["BLEU_pen"])
    assert {m.name for m in make_metrics()} == set(DEFAULT_METRICS)


def test_lost_recordings_know_their_length() -> None:
    assert lost_trace(CORPUS[0], "de").source_length == 5.0
    text = replace(CORPUS[0], source=TextSource(("a", "b")))
    assert (lost_trace(text, "de").source_length, lost_trace(text, "de").source_unit) == \
        (2.0, "tokens")


def test_delays_of_text_input_are_in_tokens() -> None:
    corpus = [replace(r, source=TextSource(("a", "b", "c"))) for r in CORPUS]
    said = [replace(t, source_unit="tokens", source_length=3.0) for t in map(trace, range(6))]
    assert {s.unit for s in score(said, corpus, ["AL", "StartOffset"]).corpus} == {"tokens"}
    (aware,) = [s for s in score(said, corpus, ["AP"]).corpus if s.group == "all"]
    assert aware.unit == ""
    assert {s.unit for s in score([trace(0)], CORPUS[:1], ["AL"]).corpus} == {"ms"}


# --- long form --------------------------------------------------------------------------------

TALK = Recording(
    "talk", AudioSource(Path("t.wav"), 0, 12.0), "en", ("de",),
    tuple(Segment(str(i), 4.0 * i, 4.0 * i + 3, references={"de": (ref,)})
          for i, ref in enumerate(["eins zwei drei", "vier fünf", "sechs sieben acht"])),
)


class ByTime:
    """Units belong to the segment that had begun."""

    def assign(self, units, delays_s, segments, references, lang, unit):
        starts = [s.start_s for s in segments]
        return np.searchsorted(starts, delays_s, side="right") - 1

    def signature(self):
        return {"reseg": "by-time"}


def talk(words_at):
    steps = tuple(Step(at, at, (Job(i, "s", at, at + 0.5),), (TimedWrite(i, 0.5, f"{word} "),))
                  for i, (word, at) in enumerate(words_at))
    return Trace("sys", "talk", "de", 12.0, steps)


def test_long_form_times_run_from_the_segments_start() -> None:
    said = talk([("eins", 1.0), ("zwei", 2.0), ("drei", 3.5), ("sechs", 8.5), ("acht", 12.0)])
    first, second, third = items(said, TALK, resegmenter=ByTime())
    assert [i.id for i in (first, second, third)] == ["talk#0", "talk#1", "talk#2"]
    assert (first.hypothesis, second.hypothesis, third.hypothesis) == \
        ("eins zwei drei", "", "sechs acht")
    assert third.delays.tolist() == [500.0, 4000.0]
    assert third.elapsed.tolist() == [1000.0, 4500.0]
    assert (third.source_length, third.time_to_recording_end) == (3000.0, 4000.0)
    (*_, last) = items(said, TALK, resegmenter=ByTime(), recording_end="segments")
    assert last.time_to_recording_end == 3000.0


def test_long_form_scores_once_per_segment() -> None:
    said = talk([("eins", 1.0), ("zwei", 2.0), ("sechs", 8.5)])
    table = score([said], [TALK], ["BLEU", "LAAL", "LAAL_pen"], Options(resegmenter=ByTime()))
    laal = table.get("LAAL")
    assert (laal.n_scored, laal.n_total, laal.n_clusters) == (2, 3, 1)
    assert table.get("LAAL_pen").value == pytest.approx((2 * laal.value + 3000) / 3)
    assert Signature.parse(laal.signature)["reseg"] == "by-time"
    assert score([said], [TALK]).get("LongYAAL").value is not None


def test_units_said_before_their_sentence_are_counted() -> None:
    said = talk([("eins", 1.0), ("vier", 2.0), ("fünf", 3.6), ("sechs", 9.0)])
    table = score([said], [TALK], ["Misaligned"])
    assert table.get("Misaligned").value == 25.0  # vier at 2.0 s; its sentence begins at 4.0 s
    assert score([said], [TALK], ["Misaligned"], Options(
        resegmenter=SoftSegmenter(slack_s=0.5))).get("Misaligned").value == 0.0


def test_defaults_follow_what_there_is() -> None:
    short, long = [(trace(0), CORPUS[0])], [(talk([]), TALK)]
    spoken = [(trace(0, outputs=("text", "speech")), CORPUS[0])]
    assert default_metrics(short) == DEFAULT_METRICS
    assert set(default_metrics(long)) - set(DEFAULT_METRICS) == set(LONG_FORM_METRICS)
    assert set(default_metrics(spoken)) - set(DEFAULT_METRICS) == set(SPEECH_METRICS)
    assert score([spoken[0][0]], [CORPUS[0]]).get("SpeechStartOffset").value is None


def test_characters_keep_the_spaces_of_the_text() -> None:
    said = talk([("eins zwei", 1.0), ("vier", 4.5)])
    first, second, _ = items(said, TALK, "char", resegmenter=ByTime())
    assert (first.hypothesis, second.hypothesis) == ("eins zwei", "vier")
    assert len(first.units) == 8


def test_units_that_no_segment_takes_are_left_out() -> None:
    class Nowhere(ByTime):
        def assign(self, *args):
            return np.full_like(super().assign(*args), NOWHERE)

    found = items(talk([("eins", 1.0)]), TALK, resegmenter=Nowhere())
    assert [(i.hypothesis, i.units) for i in found] == [("", ())] * 3


def test_long_text_input_is_refused() -> None:
    said = replace(talk([("eins", 1.0)]), source_unit="tokens")
    with pytest.raises(NotComparable, match="talk"):
        items(said, TALK)


def test_penalised_wraps_any_mean() -> None:
    class Late(MeanMetric):
        spec = MetricSpec("Late", "ms", False, frozenset({"text"}))

        def item_value(self, item):
            return float("nan")

    metric = Penalised(Late())
    (item,) = items(trace(0, ""), CORPUS[0])
    metric.prepare([item])
    assert metric.name == "Late_pen" and metric.item_value(item) == 5000.0
