"""Load tests as pure functions: who hears what, how late, what holds, where the knee is."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.compose import compose
from s2st_bench.config import RunConfig
from s2st_bench.errors import ConfigError, InputError
from s2st_bench.load.conversations import overlap_s, shared_s, told_apart
from s2st_bench.load.curve import (
    Curve,
    Level,
    max_streams_score,
    read_curve,
    write_curve,
)
from s2st_bench.load.lags import Play, all_on, lags_of, slope
from s2st_bench.load.level import CannotServe, Outcome, _shares
from s2st_bench.load.levels import level_of
from s2st_bench.load.messages import Capacity
from s2st_bench.load.plan import Listener, converse, deal, offset_s
from s2st_bench.load.settings import Load
from s2st_bench.load.usage import Watch
from s2st_bench.load.words import cells, verdict
from s2st_bench.types import (
    AudioSource,
    Job,
    Piece,
    Recording,
    RunRecord,
    Step,
    TimedWrite,
    Trace,
)

CHUNK_S = 0.1
WORK_S = 0.02
"""One shared resource, so that 5 listeners fill it."""


def recording(number: int, length_s: float = 3.0, lang: str = "en") -> Recording:
    return Recording(f"{lang}-{number}", AudioSource(Path("a.wav"), 0.0, length_s), lang,
                     ("de",) if lang == "en" else ("en",), ())


def queue(streams: int, n_chunks: int = 100) -> list[Trace]:
    """What a first-come first-served queue makes of so many listeners, one recording each."""
    offsets = [offset_s(i, CHUNK_S) for i in range(streams)]
    arrivals = sorted((offsets[i] + CHUNK_S * (k + 1), i, k)
                      for i in range(streams) for k in range(n_chunks))
    free_s = 0.0
    steps: list[list[Step]] = [[] for _ in range(streams)]
    for at_s, i, k in arrivals:
        start_s = max(at_s, free_s)
        free_s = start_s + WORK_S
        job = Job(k, "system", start_s - offsets[i], free_s - offsets[i])
        arrived_s = CHUNK_S * (k + 1)
        steps[i].append(Step(arrived_s, arrived_s, (job,), (TimedWrite(k, WORK_S, "w "),)))
    return [
        Trace("turns", f"r{i}", "de", CHUNK_S * n_chunks, tuple(steps[i]), clock="realtime",
              load={"streams": streams, "listener": i, "began_s": offsets[i]})
        for i in range(streams)
    ]


def measured(levels: Sequence[int], target_s: float = 0.2) -> Curve:
    curve = Curve(target_s=target_s, planned=tuple(levels))
    for streams in levels:
        curve = curve.with_level(
            level_of(streams, queue(streams), Outcome(), Load(target_s=target_s)))
    return curve


def test_the_queues_closed_form() -> None:
    for streams in (1, 2, 4, 5):  # no more than N jobs ever wait
        level = level_of(streams, queue(streams), Outcome(), Load())
        assert WORK_S - 1e-9 <= (level.p50_s or 0) <= (level.max_s or 0) <= streams * WORK_S + 1e-9
        assert level.drift == pytest.approx(0.0, abs=0.01)
    for streams in (8, 10, 20):  # lag grows by rho - 1
        level = level_of(streams, queue(streams), Outcome(), Load())
        assert level.drift == pytest.approx(streams * WORK_S / CHUNK_S - 1, rel=0.03)


def test_the_knee_is_where_the_resource_is_full() -> None:
    curve = measured([1, 2, 4, 8, 16])
    assert curve.knee == 4 and not curve.knee_is_beyond
    assert curve.max_streams == 4
    assert measured([1, 2, 4], 0.2).knee_is_beyond
    assert "knee at 4" in verdict(curve) and "8" in cells(curve, curve.levels[3])[0]
    assert measured([1, 2], 0.001).max_streams == 0


def test_max_streams_needs_all_smaller_levels_to_hold() -> None:
    curve = Curve(2.0, levels=tuple(
        Level(n, n_plays=4, p95_s=p95, drift=0.0) for n, p95 in ((1, 1.0), (2, 2.1), (4, 1.0))))
    assert curve.max_streams == 1
    assert [curve.holds(level) for level in curve.levels] == [True, False, True]


def test_a_level_that_fails_more_than_one_listener_does_not_hold() -> None:
    levels = tuple(Level(n, n_plays=plays, n_failed=failed, p95_s=0.1)
                   for n, plays, failed in ((1, 4, 1), (2, 4, 1), (4, 8, 3)))
    assert Curve(2.0, levels=levels).max_streams == 2
    silent = Curve(2.0, levels=(Level(1, n_plays=4),))
    assert silent.max_streams == 0 and silent.knee is None


def test_percentiles_are_of_the_writes_while_all_were_on() -> None:
    early = Play(0, 0.0, 10.0, np.array([1.0, 2.0, 5.0]), np.array([9.0, 0.1, 0.3]), None, "")
    late = Play(1, 2.0, 12.0, np.array([3.0, 9.9, 11.0]), np.array([0.2, 4.0, 7.0]), None, "")
    assert all_on([early, late]) == (2.0, 10.0)
    lags = lags_of([early, late], 2.0)
    assert (lags.n, lags.n_outside) == (4, 2)
    assert lags.percentiles_s == (0.2, 4.0, 4.0) and lags.max_s == 4.0
    assert lags.late == 0.25
    assert lags_of([early], 2.0).n == 3, "one listener is always alone"
    assert lags_of([], 2.0).percentiles_s is None


def test_a_stream_is_measured_against_an_even_pace() -> None:
    # four words in 4 s, each answered 3 s late: a black box's answers always rest on the last chunk
    steps = tuple(Step(i + 3.0, i + 3.0, (Job(i, "service", i + 2.9, i + 3.0),),
                       (TimedWrite(i, 0.1, f"w{i} "),)) for i in range(4))
    play = Play.of(Trace("s", "r", "de", 4.0, steps, kind="stream", clock="realtime"))
    assert play.lags_s == pytest.approx([3.0] * 4)
    assert play.drift == pytest.approx(0.0)
    as_policy = Play.of(Trace("s", "r", "de", 4.0, steps, clock="realtime"))
    assert as_policy.lags_s == pytest.approx([0.0] * 4)


def test_writes_that_say_nothing_do_not_count() -> None:
    step = Step(1.0, 1.0, (Job(0, "asr", 1.0, 2.0),), (
        TimedWrite(0, 0.5), TimedWrite(0, 0.6, "heard", output=False), TimedWrite(0, 1.0, "said")))
    assert Play.of(Trace("s", "r", "de", 1.0, (step,), clock="realtime")).lags_s == [1.0]


def test_the_slope_shrugs_off_a_late_last_step() -> None:
    times = np.arange(16.0)
    values = np.r_[np.full(15, 0.1), 3.0]
    assert slope(times, values) == 0.0
    assert slope(times[:2], values[:2]) is None
    assert slope(np.arange(10_000.0), 0.3 * np.arange(10_000.0)) == pytest.approx(0.3)


@pytest.mark.parametrize("streams", [1, 2, 3, 7, 16])
def test_every_level_plays_the_whole_corpus(streams: int) -> None:
    corpus = [recording(i, 2.0 + i % 3) for i in range(5)]
    listeners = deal(corpus, "de", streams, at_least=2, stagger_s=1.0)
    works = [work for one in listeners for work in one.works]
    assert len(listeners) == streams
    assert {work.recording.id for work in works} == {r.id for r in corpus}
    assert len({work.key for work in works}) == len({work.index for work in works}) == len(works)
    assert len({len(one.works) for one in listeners}) == 1
    assert len(listeners[0].works) == (5 if streams == 1 else max(2, -(-5 // streams)))
    heard_s = [sum(w.recording.source.duration_s for w in one.works) for one in listeners]  # type: ignore[union-attr,misc]
    assert max(heard_s) - min(heard_s) <= 4.0
    assert all(0 <= one.offset_s < 1 for one in listeners)
    assert len({one.offset_s for one in listeners}) == streams
    assert listeners == deal(corpus, "de", streams, at_least=2, stagger_s=1.0)


def test_a_conversation_is_two_listeners_of_opposite_directions() -> None:
    there, back = [recording(i) for i in range(3)], [recording(i, lang="de") for i in range(2)]
    listeners = converse(there, back, ("de", "en"), 4, at_least=2, stagger_s=1.0)
    assert [one.partner for one in listeners] == [1, 0, 3, 2]
    assert listeners[0].offset_s == listeners[1].offset_s
    assert {w.target_lang for w in listeners[0].works} == {"de"}
    assert {w.recording.source_lang for w in listeners[1].works} == {"de"}
    works = [work for one in listeners for work in one.works]
    assert len({work.key for work in works}) == len({work.index for work in works}) == 8
    for one, other in ((0, 1), (2, 3)):
        for a, b in zip(listeners[one].works, listeners[other].works, strict=True):
            assert int(b.recording.id[3:]) == int(a.recording.id[3:]) % 2


def test_recordings_of_both_directions_are_told_apart() -> None:
    assert [r.id for r in told_apart([recording(1)], [recording(1), recording(2)])] == [
        "en-1@en", "en-2"]


def test_both_directions_heard_at_once() -> None:
    assert shared_s([(0, 2), (4, 6)], [(1, 5)]) == 2.0

    def spoken(lang: str, began_s: float, at_s: float) -> Trace:
        write = TimedWrite(0, 0.0, "a", speech_s=1.0)
        step = Step(1.0, 1.0, (Job(0, "tts", at_s, at_s),), (write,))
        return Trace("s", "r", lang, 1.0, (step,), (Piece("p", 0, 16_000, 16_000, 0),),
                     clock="realtime", load={"conversation": "0.0", "began_s": began_s})

    assert overlap_s([spoken("de", 0.0, 2.0), spoken("en", 0.5, 1.75)]) == pytest.approx(0.75)
    assert overlap_s([spoken("de", 0.0, 2.0)]) is None


def test_sessions_that_one_process_serves() -> None:
    ones = [Listener(i, 0.0, ()) for i in range(5)]
    assert [len(share) for share in _shares(ones, Capacity(None, False))] == [5]
    assert [len(share) for share in _shares(ones, Capacity(2, False))] == [2, 2, 1]
    assert [len(share) for share in _shares(ones, Capacity(5, True))] == [5]
    with pytest.raises(CannotServe, match="cannot serve 5 sessions: the service serves 2"):
        _shares(ones, Capacity(2, True))
    pairs = [Listener(i, 0.0, (), i ^ 1) for i in range(4)]
    assert [len(share) for share in _shares(pairs, Capacity(3, False))] == [2, 2]
    with pytest.raises(CannotServe, match="a conversation is two"):
        _shares(pairs, Capacity(1, False))
    with pytest.raises(CannotServe, match="cannot serve 65 sessions: one process serves 1"):
        _shares([Listener(i, 0.0, ()) for i in range(65)], Capacity(1, False))


def record(n: int = 8) -> RunRecord:
    return RunRecord("s", "c", "realtime", {}, "en", "de", ("text",), n_recordings=n)


def test_max_streams_as_a_score() -> None:
    curve = measured([1, 2, 4, 8])
    score = max_streams_score(curve, record())
    assert (score.metric, score.value, score.unit) == ("MaxStreams@p95≤0.2s", 4.0, "streams")
    assert score.marks == () and score.unranked == "" and score.higher_is_better
    assert "levels:1,2,4,8" in score.signature
    beyond = max_streams_score(measured([1, 2]), record())
    assert beyond.value == 2.0 and beyond.marks == ("at least",)
    cut = Curve(0.2, planned=(1, 2, 4), levels=curve.levels[:2])
    assert max_streams_score(cut, record()).value is None


def test_a_level_that_the_harness_could_not_keep_up_with_never_ranks() -> None:
    outcome = Outcome(rehearsed_s=[0.01] * 90 + [0.5] * 10)
    busy = level_of(8, queue(8), Outcome(late_s=[0.5]), Load(target_s=0.2))
    assert not busy.harness_limited, "threads that wait for the system's own work"
    late = level_of(8, queue(8), outcome, Load(target_s=0.2))
    assert late.harness_limited and late.marks == ("harness-limited",)
    curve = measured([1, 4]).with_level(late)
    score = max_streams_score(curve, record())
    assert score.unranked == "at 8 streams the harness was late itself"
    assert score.marks == ("at least",)


def test_a_curve_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_curve(tmp_path) is None
    curve = measured([1, 2, 8])
    write_curve(tmp_path, curve)
    assert read_curve(tmp_path) == curve
    row = json.loads((tmp_path / "load.json").read_text())
    assert (row["max_streams"], row["knee"]) == (2, 2)
    assert [level["holds"] for level in row["levels"]] == [True, True, False]
    for damage in ("", "[]", "{}", '{"version": 2, "levels": []}',
                   json.dumps({**row, "levels": [{"streams": "many"}]})):
        (tmp_path / "load.json").write_text(damage)
        with pytest.raises(InputError, match="load.json"):
            read_curve(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_usage_counts_what_a_process_starts() -> None:
    inner = "b = bytearray(60_000_000); print(len(b), flush=True); input()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    process = subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, start_new_session=True)
    watch = Watch([process.pid])
    watch.start()
    assert process.stdout is not None and process.stdout.readline().strip() == b"60000000"
    usage = watch.stop()
    process.communicate(b"\n")
    assert usage.memory_mib is not None and usage.memory_mib > 60
    assert usage.cpu_cores is not None and usage.cpu_cores > 0


REALTIME = ["system=echo", "dataset=conference", "dataset.pair=de-en", "clock=realtime"]
PLUGINS = [Path(__file__).parents[1] / "plugins"]


@pytest.mark.parametrize("given, levels", [
    ("load.streams=8,2,4", (1, 2, 4, 8)), ("load.streams=[1,2]", (1, 2)),
    ("load.streams=4", (1, 4)),
])
def test_levels_are_a_list_and_no_sweep(given: str, levels: tuple[int, ...]) -> None:
    assert compose([*REALTIME, given], plugin_dirs=PLUGINS).load.levels == levels


def test_a_level_that_is_no_number_is_refused_where_it_is_given() -> None:
    with pytest.raises(ConfigError, match=re.escape(
            "load.streams[0]: expected a whole number, not 'a'")):
        compose([*REALTIME, "load.streams=a,2"], plugin_dirs=PLUGINS)


@pytest.mark.parametrize("given, message", [
    ({"streams": [0]}, "load.streams: levels are from 1 to 512 listeners, not 0"),
    ({"streams": [-1]}, "from 1 to 512 listeners, not -1"),
    ({"streams": [1e9]}, "load.streams[0]: expected a whole number, not 1000000000.0"),
    ({"streams": [10**9]}, "from 1 to 512 listeners, not 1000000000"),
    ({"streams": [1.5]}, "load.streams[0]: expected a whole number"),
    ({"streams": [True]}, "load.streams[0]: expected a whole number"),
    ({"streams": []}, "load.streams: name at least one level"),
    ({"streams": [1, 2, 2]}, "load.streams: 2 is named twice"),
    ({"streams": [[1]]}, "load.streams[0]: expected a whole number"),
    ({"stream": [1]}, "Did you mean load.streams"),
    ({"streams": [2], "stagger_s": -1}, "load.stagger_s: from 0 to 3600 s, not -1"),
    ({"streams": [2], "stagger_s": math.nan}, "load.stagger_s: expected a number"),
    ({"streams": [2], "target_s": 0}, "load.target_s: from 0.001 to 3600 s"),
    ({"streams": [2], "target_s": math.inf}, "load.target_s: from 0.001 to 3600 s"),
    ({"streams": [2], "recordings": 0}, "load.recordings: from 1 to 10000, not 0"),
    ({"streams": [3], "conversations": True}, "3 is none; give even levels"),
])
def test_levels_that_cannot_be_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        run_config(load=given)


@pytest.mark.parametrize("given, message", [
    ({"repeat": 2}, "repeat=1, not 2"),
    ({"executor": {"name": "local", "workers": 2}}, "executor.workers=1, not 2"),
    ({"clock": {"name": "simulated"}}, "clock=realtime, not simulated"),
    ({"clock": {"name": "ideal"}}, "clock=realtime, not ideal"),
])
def test_runs_that_cannot_be_loaded_are_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        run_config(load={"streams": [2]}, **given)


def run_config(**given: object) -> RunConfig:
    return RunConfig.from_dict({
        "system": {"name": "echo"}, "dataset": {"name": "clips"}, "clock": {"name": "realtime"},
        "metrics": ["BLEU"], **given})
