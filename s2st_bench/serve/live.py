"""A session whose audio comes as it is spoken: its source, and its record for a listener.

Both stand between a thread in which the system works and the event loop that talks to the client;
times are seconds on the session's clock.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from s2st_bench.audio.resample import Resampler
from s2st_bench.clock import Clock
from s2st_bench.limits import Limits
from s2st_bench.replay.record import Record
from s2st_bench.replay.source import Source
from s2st_bench.types import AudioChunk, Job, Read, Samples, SourceUnit, Speech, Word, Write


class Abandoned(Exception):
    """The listener is gone: the session ends where it next asks for audio or writes."""


class LiveSource(Source):
    """Audio at ``rate_hz`` from a client that sends it at ``from_hz``, resampled causally.

    ``take`` waits for audio; ``push``, ``end`` and ``abandon`` come from another thread.
    ``on_take`` is called when audio is asked for and when some was taken, with a lock held.
    """

    unit: SourceUnit = "s"

    def __init__(
        self, from_hz: int, rate_hz: int, chunk_s: float, clock: Clock,
        on_take: Callable[[], None],
    ) -> None:
        self.rate_hz = rate_hz
        self.chunk = max(1, round(chunk_s * rate_hz))
        self._from_hz = from_hz
        self._clock = clock
        self._on_take = on_take
        self._resampler = None if from_hz == rate_hz else Resampler(from_hz, rate_hz)
        self._changed = threading.Condition()
        self._waiting_parts: deque[Samples] = deque()
        self._waiting = 0
        self._arrivals: deque[tuple[int, float]] = deque()
        """(samples pushed so far, when), for what was not given yet."""
        self._received = 0
        self._received_at_s = 0.0
        self._given_at_s = 0.0
        self._is_ended = False
        self._is_abandoned = False
        self._is_asked = False

    def push(self, samples: Samples) -> None:
        """More audio, at the client's rate."""
        now = self._clock.now()
        self._received += len(samples)
        ready = samples if self._resampler is None else self._resampler.push(samples)
        self._add(ready, now)

    def end(self) -> None:
        """No more audio comes."""
        rest = np.empty(0, np.float32)
        if self._resampler is not None:
            rest = self._resampler.finish()
        self._is_ended = True
        self._add(rest, self._clock.now())

    def abandon(self) -> None:
        """Whoever waits for audio, or next asks for some, gets :class:`Abandoned`."""
        with self._changed:
            self._is_abandoned = True
            self._changed.notify_all()

    @property
    def received(self) -> tuple[float, float]:
        """Audio received from the client (s), and when the last of it came."""
        return self._received / self._from_hz, self._received_at_s

    @property
    def backlog_s(self) -> float:
        """Audio that waits for the system."""
        return self._waiting / self.rate_hz

    @property
    def is_abandoned(self) -> bool:
        return self._is_abandoned

    @property
    def is_asked(self) -> bool:
        """Whether the system waits for audio."""
        return self._is_asked

    def wanted(self, read: Read) -> int:
        return max(1, round(read.min_s * self.rate_hz)) if read.min_s > 0 else self.chunk

    def arrival_s(self, count: int) -> float:
        """Now, where the audio is there already; of what is still to come nobody can tell."""
        return self._clock.time_s if count <= self._waiting or self._is_ended else float("inf")

    def available(self, now_s: float) -> int:
        return self._waiting

    def take(self, count: int) -> AudioChunk:
        """The next ``count`` samples, once they are there; fewer at the end.

        Raises
        ------
        Abandoned
        """
        with self._changed:
            self._is_asked = True
            self._on_take()
            self._changed.wait_for(
                lambda: self._is_abandoned or self._is_ended or self._waiting >= count)
            self._is_asked = False
            if self._is_abandoned:
                raise Abandoned
            samples = self._cut(count)
            start_s = self.given / self.rate_hz
            self.given += len(samples)
            while self._arrivals and self._arrivals[0][0] < self.given:
                self._arrivals.popleft()
            if self._arrivals:
                self._given_at_s = self._arrivals[0][1]
            self.exhausted = self._is_ended and not self._waiting
            self._on_take()
        return AudioChunk(samples, self.rate_hz, start_s, self.exhausted)

    @property
    def position(self) -> float:
        return self.given / self.rate_hz

    @property
    def arrived_s(self) -> float:
        return self._given_at_s

    def _add(self, ready: Samples, now_s: float) -> None:
        with self._changed:
            if len(ready):
                self._waiting_parts.append(ready)
                self._waiting += len(ready)
                self._arrivals.append((self.given + self._waiting, now_s))
            self._received_at_s = now_s
            self._changed.notify_all()

    def _cut(self, count: int) -> Samples:
        """The first ``count`` of the samples that wait."""
        parts: list[Samples] = []
        while count and self._waiting_parts:
            part = self._waiting_parts.popleft()
            if len(part) > count:
                self._waiting_parts.appendleft(part[count:])
                part = part[:count]
            parts.append(part)
            count -= len(part)
            self._waiting -= len(part)
        return np.concatenate(parts) if parts else np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class Output:
    """What a session said: text taken back, then text, then speech; or nothing, for a chunk."""

    new: str = ""
    deleted: str = ""
    speech: Speech | None = None
    is_cancel: bool = False
    words: tuple[Word, ...] = ()
    source_s: float = 0.0
    """Source the system had been given."""
    written_s: float = 0.0

    @property
    def size(self) -> int:
        """About how much memory it holds, in bytes."""
        speech = self.speech.samples.nbytes if self.speech is not None else 0
        return 200 + 4 * (len(self.new) + len(self.deleted)) + speech


class LiveRecord(Record):
    """Passes on what is written as it is written, and at least one output for every chunk."""

    def __init__(
        self, limits: Limits, source: LiveSource, clock: Clock, emit: Callable[[Output], None],
    ) -> None:
        super().__init__(limits)
        self._source = source
        self._clock = clock
        self._emit = emit
        self._order = threading.Lock()
        """Stages write from threads of their own."""
        self._text = ""
        self._has_spoken = False

    def check(self, write: object, stage: str = "", output: bool = True) -> Write:
        if self._source.is_abandoned:
            raise Abandoned
        with self._order:
            checked = super().check(write, stage, output)
            if output and (checked.text or checked.retract_chars or checked.cancel_audio
                           or checked.audio is not None):
                self._say(checked)
        return checked

    def step(
        self, source_s: float, arrived_s: float, jobs: tuple[Job, ...],
        writes: list[tuple[int, float, Write, bool]], live_s: float,
    ) -> None:
        with self._order:
            if not self._has_spoken:
                self._emit(Output(source_s=source_s, written_s=live_s))
            self._has_spoken = False

    def _say(self, write: Write) -> None:
        keep = len(self._text) - write.retract_chars
        deleted = self._text[keep:]
        self._text = self._text[:keep] + write.text
        self._has_spoken = True
        self._emit(Output(
            write.text, deleted, write.audio, write.cancel_audio, write.words,
            self._source.position, self._clock.now(),
        ))
