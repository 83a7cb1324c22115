"""Pipelines in the replay: stages in order or each on its own, and what is said when."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import (
    Answer,
    Observation,
    PipelineSession,
    Session,
    Stage,
    System,
)
from s2st_bench.types import (
    Recording,
    Speech,
    Task,
    Write,
)
from scripted import RATE, FromFunction


def pipeline(asr_s: float, mt_s: float) -> type[System]:
    def asr(observation: Observation) -> Answer:
        time.sleep(asr_s)
        assert observation.samples is not None
        yield Write(f"w{len(observation.samples)} ")

    def mt(observation: Observation) -> Answer:
        time.sleep(mt_s)
        if observation.write is not None:
            yield Write(observation.write.text.upper())

    def tts(observation: Observation) -> Answer:
        if observation.write is not None:
            yield Write(audio=Speech(np.zeros(160, np.float32), RATE))

    class Cascade(System):
        outputs = frozenset({"text", "speech"})

        def open(self, task: Task) -> Session:
            return PipelineSession([
                Stage("asr", FromFunction(asr)),
                Stage("mt", FromFunction(mt), ("asr",), output=True),
                Stage("tts", FromFunction(tts), ("mt",), output=True),
            ])

    return Cascade


@pytest.mark.parametrize("stages", ["sequential", "concurrent"])
@pytest.mark.parametrize("clock", ["ideal", "simulated", "realtime"])
def test_a_pipeline_gives_the_same_words_on_every_clock(
    recording: Recording, run_folder: Path, clock: str, stages: str
):
    options = ReplayOptions(clock=clock, chunk_s=0.125, stages=stages)  # type: ignore[arg-type]
    trace = replay(pipeline(0.001, 0.001)(), recording, "de", options, run_folder).whole()
    assert trace.error is None and trace.stages == stages
    written = [(s.source_s, w.text) for s in trace.steps for w in s.writes if w.output and w.text]
    assert written == [(0.125, "W2000 "), (0.25, "W2000 "), (0.375, "W2000 "),
                       (0.5, "W2000 "), (0.5125, "W200 ")]
    assert len(trace.pieces) == 5
    inner = [w.text for s in trace.steps for w in s.writes if not w.output]
    assert inner == ["w2000 "] * 4 + ["w200 "]
    by_id = {job.id: job for step in trace.steps for job in step.jobs}
    for step in trace.steps:
        for job in step.jobs:
            for parent in job.parents:
                assert job.start_s >= by_id[parent].end_s


@pytest.mark.parametrize("clock", ["simulated", "realtime"])
def test_a_stage_that_hears_old_news_late_says_it_late(
    recording: Recording, run_folder: Path, clock: str
):
    """The source reaches ``join`` at once and through a slow stage: its text stays in order."""
    said: list[str] = []

    def slow(observation: Observation) -> Answer:
        time.sleep(0.15)
        yield Write("slow ")

    def join(observation: Observation) -> Answer:
        said.append("late " if observation.write is not None else "soon ")
        yield Write(said[-1])

    class Diamond(System):
        def open(self, task: Task) -> Session:
            return PipelineSession([
                Stage("slow", FromFunction(slow)),
                Stage("join", FromFunction(join), ("source", "slow"), output=True),
            ])

    options = ReplayOptions(clock=clock, chunk_s=0.125)  # type: ignore[arg-type]
    trace = replay(Diamond(), recording, "de", options, run_folder).whole()
    assert trace.error is None and len(trace.steps) == 1 + 5, "the opening and five chunks"
    written = [(w.job, w.text) for s in trace.steps for w in s.writes if w.output]
    assert [text for _, text in written] == said and said.count("late ") == 5
    assert written == sorted(written)


def test_concurrent_stages_overlap_and_sequential_ones_queue(
    recording: Recording, run_folder: Path
):
    def last_s(stages: str) -> float:
        options = ReplayOptions(clock="simulated", chunk_s=0.0125, stages=stages)  # type: ignore[arg-type]
        trace = replay(pipeline(0.01, 0.01)(), recording, "de", options, run_folder).whole()
        return max(job.end_s for step in trace.steps for job in step.jobs)

    sequential = last_s("sequential")
    assert sequential > 0.5125 + 0.2, "41 chunks of 20 ms each do not fit in 0.51 s"
    assert last_s("concurrent") < sequential


def test_a_stage_that_raises_fails_its_recording_in_real_time(
    recording: Recording, run_folder: Path
):
    def bad(observation: Observation) -> Answer:
        raise RuntimeError("no model")

    class Broken(System):
        def open(self, task: Task) -> Session:
            return PipelineSession([
                Stage("asr", FromFunction(lambda o: iter([Write("x ")]))),
                Stage("mt", FromFunction(bad), ("asr",), output=True),
            ])

    options = ReplayOptions(clock="realtime", chunk_s=0.125)
    trace = replay(Broken(), recording, "de", options, run_folder).whole()
    assert trace.error is not None and "no model" in trace.error.message


def two_roots() -> System:
    """Two stages hear the source; the first has said all after two chunks."""
    chunks = itertools.count(1)

    def short(observation: Observation) -> Answer:
        yield Write("a ", is_final=next(chunks) == 2)

    class Pair(System):
        def open(self, task: Task) -> Session:
            return PipelineSession([
                Stage("short", FromFunction(short), output=True),
                Stage("long", FromFunction(lambda o: [Write("b ")]), output=True),
            ])

    return Pair()


@pytest.mark.parametrize("clock", ["ideal", "simulated", "realtime"])
def test_a_root_stage_that_ends_first_costs_no_steps(
    recording: Recording, run_folder: Path, clock: str
):
    options = ReplayOptions(clock=clock, chunk_s=0.125, stages="concurrent")  # type: ignore[arg-type]
    trace = replay(two_roots(), recording, "de", options, run_folder).whole()
    written = [(s.source_s, w.text) for s in trace.steps for w in s.writes]
    assert sum(text == "a " for _, text in written) == 2
    assert [at for at, text in written if text == "b "] == [0.125, 0.25, 0.375, 0.5, 0.5125]


@pytest.mark.parametrize("clock", ["simulated", "realtime"])
def test_what_a_pipeline_said_before_a_stage_raised_is_kept(
    recording: Recording, run_folder: Path, clock: str
):
    def last(observation: Observation) -> Answer:
        yield Write(observation.write.text if observation.write else "")
        if observation.is_last:
            raise RuntimeError("at the end")

    class Broken(System):
        def open(self, task: Task) -> Session:
            return PipelineSession([
                Stage("asr", FromFunction(lambda o: [Write("x ")])),
                Stage("mt", FromFunction(last), ("asr",), output=True),
            ])

    options = ReplayOptions(clock=clock, chunk_s=0.125)  # type: ignore[arg-type]
    trace = replay(Broken(), recording, "de", options, run_folder).whole()
    assert trace.error is not None and "at the end" in trace.error.message
    assert [w.text for s in trace.steps for w in s.writes if w.output] == ["x "] * 5
