"""A system replayed to audio that comes from outside, piece by piece: heard, answered, heard.

The replay's own loops run the session (pipelines in order), in a thread of its own, so what is
said is what a run of the same audio in the same chunks says.  The thread and the one that brings
audio take turns: :meth:`LiveReplay.hear` comes back when the session wants more than there is.
Streams of one system take turns too: sessions share weights and engines, which two threads at a
time may not bear.
"""

from __future__ import annotations

import threading

import numpy as np

from s2st_bench.clock import IdealClock
from s2st_bench.limits import Limits
from s2st_bench.replay.pipeline import replay_pipeline
from s2st_bench.replay.policy import replay_session
from s2st_bench.replay.record import Record
from s2st_bench.replay.source import Source
from s2st_bench.system import PipelineSession, System
from s2st_bench.types import AudioChunk, Job, Read, Samples, SourceUnit, Task, Write

_NO_LIMITS = Limits(writes_per_recording=None, chars_per_recording=None)


class LiveReplay:
    """One stream through a system.

    Parameters
    ----------
    system
        Loaded; not a stream, which has a pace of its own.
    chunk_s
        What a session hears at once that leaves it open.
    turn
        Held by the one stream of the system that is at work.
    """

    def __init__(
        self, system: System, task: Task, chunk_s: float, turn: threading.Lock
    ) -> None:
        self._system = system
        self._turn = turn
        self._source = _Fed(task.sample_rate_hz, chunk_s, turn)
        self._said = _Said()
        self._failure: Exception | None = None
        self._thread = threading.Thread(
            target=self._run, args=(task,), name="live-replay", daemon=True
        )
        self._thread.start()

    def hear(self, samples: Samples) -> list[Write]:
        """What is said to ``float32[n]``.

        Raises
        ------
        SystemFailure
            The system failed.
        """
        self._source.feed(samples)
        return self._answer()

    def end(self) -> list[Write]:
        """What is said to the end."""
        self._source.finish()
        return self._answer()

    def close(self) -> None:
        """Stop, wherever it is; waits for a call that is under way."""
        self._source.abandon()
        self._thread.join()

    def _answer(self) -> list[Write]:
        self._source.wait_idle()
        if self._failure is not None:
            raise self._failure
        return self._said.take()

    def _run(self, task: Task) -> None:
        with self._turn:
            self._replay(task)

    def _replay(self, task: Task) -> None:
        try:
            session = self._system.open(task)
            try:
                clock = IdealClock()
                if isinstance(session, PipelineSession):
                    replay_pipeline(
                        session, self._system, self._source, clock, self._said, concurrent=False
                    )
                else:
                    replay_session(session, self._system, self._source, clock, self._said)
            finally:
                session.close()
        except _Abandoned:
            return
        except Exception as error:  # raised again in the thread that asked
            self._failure = error
        finally:
            self._source.stopped()


class _Abandoned(Exception):
    """Nobody listens any more."""


class _Said(Record):
    """Checks what is said and keeps it until it is fetched; nothing goes to disk."""

    def __init__(self) -> None:
        super().__init__(_NO_LIMITS)
        self._kept: list[Write] = []

    def step(
        self, source_s: float, arrived_s: float, jobs: tuple[Job, ...],
        writes: list[tuple[int, float, Write, bool]], live_s: float,
    ) -> None:
        self._kept += [write for _, _, write, output in writes if output]

    def take(self) -> list[Write]:
        kept, self._kept = self._kept, []
        return kept


class _Fed(Source):
    """A source that is brought its audio; asking for more than there is waits."""

    unit: SourceUnit = "s"

    def __init__(self, rate_hz: int, chunk_s: float, turn: threading.Lock) -> None:
        self._rate_hz = rate_hz
        self._others = turn
        self._chunk = max(1, round(chunk_s * rate_hz))
        self._wanted = self._chunk
        self._kept: Samples = np.empty(0, np.float32)
        self._over = False
        self._gone = False
        self._ended = False
        self._idle = False
        self._fed = threading.Condition()

    def feed(self, samples: Samples) -> None:
        with self._fed:
            if not self._ended:
                self._kept = np.concatenate((self._kept, samples))
            self._wake()

    def finish(self) -> None:
        with self._fed:
            self._over = True
            self._wake()

    def abandon(self) -> None:
        with self._fed:
            self._gone = True
            self._wake()

    def stopped(self) -> None:
        """The replay has ended: there is nothing to wait for."""
        with self._fed:
            self._ended = self._idle = True
            self._fed.notify_all()

    def wait_idle(self) -> None:
        """Until the replay wants more audio, or has ended."""
        with self._fed:
            self._fed.wait_for(lambda: self._idle)

    def wanted(self, read: Read) -> int:
        asked = round(read.min_s * self._rate_hz) if read.min_s > 0 else self._chunk
        self._wanted = max(1, asked)
        return self._wanted

    def arrival_s(self, count: int) -> float:
        return (self.given + count) / self._rate_hz

    def available(self, now_s: float) -> int:
        """All there is once there is what is wanted: the one thing that waiting could change."""
        with self._fed:
            self._wait_for(self._wanted)
            return len(self._kept)

    def take(self, count: int) -> AudioChunk:
        with self._fed:
            self._wait_for(count)
            samples, self._kept = self._kept[:count], self._kept[count:]
            start_s = self.given / self._rate_hz
            self.given += len(samples)
            self.exhausted = self._over and not len(self._kept)
        return AudioChunk(samples, self._rate_hz, start_s, self.exhausted)

    @property
    def position(self) -> float:
        return self.given / self._rate_hz

    @property
    def arrived_s(self) -> float:
        return self.position

    def _wait_for(self, count: int) -> None:
        """Until so many samples are there, or all that there will be."""
        while len(self._kept) < count and not (self._over or self._gone):
            self._idle = True
            self._fed.notify_all()
            self._others.release()
            self._fed.wait()
            self._others.acquire()
        if self._gone:
            raise _Abandoned

    def _wake(self) -> None:
        """The replay's turn: it is not idle until it asks for more again."""
        self._idle = self._ended
        self._fed.notify_all()
