"""Ray's actors give what worker processes give, and lose no more."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from s2st_bench import runner
from s2st_bench.compose import compose
from s2st_bench.errors import BenchError
from s2st_bench.executor import Setup, Work
from s2st_bench.executor.ray_worker import RayWorker, Sent
from s2st_bench.replay import ReplayOptions
from s2st_bench.store import RunFolder
from s2st_bench.trace import decode
from s2st_bench.types import Trace

PLUGINS = [Path(__file__).parents[1] / "plugins"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One cluster for all tests: starting one takes seconds."""
    ray = pytest.importorskip("ray", reason="ray is not installed")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False,
             logging_level="error")
    yield
    ray.shutdown()


def run(tmp_path: Path, *overrides: str) -> Path:
    config = compose(
        ["dataset=clips", f"dataset.path={tmp_path / 'clips'}", "dataset.count=4",
         f"out={tmp_path / 'runs'}", "clock=ideal", "metrics=[BLEU,LAAL]", *overrides],
        plugin_dirs=PLUGINS)
    return runner.run(config, plugin_dirs=PLUGINS)


def traces(path: Path) -> dict[str, Trace]:
    found = list(RunFolder(path).traces())
    assert len(found) == 4, "each recording exactly once"
    return {trace.recording_id: trace for trace in found}


def test_the_scores_are_those_of_worker_processes(tmp_path: Path, cluster: None) -> None:
    here, there = (run(tmp_path, "system=echo", f"executor={executor}", f"name={executor}")
                   for executor in ("local", "ray"))
    assert (here / "scores.json").read_bytes() == (there / "scores.json").read_bytes()
    assert {k: t.steps for k, t in traces(here).items()} == {
        k: t.steps for k, t in traces(there).items()}
    assert not list((there / "spool").iterdir())
    assert list((there / "logs").glob("ray-*.log"))


@pytest.mark.slow
def test_a_lost_actors_recording_is_tried_again_so_often(tmp_path: Path, cluster: None) -> None:
    again = traces(run(tmp_path, "system=faulty", "system.mode=die", "system.nth=2", "name=again",
                       "executor=ray", "executor.workers=1"))
    assert all(trace.error is None for trace in again.values())
    assert sorted(trace.attempt for trace in again.values()) == [1, 2, 2, 2]
    once = traces(run(tmp_path, "system=faulty", "system.mode=die", "system.nth=2", "name=once",
                      "executor=ray", "executor.workers=1", "executor.limits.attempts=1"))
    kinds = [trace.error.kind for trace in once.values() if trace.error]
    assert kinds == ["died", "died"]


@pytest.mark.slow
def test_one_that_hangs_is_killed(tmp_path: Path, cluster: None) -> None:
    found = traces(run(tmp_path, "system=faulty", "system.mode=hang", "system.nth=3",
                       "executor=ray", "executor.workers=1", "executor.limits.call_s=2.0",
                       "clock=realtime", "warmup_s=0"))
    (hung,) = [trace for trace in found.values() if trace.error]
    assert hung.error is not None and hung.error.kind == "hung"
    assert "executor.limits.call_s" in hung.error.message and hung.steps


@pytest.mark.slow
def test_a_system_that_does_not_load_ends_the_run(tmp_path: Path, cluster: None) -> None:
    with pytest.raises(BenchError, match="does not load"):
        run(tmp_path, "system=unloadable", "executor=ray")
    (folder,) = (tmp_path / "runs").iterdir()
    assert RunFolder(folder).record().status == "interrupted"


@pytest.mark.slow
def test_what_the_cluster_does_not_have_is_said(tmp_path: Path, cluster: None) -> None:
    with pytest.raises(BenchError, match=r"an actor wants 1 GPU, the cluster has 0"):
        run(tmp_path, "system=echo", "executor=ray", "executor.num_gpus=1")


@pytest.mark.slow
def test_actors_killed_at_random_lose_nothing(tmp_path: Path, cluster: None) -> None:
    import threading

    import ray

    whole = run(tmp_path, "system=echo", "system.compute_s=0.02", "dataset.seconds=3", "name=whole")
    stop = threading.Event()

    def strike() -> None:
        for _ in range(2):
            if stop.wait(2.0):
                return
            for pid in _actors():
                os.kill(pid, signal.SIGKILL)
                break

    striker = threading.Thread(target=strike)
    striker.start()
    try:
        struck = run(tmp_path, "system=echo", "system.compute_s=0.02", "dataset.seconds=3",
                     "name=struck", "executor=ray", "executor.limits.attempts=5")
    finally:
        stop.set()
        striker.join()
    assert ray.is_initialized()
    assert (struck / "scores.json").read_bytes() == (whole / "scores.json").read_bytes()


def _actors() -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if entry.read_bytes().startswith(b"ray::RayWorker"):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def test_speech_travels_where_the_run_folder_is_not_shared(tmp_path: Path) -> None:
    config = compose(["system=interpreter_voice", "dataset=conference", "source_lang=en",
                      "target_lang=de", "dataset.limit=1", "clock=ideal"])
    from s2st_bench.build import build_corpus
    from s2st_bench.registry import Registry

    corpus = build_corpus(config.dataset, Registry(), source_lang="en", target_lang="de")
    recording = next(iter(corpus.recordings()))
    setup = Setup(config.system, (), ReplayOptions(clock="ideal"), tmp_path / "elsewhere")
    worker = RayWorker(setup, 0, "spool/.not-there")
    started = time.monotonic()
    worker.load()
    sent = worker.replay(Work(0, recording, "de"), 1)
    assert isinstance(sent, Sent) and not (tmp_path / "elsewhere").exists()
    trace = decode(sent.finished.line)
    assert {path for path, _ in sent.files} == {piece.path for piece in trace.pieces}
    assert sum(len(content) for _, content in sent.files) > 10_000
    progress, ago_s = worker.progress()
    assert 0 <= ago_s <= time.monotonic() - started
