"""A killed run loses at most what was in flight; resumed, it is the run it would have been."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from s2st_bench import runner
from s2st_bench.compose import compose
from s2st_bench.errors import BenchError, RunError
from s2st_bench.store import RunFolder
from signals import interruptible

PLUGINS = [Path(__file__).parents[1] / "plugins"]
ROOT = Path(__file__).parents[2]


def overrides(tmp_path: Path, name: str, count: int = 12) -> list[str]:
    return [
        "system=echo", "system.compute_s=0.003", "dataset=clips",
        f"dataset.path={tmp_path / 'clips'}", f"dataset.count={count}", "dataset.seconds=3",
        "clock=ideal", "metrics=[BLEU,chrF]", f"out={tmp_path / 'runs'}", f"name={name}",
    ]


def finished(tmp_path: Path, name: str, count: int = 12) -> Path:
    config = compose(overrides(tmp_path, name, count), plugin_dirs=PLUGINS)
    return runner.run(config, plugin_dirs=PLUGINS)


def resumed(path: Path) -> None:
    config = compose([f"resume={path}"], plugin_dirs=PLUGINS)
    assert runner.run(config, plugin_dirs=PLUGINS) == path


def start(
    tmp_path: Path, name: str, count: int, workers: int, *more: str
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "s2st_bench", "run", "--plugin-dir", str(PLUGINS[0]),
               *overrides(tmp_path, name, count), f"executor.workers={workers}", *more]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=interruptible,
    )


def kill_and_resume(tmp_path: Path, name: str, count: int, workers: int, after_s: float) -> int:
    """Kill a run ``after_s`` after its first trace; returns how many were done by then."""
    process = start(tmp_path, name, count, workers)
    path = tmp_path / "runs" / name
    traces = path / "traces.jsonl"
    deadline = time.monotonic() + 30
    while not (traces.exists() and traces.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done = len(list(RunFolder(path).traces()))
    resumed(path)
    return done


def same(path: Path, as_path: Path, count: int) -> None:
    keys = [trace.key for trace in RunFolder(path).traces()]
    assert len(keys) == len(set(keys)) == count, "nothing lost or doubled"
    assert RunFolder(path).scores() == RunFolder(as_path).scores()
    assert (path / "scores.json").read_bytes() == (as_path / "scores.json").read_bytes()
    assert not list((path / "spool").iterdir())
    assert RunFolder(path).record().status == "finished"


def test_a_killed_run_resumes_to_the_same_scores(tmp_path: Path):
    whole = finished(tmp_path, "whole")
    done = kill_and_resume(tmp_path, "killed", 12, 1, 0.05)
    assert 0 < done < 12
    same(tmp_path / "runs" / "killed", whole, 12)


@pytest.mark.slow
def test_ten_kills_at_random_moments(tmp_path: Path):
    rng = random.Random(1)
    whole = finished(tmp_path, "whole", 40)
    early = 0
    for i in range(10):
        name = f"killed{i}"
        early += kill_and_resume(tmp_path, name, 40, 1 + i % 2, rng.uniform(0, 1.0)) < 40
        same(tmp_path / "runs" / name, whole, 40)
    assert early >= 5, "most kills came before the end"


def test_a_torn_last_line_is_replayed_again(tmp_path: Path):
    whole = finished(tmp_path, "whole", 3)
    torn = finished(tmp_path, "torn", 3)
    traces = torn / "traces.jsonl"
    traces.write_bytes(traces.read_bytes()[:-40])
    resumed(torn)
    same(torn, whole, 3)


def test_another_configuration_is_refused(tmp_path: Path):
    path = finished(tmp_path, "run", 2)
    with pytest.raises(BenchError, match="compute_s"):
        config = compose(
            [*overrides(tmp_path, "run", 2), "system.compute_s=0.5", f"resume={path}"],
            plugin_dirs=PLUGINS,
        )
        runner.run(config, plugin_dirs=PLUGINS)


def test_a_changed_corpus_is_refused(tmp_path: Path):
    path = finished(tmp_path, "run", 2)
    recordings = path / "run.json"
    text = recordings.read_text()
    fingerprint = RunFolder(path).record().fingerprint
    recordings.write_text(text.replace(fingerprint, "0" * 16))
    with pytest.raises(RunError, match="the corpus was"):
        resumed(path)


def test_two_runs_cannot_write_into_one_folder(tmp_path: Path):
    process = start(tmp_path, "shared", 12, 1, "system.compute_s=0.2")
    path = tmp_path / "runs" / "shared"
    while not (path / "traces.jsonl").exists():
        time.sleep(0.01)
    try:
        with pytest.raises(RunError, match="another run is writing here"):
            resumed(path)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_worker_killed_from_outside_is_replaced(tmp_path: Path):
    whole = finished(tmp_path, "whole")
    process = start(tmp_path, "struck", 12, 1)
    path = tmp_path / "runs" / "struck"
    while not (path / "traces.jsonl").exists() or not (path / "traces.jsonl").stat().st_size:
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list a process' children")
    os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
    assert process.wait(30) == 0
    same(path, whole, 12)
    attempts = [trace.attempt for trace in RunFolder(path).traces()]
    assert sorted(attempts) == [1] * 11 + [2]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path, number: signal.Signals, code: int):
    whole = finished(tmp_path, "whole")
    process = start(tmp_path, "stopped", 12, 1)
    path = tmp_path / "runs" / "stopped"
    while not (path / "traces.jsonl").exists() or not (path / "traces.jsonl").stat().st_size:
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert b"Traceback" not in said and f"resume={path} --plugin-dir {PLUGINS[0]}".encode() in said
    assert RunFolder(path).record().status == "interrupted"
    resumed(path)
    same(path, whole, 12)
