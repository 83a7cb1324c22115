"""A system that breaks costs its recording only, and the record says which and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from s2st_bench import runner
from s2st_bench.compose import compose
from s2st_bench.errors import BenchError
from s2st_bench.store import RunFolder
from s2st_bench.types import Trace

PLUGINS = [Path(__file__).parents[1] / "plugins"]


def run(tmp_path: Path, *overrides: str) -> dict[str, Trace]:
    config = compose(
        ["system=faulty", "dataset=clips", f"dataset.path={tmp_path / 'clips'}",
         "dataset.count=3", f"out={tmp_path / 'runs'}", "clock=ideal", "metrics=[BLEU]",
         "score=false", *overrides],
        plugin_dirs=PLUGINS,
    )
    folder = RunFolder(runner.run(config, plugin_dirs=PLUGINS))
    traces = list(folder.traces())
    assert sorted(t.recording_id for t in traces) == ["clip0", "clip1", "clip2"]
    assert folder.record().status == "finished"
    return {t.recording_id: t for t in traces}


@pytest.mark.parametrize(
    ("mode", "kind", "message"),
    [
        ("exit", "raised", "SystemExit"),
        ("die", "died", "exit code 1"),
        ("nan_audio", "invalid_output", "NaN"),
        ("loop", "limit", "writes_per_recording"),
    ],
)
def test_only_its_recording_is_lost(tmp_path: Path, mode: str, kind: str, message: str):
    traces = run(tmp_path, f"system.mode={mode}", "system.nth=2")
    broken = [t for t in traces.values() if t.error is not None]
    assert len(broken) == 1
    assert broken[0].recording_id == "clip1"
    assert broken[0].error is not None
    assert broken[0].error.kind == kind
    assert message in broken[0].error.message
    assert all(t.steps for t in traces.values() if t.error is None)


def test_a_system_that_hangs_is_killed_and_what_it_said_is_kept(tmp_path: Path):
    traces = run(
        tmp_path, "system.mode=hang", "system.nth=3", "executor.limits.call_s=2.0",
        "clock=realtime", "warmup_s=0",
    )
    hung = traces["clip2"]
    assert hung.error is not None and hung.error.kind == "hung"
    assert "executor.limits.call_s" in hung.error.message
    assert hung.steps, "what was spooled before it hung"
    assert "shared" not in hung.load, "nobody was left to count"
    assert all(t.error is None for name, t in traces.items() if name != "clip2")


def test_a_flood_on_stdout_is_cut(tmp_path: Path):
    traces = run(tmp_path, "system.mode=flood_stdout", "executor.limits.log_bytes=100000")
    assert all(t.error is None for t in traces.values())
    logs = list(tmp_path.glob("runs/*/logs/*.log"))
    assert logs and all(log.stat().st_size <= 100_000 for log in logs)


def test_a_system_that_cannot_be_built_stops_the_run(tmp_path: Path):
    with pytest.raises(BenchError, match=r"system\.mode"):
        run(tmp_path, "system.mode=unheard_of")


def test_two_workers_give_the_same_traces_as_one(tmp_path: Path):
    one = run(tmp_path / "1", "system.nth=99", "dataset.count=3")
    two = run(tmp_path / "2", "system.nth=99", "dataset.count=3", "executor.workers=2")
    assert {k: t.steps for k, t in one.items()} == {k: t.steps for k, t in two.items()}


def test_a_run_that_ends_by_an_error_is_not_left_running(tmp_path: Path):
    with pytest.raises(BenchError, match="does not load"):
        run(tmp_path, "system=unloadable")
    folder = next((tmp_path / "runs").iterdir())
    assert RunFolder(folder).record().status == "interrupted"


def test_the_name_of_a_run_that_never_began_is_free(tmp_path: Path):
    for _ in range(2):
        with pytest.raises(BenchError, match="does not load"):
            run(tmp_path, "system=unloadable", "name=mine")
