"""Every executor gives the same scores.json: 500 recordings, and the demo's systems."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from s2st_bench import demo, runner
from s2st_bench.compose import compose
from s2st_bench.store import RunFolder

pytestmark = pytest.mark.slow
PLUGINS = [Path(__file__).parents[1] / "plugins"]
COUNT = 500
FEW = 3
EXECUTORS = (("executor=local", "executor.workers=1"), ("executor=local", "executor.workers=2"),
             ("executor=ray", "executor.workers=1"), ("executor=ray", "executor.workers=2"))


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One cluster for all runs: starting one takes seconds."""
    ray = pytest.importorskip("ray", reason="ray is not installed")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False,
             logging_level="error")
    yield
    ray.shutdown()


def scores(
    out: Path, overrides: Sequence[str], executor: Sequence[str], n_recordings: int
) -> bytes:
    config = compose([*overrides, *executor, "clock=ideal", f"out={out}"], plugin_dirs=PLUGINS)
    run = RunFolder(runner.run(config, plugin_dirs=PLUGINS))
    traces = list(run.traces())
    assert len(traces) == len({trace.key for trace in traces}) == n_recordings
    assert not [trace.error for trace in traces if trace.error]
    return (run.path / "scores.json").read_bytes()


def test_five_hundred_recordings(tmp_path: Path, cluster: None) -> None:
    overrides = ["system=echo", "dataset=clips", f"dataset.path={tmp_path / 'clips'}",
                 f"dataset.count={COUNT}", "dataset.seconds=0.3"]
    first, *others = (scores(tmp_path / "runs", overrides, executor, COUNT)
                      for executor in EXECUTORS)
    assert all(other == first for other in others)


@pytest.mark.skipif(find_spec("onnxruntime") is None or find_spec("pocketsphinx") is None,
                    reason="the demo's parts are not installed")
@pytest.mark.parametrize("name", ["wait-k-3", "emma-0.5", "agreement-2", "ctc-gate", "cascade",
                                  "offline", "interpreter-2s", "en-wait-k-3"])
def test_the_demos_systems(tmp_path: Path, cluster: None, name: str) -> None:
    (entry,) = (one for one in demo.entries() if one.name == name)
    overrides = [*entry.overrides, f"dataset.limit={FEW}", "dataset.every=1",
                 "metrics=[BLEU,LAAL]"]
    first, *others = (scores(tmp_path / "runs", overrides, executor, FEW)
                      for executor in (EXECUTORS[0], EXECUTORS[1], EXECUTORS[3]))
    assert all(other == first for other in others)
