"""Re-timing what a replay really logged, by its own rules, gives back what was measured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.retime import live_times, schedule
from s2st_bench.system import Answer, Observation, PipelineSession, Session, Stage, System
from s2st_bench.types import AudioSource, Recording, Segment, Task, Trace, Write


class _Worker(Session):
    """Works for a while on what it gets and passes a word on, now and then in silence."""

    def __init__(self, busy_s: float, every: int) -> None:
        self.busy_s, self.every, self.calls = busy_s, every, 0

    def policy(self, observation: Observation) -> Answer:
        return self._work(observation)

    def _work(self, observation: Observation) -> Iterator[Write]:
        if observation.chunk is None and observation.write is None:
            return
        self.calls += 1
        time.sleep(self.busy_s)
        if self.calls % self.every == 0:
            yield Write(text="a ")
            time.sleep(self.busy_s / 4)
            yield Write(text="b ")


class _Alone(System):
    def open(self, task: Task) -> Session:
        return _Worker(0.002, 2)


class _Marked(_Worker):
    def policy(self, observation: Observation) -> Answer:
        assert self.meter is not None
        with self.meter.stage("asr"):
            time.sleep(0.001)
        return super().policy(observation)


class _Metered(System):
    def open(self, task: Task) -> Session:
        return _Marked(0.001, 3)


class _Chain(System):
    """Two workers join in a third; two of them share one resource."""

    def open(self, task: Task) -> Session:
        return PipelineSession([
            Stage("asr", _Worker(0.003, 2), resource="device"),
            Stage("vad", _Worker(0.001, 3)),
            Stage("mt", _Worker(0.004, 1), inputs=("asr", "vad"), output=True, resource="device"),
        ])


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(16_000, dtype=np.float32), 16_000)
    return Recording("a", AudioSource(path), "de", ("en",), (Segment("a", 0.0, 1.0),))


@pytest.mark.parametrize("stages", ["sequential", "concurrent"])
@pytest.mark.parametrize("system", [_Alone, _Metered, _Chain])
def test_own_rules_reproduce_the_measured_times(
    system: type[System], stages: str, recording: Recording, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    (run / "pieces").mkdir(parents=True)
    (run / "spool").mkdir()
    options = ReplayOptions(clock="simulated", chunk_s=0.04, stages=stages)  # type: ignore[arg-type]
    trace = replay(system(), recording, "en", options, run).whole()
    assert trace.error is None
    _assert_reproduced(trace)


def _assert_reproduced(trace: Trace) -> None:
    logged = {job.id: job.start_s for step in trace.steps for job in step.jobs}
    assert schedule(trace.steps) == pytest.approx(logged, abs=1e-9)
    measured = live_times(trace).times
    assert len(measured) >= 4
    slower = live_times(trace, speed=0.5).times
    assert all(a > b for a, b in zip(slower, measured, strict=True))


def test_concurrent_work_timed_in_order_is_what_a_run_in_order_measures(
    recording: Recording, tmp_path: Path
):
    class Three(System):
        def open(self, task: Task) -> Session:
            return PipelineSession([
                Stage("a", _Worker(0.03, 1)),
                Stage("b", _Worker(0.03, 1), ("a",)),
                Stage("c", _Worker(0.03, 1), ("b",), output=True),
            ])

    for name in ("pieces", "spool"):
        (tmp_path / name).mkdir()

    def trace(stages: str) -> Trace:
        settings = ReplayOptions(chunk_s=0.05, stages=stages)  # type: ignore[arg-type]
        return replay(Three(), recording, "en", settings, tmp_path).whole()

    concurrent = trace("concurrent")
    free_s, expected = 0.0, []
    for step in concurrent.steps:
        started = {}
        for job in step.jobs:
            started[job.id] = max(free_s, step.arrived_s if job.on_source else 0.0)
            free_s = started[job.id] + job.compute_s
        expected += [started[w.job] + w.at_s for w in step.writes if w.output]
    retimed = live_times(concurrent, stages="sequential").times
    assert retimed == pytest.approx(expected, abs=1e-9)
    in_order = trace("sequential")
    assert [w.text for s in in_order.steps for w in s.writes] == [
        w.text for s in concurrent.steps for w in s.writes]
