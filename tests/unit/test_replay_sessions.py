"""The replay loop: what a session is given, what is written down, and when."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.limits import Limits
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import (
    Answer,
    Observation,
    Session,
    System,
)
from s2st_bench.types import (
    AudioChunk,
    AudioSource,
    Read,
    Recording,
    Segment,
    Speech,
    Task,
    TextChunk,
    TextSource,
    Write,
)
from scripted import RATE, FromFunction, Policy, once


def test_a_session_is_given_each_sample_once_in_order(recording: Recording, run_folder: Path):
    heard: list[AudioChunk] = []

    def make() -> Policy:
        def policy(observation: Observation) -> Answer:
            assert isinstance(observation.chunk, AudioChunk)
            heard.append(observation.chunk)
            return Read()

        return policy

    trace = once(make, recording, run_folder)
    assert [len(c.samples) for c in heard] == [2000, 2000, 2000, 2000, 200]
    assert [c.is_last for c in heard] == [False] * 4 + [True]
    assert [c.start_s for c in heard] == [0.0, 0.125, 0.25, 0.375, 0.5]
    assert [s.source_s for s in trace.steps] == [0.125, 0.25, 0.375, 0.5, 0.5125]
    assert trace.source_length == 0.5125 and trace.source_sha256 and trace.chunking == "fixed"


def test_a_single_write_is_asked_again_and_the_end_of_a_generator_reads(
    recording: Recording, run_folder: Path
):
    seen: list[Observation] = []

    def make() -> Policy:
        left = iter([Write("a "), Write("b "), Read(min_s=0.375)])

        def policy(observation: Observation) -> Answer:
            seen.append(observation)
            if (answer := next(left, None)) is not None:
                return answer
            return iter([Write("c "), Write("d ")])

        return policy

    trace = once(make, recording, run_folder)
    assert [o.chunk is None for o in seen[:3]] == [False, True, True]
    assert [(s.source_s, [w.text for w in s.writes]) for s in trace.steps] == [
        (0.125, ["a ", "b "]), (0.5, ["c ", "d "]), (0.5125, ["c ", "d "]),
    ]


def test_is_final_ends_a_recording_and_its_true_length_is_kept(
    recording: Recording, run_folder: Path
):
    trace = once(lambda: lambda o: iter([Write("done", is_final=True), Write("more")]),
                 recording, run_folder)
    assert len(trace.steps) == 1 and [w.text for w in trace.steps[0].writes] == ["done"]
    assert trace.source_length == 0.5125


def test_an_adaptive_reader_gets_exactly_what_has_arrived(recording: Recording, run_folder: Path):
    def make() -> Policy:
        def policy(observation: Observation) -> Answer:
            time.sleep(0.015)
            return Read(all_available=True)

        return policy

    trace = once(make, recording, run_folder, clock="simulated", chunk_s=0.01)
    assert trace.chunking == "adaptive"
    steps = [s for s in trace.steps if s.source_s]
    for before, after in itertools.pairwise(steps):
        free_s = before.jobs[-1].end_s
        want = max(round(before.source_s * RATE) + 160, int(free_s * RATE))
        assert round(after.source_s * RATE) == min(want, 8200)
        assert after.jobs[0].start_s == pytest.approx(max(free_s, after.arrived_s), abs=1e-9)


def test_simulated_overlaps_compute_with_audio_and_queues_when_behind(
    recording: Recording, run_folder: Path
):
    def make() -> Policy:
        slow = iter([0.0, 0.2, 0.0, 0.0, 0.0])

        def policy(observation: Observation) -> Answer:
            time.sleep(next(slow))
            return iter([Write("x ")])

        return policy

    trace = once(make, recording, run_folder, clock="simulated")
    steps = trace.steps[1:]
    for before, after in itertools.pairwise(steps):
        assert after.jobs[0].start_s == max(before.jobs[0].end_s, after.arrived_s)
    assert steps[1].jobs[0].start_s == 0.25, "no queue before the slow chunk"
    assert steps[2].jobs[0].start_s >= 0.45, "queued behind it"


def test_realtime_takes_as_long_as_the_speech(recording: Recording, run_folder: Path):
    began = time.perf_counter()
    trace = once(lambda: lambda o: iter([Write("x ")]), recording, run_folder, clock="realtime")
    assert time.perf_counter() - began >= 0.5125
    assert all(s.jobs[0].start_s >= s.arrived_s for s in trace.steps if s.source_s)


def test_text_source_one_token_at_a_time(run_folder: Path):
    tokens = ("wir", "sehen", "uns")
    recording = Recording("t", TextSource(tokens), "de", ("en",), (Segment("0", 0, 0),))

    def make() -> Policy:
        def policy(observation: Observation) -> Answer:
            assert isinstance(observation.chunk, TextChunk)
            return iter([Write(f"{observation.tokens[0].upper()} ")])

        return policy

    trace = once(make, recording, run_folder)
    assert trace.source_unit == "tokens" and trace.source_length == 3
    assert [(s.source_s, s.writes[0].text) for s in trace.steps] == [
        (1, "WIR "), (2, "SEHEN "), (3, "UNS "),
    ]


def test_speech_is_stored_gapless(recording: Recording, run_folder: Path):
    audio = Speech(np.full(100, 0.25, np.float32), RATE)
    trace = once(lambda: lambda o: iter([Write("hi ", audio)]), recording, run_folder)
    assert [(p.offset, p.length, p.write) for p in trace.pieces] == [
        (100 * i, 100, i) for i in range(5)
    ]
    assert (run_folder / trace.pieces[0].path).is_file()


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (lambda o: 7, "invalid_output", "policy returned int"),
        (lambda o: iter(["text"]), "invalid_output", "policy yielded str"),
        (lambda o: Write("a", retract_chars=1), "invalid_output", "took back 1"),
        (lambda o: Write("\ud800"), "invalid_output", "surrogate"),
        (lambda o: Write(audio=Speech(np.array([np.nan], np.float32), RATE)),
         "invalid_output", "NaN"),
        (lambda o: Write(audio=Speech(np.zeros((2, 2), np.float32), RATE)),
         "invalid_output", "one-dimensional"),
        (lambda o: itertools.repeat(Write("x")), "limit", "writes_per_recording"),
        (lambda o: Write("x" * 2000), "limit", "chars_per_recording"),
        (lambda o: Write(""), "limit", "writes_per_recording"),
        (lambda o: 1 / 0, "raised", "ZeroDivisionError"),
        (lambda o: (1 / 0 for _ in "x"), "raised", "ZeroDivisionError"),
    ],
)
def test_what_a_system_may_not_do_costs_its_recording(
    recording: Recording, run_folder: Path, answer: Policy, kind: str, message: str
):
    limits = Limits(writes_per_recording=1000, chars_per_recording=1000)
    trace = once(lambda: answer, recording, run_folder, limits=limits)
    assert trace.error is not None and trace.error.kind == kind
    assert message in trace.error.message
    assert trace.source_length == 0.5125


def test_damaged_audio_is_the_recordings_failure(run_folder: Path):
    path = run_folder / "bad.wav"
    path.write_bytes(b"RIFF")
    recording = Recording("bad", AudioSource(path), "en", ("de",), (Segment("0", 0, 1),))
    trace = once(lambda: lambda o: Read(), recording, run_folder)
    assert trace.error is not None and trace.error.kind == "source"
    assert "bad.wav" in trace.error.message


def test_what_was_said_in_the_call_that_raised_is_kept(recording: Recording, run_folder: Path):
    def policy(observation: Observation) -> Answer:
        yield Write("said ")
        yield Write()
        raise RuntimeError("half way")

    trace = once(lambda: policy, recording, run_folder)
    assert trace.error is not None and trace.error.kind == "raised"
    assert [w.text for s in trace.steps for w in s.writes] == ["said "]


class ClosesBadly(FromFunction):
    def close(self) -> None:
        raise ValueError("the socket is gone")


def test_a_session_that_cannot_be_closed_or_is_none_costs_its_recording(
    recording: Recording, run_folder: Path
):
    class Closing(System):
        def open(self, task: Task) -> Session:
            return ClosesBadly(lambda o: [Write("x ")])

    class Nothing(System):
        def open(self, task: Task) -> Session:
            return None  # type: ignore[return-value]

    options = ReplayOptions(clock="ideal")
    trace = replay(Closing(), recording, "de", options, run_folder).whole()
    assert trace.error is not None and "the socket is gone" in trace.error.message
    assert [w.text for s in trace.steps for w in s.writes] == ["x ", "x "]
    trace = replay(Nothing(), recording, "de", options, run_folder).whole()
    assert trace.error is not None and "NoneType" in trace.error.message


@pytest.mark.parametrize("answer", [
    lambda: Read(min_s=float("nan")), lambda: Read(min_s=float("inf")), lambda: Read(min_s=-1),
    lambda: [Write(None)], lambda: [Write(audio=3)], lambda: [Write(words=3)],  # type: ignore[arg-type]
], ids=["nan", "inf", "negative", "no text", "no speech", "no words"])
def test_an_answer_of_wrong_types_costs_its_recording(
    recording: Recording, run_folder: Path, answer: Callable[[], Answer]
):
    trace = once(lambda: lambda o: answer(), recording, run_folder)
    assert trace.error is not None and trace.error.kind in ("raised", "invalid_output")

def test_time_on_the_network_is_of_the_stage_it_passed_in(
    recording: Recording, run_folder: Path
) -> None:
    class Asking(Session):
        def policy(self, observation: Observation) -> Answer:
            with self.meter.stage("asr"):
                time.sleep(0.002)
            with self.meter.stage("mt"):
                time.sleep(0.003)
                self.meter.network(0.002)
                self.meter.network(9.0)  # nobody can have waited that long
            return Read()

    class Far(System):
        def open(self, task: Task) -> Session:
            return Asking()

    options = ReplayOptions(clock="simulated")
    jobs = [job for step in replay(Far(), recording, "de", options, run_folder).whole().steps
            for job in step.jobs]
    of = {stage: [job.network_s for job in jobs if job.stage == stage] for stage in ("asr", "mt")}
    assert of["asr"] and set(of["asr"]) == {0.0}
    assert all(0.002 <= job.network_s <= job.compute_s for job in jobs if job.stage == "mt")
    ideal = replay(Far(), recording, "de", ReplayOptions(clock="ideal"), run_folder).whole()
    assert not any(job.network_s for step in ideal.steps for job in step.jobs)
