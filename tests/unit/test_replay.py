"""The replay loop: what a session is given, what is written down, and when."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.audio import write_wav
from s2st_bench.errors import ConfigError
from s2st_bench.limits import Limits
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import (
    Answer,
    Observation,
    PipelineSession,
    Session,
    Stage,
    StreamSession,
    StreamSystem,
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
    Trace,
    Write,
)

RATE = 16_000
Policy = Callable[[Observation], Answer]


class FromFunction(Session):
    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def policy(self, observation: Observation) -> Answer:
        return self._policy(observation)


class Scripted(System):
    """A system whose policy is a function made anew for each session."""

    sources = frozenset({"speech", "text"})
    outputs = frozenset({"text", "speech"})

    def __init__(self, make: Callable[[], Policy]) -> None:
        self.make = make

    def open(self, task: Task) -> Session:
        return FromFunction(self.make())


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    for name in ("pieces", "spool"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def recording(run_folder: Path) -> Recording:
    path = run_folder / "source.wav"
    samples = np.linspace(-0.5, 0.5, 8200, dtype=np.float32)
    write_wav(path, samples, RATE)
    segment = Segment("0", 0.0, 0.5125, references={"de": ("eins zwei",)})
    return Recording("r", AudioSource(path), "en", ("de",), (segment,))


def once(make: Callable[[], Policy], recording: Recording, run: Path, **options: object) -> Trace:
    settings = ReplayOptions(**{"clock": "ideal", "chunk_s": 0.125, **options})  # type: ignore[arg-type]
    return replay(Scripted(make), recording, "de", settings, run).whole()


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


class Echo(StreamSession):
    """A service on loopback that answers each chunk's length in its own time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, chunk: AudioChunk | TextChunk) -> None:
        assert isinstance(chunk, AudioChunk)
        self.writer.write(f"{len(chunk.samples)}\n".encode())
        if chunk.is_last:
            self.writer.write_eof()
        await self.writer.drain()

    async def events(self) -> AsyncIterator[Write]:
        while line := await self.reader.readline():
            yield Write(line.decode().strip() + " ")

    async def close(self) -> None:
        self.writer.close()


class EchoService(StreamSystem):
    def __init__(self, stop_after: int = 1000) -> None:
        self.stop_after = stop_after

    async def connect(self, task: Task) -> StreamSession:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for _ in range(self.stop_after):
                if not (line := await reader.readline()):
                    break
                await asyncio.sleep(0.004)
                writer.write(line)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        return Echo(*await asyncio.open_connection("127.0.0.1", port))


def test_a_stream_is_fed_in_real_time_and_delays_are_what_was_sent(
    recording: Recording, run_folder: Path
):
    options = ReplayOptions(clock="realtime", chunk_s=0.125)
    trace = replay(EchoService(), recording, "de", options, run_folder).whole()
    assert trace.error is None and trace.kind == "stream"
    written = [(s.source_s, w.text, s.jobs[0].start_s + w.at_s)
               for s in trace.steps for w in s.writes]
    given = [0.125, 0.25, 0.375, 0.5, 0.5125]
    assert [text for _, text, _ in written] == ["2000 "] * 4 + ["200 "]
    assert all(sent >= chunk and live >= chunk + 0.004
               for (sent, _, live), chunk in zip(written, given, strict=True))
    assert written == sorted(written, key=lambda w: w[2])


def test_a_stream_that_ends_early_fails_its_recording(recording: Recording, run_folder: Path):
    options = ReplayOptions(clock="realtime", chunk_s=0.125)
    trace = replay(EchoService(stop_after=2), recording, "de", options, run_folder).whole()
    assert trace.error is not None and "before the source did" in trace.error.message


def test_a_stream_needs_the_wall_clock(recording: Recording, run_folder: Path):
    with pytest.raises(ConfigError, match="clock=realtime"):
        replay(EchoService(), recording, "de", ReplayOptions(), run_folder)


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


def test_what_was_said_in_the_call_that_raised_is_kept(recording: Recording, run_folder: Path):
    def policy(observation: Observation) -> Answer:
        yield Write("said ")
        yield Write()
        raise RuntimeError("half way")

    trace = once(lambda: policy, recording, run_folder)
    assert trace.error is not None and trace.error.kind == "raised"
    assert [w.text for s in trace.steps for w in s.writes] == ["said "]


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


def test_a_service_that_refuses_in_its_own_words_costs_its_recording(
    recording: Recording, run_folder: Path
):
    class Refusing(StreamSystem):
        async def connect(self, task: Task) -> StreamSession:
            raise ValueError("HTTP 403")

    options = ReplayOptions(clock="realtime")
    trace = replay(Refusing(), recording, "de", options, run_folder).whole()
    assert trace.error is not None and "HTTP 403" in trace.error.message
