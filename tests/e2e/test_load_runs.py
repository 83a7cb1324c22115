"""Real load tests: threads, processes, folders, resuming; and a queue whose knee is known."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from s2st_bench import runner
from s2st_bench.cli import run_view
from s2st_bench.compose import compose
from s2st_bench.errors import ConfigError, RunError
from s2st_bench.load.curve import Curve, read_curve
from s2st_bench.load.lags import Play
from s2st_bench.standings.entries import read_entries
from s2st_bench.store import RunFolder
from signals import interruptible

PLUGINS = [Path(__file__).parents[1] / "plugins"]
ROOT = Path(__file__).parents[2]


def overrides(tmp_path: Path, *given: str, count: int = 2, seconds: float = 0.3) -> list[str]:
    return [
        "system=turns", "dataset=clips", f"dataset.path={tmp_path / f'clips-{count}-{seconds}'}",
        f"dataset.count={count}", f"dataset.seconds={seconds}", "clock=realtime", "chunk_s=0.1",
        "warmup_s=0.1", "metrics=[BLEU]", "load.stagger_s=0.1", "load.recordings=1",
        f"out={tmp_path / 'runs'}", "name=load", *given,
    ]


def run(given: list[str]) -> Path:
    return runner.run(compose(given, plugin_dirs=PLUGINS), plugin_dirs=PLUGINS)


def curve_of(path: Path) -> Curve:
    curve = read_curve(path)
    assert curve is not None
    return curve


def test_levels_are_kept_and_others_added(tmp_path: Path) -> None:
    config = compose(overrides(tmp_path, "load.streams=2"), plugin_dirs=PLUGINS)
    path = runner.run(config, plugin_dirs=PLUGINS)
    curve = curve_of(path)
    assert [(level.streams, level.n_plays, level.n_failed) for level in curve.levels] == [
        (1, 2, 0), (2, 2, 0)]
    assert curve.is_whole and all(level.wall_s > 0 for level in curve.levels)
    own, shared = RunFolder(path), RunFolder(path / "load" / "2")
    assert {trace.load["streams"] for trace in own.traces()} == {1}
    together = list(shared.traces())
    assert {trace.load["streams"] for trace in together} == {2}
    assert {trace.load["listener"] for trace in together} == {0, 1}
    assert all(trace.load["shared"] for trace in together)
    assert {r.id for r in shared.recordings()} == {"clip0", "clip1"}
    begun = sorted(Play.of(trace).began_s for trace in together)
    assert 0 < begun[1] - begun[0] < 0.3, "staggered, at once"
    assert own.record().status == shared.record().status == "finished"
    assert not list((path / "spool").iterdir())

    before = [(path / name).read_bytes() for name in ("traces.jsonl", "load/2/traces.jsonl")]
    resumed = replace(config, resume=path, load=replace(config.load, streams=(1, 3)))
    assert runner.run(resumed, plugin_dirs=PLUGINS) == path
    assert [level.streams for level in curve_of(path).levels] == [1, 2, 3]
    assert curve_of(path).levels[:2] == curve.levels
    assert before == [
        (path / name).read_bytes() for name in ("traces.jsonl", "load/2/traces.jsonl")]
    assert curve_of(path).levels[2].n_plays == 3, "a small corpus is played again"
    assert "MaxStreams@p95≤2s: 3 or more" in run_view.outcome(RunFolder(path))
    assert run_view.as_json(RunFolder(path))["load"]["max_streams"] == 3
    [entry] = read_entries([path])
    assert entry.scores["MaxStreams@p95≤2s"].value == 3 and entry.load == curve_of(path)
    with pytest.raises(RunError, match="load was .*target_s"):
        runner.run(replace(resumed, load=replace(config.load, target_s=1.0)),
                   plugin_dirs=PLUGINS)
    with pytest.raises(RunError, match="a level of a load test"):
        runner.run(replace(resumed, resume=path / "load" / "2"), plugin_dirs=PLUGINS)


@pytest.mark.slow
def test_a_system_that_says_so_gets_a_process_each(tmp_path: Path) -> None:
    path = run(overrides(tmp_path, "load.streams=3", "system.serves=1", "system.breaks_above=1"))
    one, three = curve_of(path).levels
    assert (one.processes, three.processes) == (1, 3)
    assert three.n_failed == 0


@pytest.mark.slow
@pytest.mark.parametrize("how, message", [
    ("raise", "no room for session 3"), ("die", "the system's process ended: exit code 3"),
    ("hang", "no answer for 2 s"),
])
def test_a_system_that_cannot_serve_them_all(tmp_path: Path, how: str, message: str) -> None:
    path = run(overrides(tmp_path, "load.streams=2,3,4", "system.breaks_above=2",
                         f"system.how={how}", "executor.limits.call_s=2"))
    curve = curve_of(path)
    assert curve.max_streams == 2
    broken = curve.levels[2]
    assert broken.n_failed and message in broken.first_failure
    assert not curve.holds(broken)
    if how == "raise":
        assert len(curve.levels) == 4
    else:
        assert [level.streams for level in curve.levels] == [1, 2, 3], "larger ones are not tried"
        assert broken.error.startswith("cannot serve ")
    assert broken.n_plays == len(list(RunFolder(path / "load" / "3").traces())) == 3


@pytest.mark.slow
def test_one_listener_goes_on_after_a_recording_that_ends_the_process(tmp_path: Path) -> None:
    given = [text for text in overrides(tmp_path, "load.streams=2", count=3)
             if text != "system=turns"]
    path = run([*given, "system=faulty", "system.mode=die", "system.nth=2", "warmup_s=0"])
    traces = list(RunFolder(path).traces())
    assert [trace.error is not None for trace in traces] == [False, True, False]
    one, two = curve_of(path).levels
    assert (one.n_failed, one.error) == (1, "") and two.error.startswith("cannot serve 2")


@pytest.mark.slow
def test_the_knee_of_a_real_queue(tmp_path: Path) -> None:
    # 30 ms of every 100 ms: three listeners fill it, five bring 1.5 times what it can do
    path = run(overrides(tmp_path, "load.streams=2,5", "system.compute_s=0.03", "load.target_s=0.5",
                         "load.recordings=2", count=4, seconds=4.0))
    one, two, five = curve_of(path).levels
    assert one.keeps_up and two.keeps_up and not five.keeps_up
    assert five.drift is not None and 0.2 < five.drift < 0.9, "rho - 1 is 0.5"
    assert one.p95_s is not None and five.p95_s is not None and five.p95_s > 10 * one.p95_s
    assert curve_of(path).knee == curve_of(path).max_streams == 2


@pytest.mark.slow
def test_a_service_is_measured_by_its_words(tmp_path: Path) -> None:
    given = [text for text in overrides(tmp_path, "load.streams=2,6", count=3, seconds=3.0)
             if text != "system=turns"]
    path = run([*given, "system=turns_stream", "system.compute_s=0.03"])
    curve = curve_of(path)
    assert (curve.lag, curve.service) == ("unit", True)
    one, two, six = curve.levels
    assert one.n_writes > 80 and one.n_failed == six.n_failed == 0
    assert two.keeps_up and not six.keeps_up, "its answers rest on the last chunk all the same"
    assert "lag of a unit" in run_view.load(RunFolder(path))[0]


@pytest.mark.slow
def test_a_kill_costs_the_level_it_was_in(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "s2st_bench", "run", "--plugin-dir", str(PLUGINS[0]),
               *overrides(tmp_path, "load.streams=2,4", seconds=1.0)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True,
                               preexec_fn=interruptible)
    path = tmp_path / "runs" / "load"
    deadline = time.monotonic() + 60
    while not (path / "load" / "4" / "traces.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert [level.streams for level in curve_of(path).levels] == [1, 2]
    assert not curve_of(path).is_whole
    kept = curve_of(path).levels
    runner.run(compose([f"resume={path}"], plugin_dirs=PLUGINS), plugin_dirs=PLUGINS)
    assert [level.streams for level in curve_of(path).levels] == [1, 2, 4]
    assert curve_of(path).levels[:2] == kept
    assert len(list(RunFolder(path / "load" / "4").traces())) == 4
    assert (path / "scores.json").is_file()


@pytest.mark.slow
def test_conversations_are_two_directions_at_once(tmp_path: Path) -> None:
    given = [
        "system=turns", "system.speaks=true", "dataset=conference", "dataset.pair=de-en",
        "dataset.limit=2", "clock=realtime", "metrics=[BLEU]", "load.streams=4",
        "load.conversations=true", "load.recordings=1", f"out={tmp_path}", "name=talk"]
    path = run(given)
    one, four = curve_of(path).levels
    assert one.directions == {} and set(four.directions) == {"de", "en"}
    assert four.overlap_s is not None and four.overlap_s > 0
    traces = list(RunFolder(path / "load" / "4").traces())
    sides: dict[str, list[Play]] = {}
    for play in map(Play.of, traces):
        sides.setdefault(play.conversation, []).append(play)
    assert {len(both) for both in sides.values()} == {2}
    for one_side, other in sides.values():
        assert {one_side.target_lang, other.target_lang} == {"de", "en"}
        assert abs(one_side.began_s - other.began_s) < 0.5
    assert {trace.target_lang for trace in RunFolder(path).traces()} == {"en"}


def test_conversations_need_both_directions(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="dataset clips has no recordings from de to en"):
        run(overrides(tmp_path, "load.streams=2", "load.conversations=true"))
    assert not (tmp_path / "runs").exists()
