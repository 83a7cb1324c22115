"""Compute and text of inner stages, and the recogniser's word error rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from s2st_bench.items import items
from s2st_bench.metric import Unscored
from s2st_bench.metrics.stages.first import StageFirstOutput
from s2st_bench.metrics.stages.wer import StageWER, edits_by_segment, words
from s2st_bench.stages import first_outputs_s, stage_seconds, stage_text
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Recording,
    Segment,
    Step,
    TimedWrite,
    Trace,
)


def step(job: int, start_s: float, asr: str, retract: int = 0) -> Step:
    jobs = (Job(job, "asr", start_s, start_s + 0.25), Job(job + 1, "mt", start_s + 0.25,
                                                          start_s + 0.3, (job,)))
    return Step(start_s, start_s, jobs, (
        TimedWrite(job, 0.1, asr, retract, output=False), TimedWrite(job + 1, 0.01, "X")))


def trace(*steps: Step, error: Failure | None = None) -> Trace:
    return Trace("cascade", "r", "de", 4.0, steps, error=error)


def recording(*transcripts: str) -> Recording:
    segments = tuple(
        Segment(str(i), 2.0 * i, 2.0 * i + 2.0, text, {"de": ("x",)})
        for i, text in enumerate(transcripts)
    )
    return Recording("r", AudioSource(Path("r.wav")), "en", ("de",), segments)


TWO = trace(step(0, 1.0, "hello word"), step(2, 2.0, "world now", retract=4))


def test_each_stage_has_its_seconds_and_its_text() -> None:
    assert stage_seconds(TWO) == pytest.approx({"asr": 0.5, "mt": 0.1})
    assert stage_text(TWO, "asr") == "hello world now"
    assert stage_text(TWO, "mt") == "XX"
    assert stage_text(TWO, "tts") == ""
    assert stage_seconds(trace()) == {}


def scored(metric: StageWER, one: Trace, of: Recording) -> float:
    rows = [metric.stats(item) for item in items(one, of)]
    assert not any(isinstance(row, Unscored) for row in rows)
    return float(metric.value(np.sum(rows, axis=0)))


def test_word_error_rate_ignores_case_and_marks() -> None:
    assert scored(StageWER(), TWO, recording("Hello, world: now!")) == 0.0
    assert scored(StageWER(), TWO, recording("Hello, World, it is now.")) == 40.0


def test_edits_are_counted_in_their_segments() -> None:
    assert edits_by_segment(words("a b x d y"), [["a", "b"], ["c", "d", "e"]]) == [(0, 2), (2, 3)]
    assert edits_by_segment(words("a z b"), [["a"], ["b"]]) == [(0, 1), (1, 1)]
    assert edits_by_segment([], [["a"], [], ["b", "c"]]) == [(1, 1), (0, 0), (2, 2)]
    assert edits_by_segment(words("a b c"), [["a"]]) == [(2, 1)]
    assert edits_by_segment(words("a"), [[]]) == [(0, 0)]
    assert scored(StageWER(), TWO, recording("Hello world.", "Now then.")) == 25.0


def test_a_failed_recording_was_not_heard_at_all() -> None:
    failed = trace(TWO.steps[0], error=Failure("died", "gone"))
    assert scored(StageWER(), failed, recording("hello world")) == 100.0


def test_what_cannot_be_scored_says_why() -> None:
    (item,) = items(TWO, recording(""))
    assert StageWER().stats(item) == Unscored("no transcript")
    (item,) = items(TWO, recording("hello"))
    assert StageWER(stage="ears").stats(item) == Unscored("no stage 'ears' in the trace")


def test_time_to_first_output_is_of_the_answers_that_say_something() -> None:
    silent = Step(3.0, 3.0, (Job(4, "asr", 3.0, 3.5),), (TimedWrite(4, 0.2, output=False),))
    spoken = Step(4.0, 4.0, (Job(5, "tts", 4.0, 4.5),), (
        TimedWrite(5, 0.3, speech_s=0.1), TimedWrite(5, 0.45, speech_s=0.2)))
    whole = trace(*TWO.steps, silent, spoken)
    assert first_outputs_s(whole, "asr") == [0.1, 0.1]
    assert first_outputs_s(whole, "mt") == [0.01, 0.01]
    assert first_outputs_s(whole, "tts") == [0.3] and first_outputs_s(whole, "vad") == []
    one, two = recording("Hello."), recording("Hello.", "Now.")
    for of in (one, two):
        rows = [StageFirstOutput(stage="mt").stats(item) for item in items(whole, of)]
        total = np.sum(rows, axis=0)  # type: ignore[arg-type]
        assert total[1] == 2.0
        assert StageFirstOutput().value(total) == pytest.approx(10.0)
    (item,) = items(whole, one)
    assert StageFirstOutput(stage="ears").stats(item) == Unscored(
        "no stage 'ears' in the trace that wrote anything")
    (item,) = items(trace(error=Failure("raised", "x")), one)
    assert StageFirstOutput().stats(item) == Unscored("the recording failed")
