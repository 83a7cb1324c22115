"""The source of a replay: what a recording gives a system, bit by bit, and when it existed.

One interface for audio (units are samples at the system's rate) and text (units are tokens).
"""

from __future__ import annotations

import bisect
import math
from abc import abstractmethod
from dataclasses import replace

from s2st_bench.audio import SourceStream, source_stream
from s2st_bench.closing import Closing
from s2st_bench.delivery import Delivery, Packets
from s2st_bench.types import (
    AudioChunk,
    AudioSource,
    Read,
    Recording,
    SourceUnit,
    TextChunk,
    TextSource,
)


class Source(Closing):
    """What is left of a recording to give."""

    unit: SourceUnit
    given: int = 0
    """Samples or tokens given so far."""
    exhausted: bool = False
    """Whether the last of it was given."""

    @abstractmethod
    def wanted(self, read: Read) -> int:
        """Units that ``read`` waits for at least; at least one."""

    @abstractmethod
    def arrival_s(self, count: int) -> float:
        """When the next ``count`` units will all exist."""

    @abstractmethod
    def available(self, now_s: float) -> int:
        """Units beyond those given that exist at ``now_s``."""

    @abstractmethod
    def take(self, count: int) -> AudioChunk | TextChunk:
        """The next ``count`` units, fewer at the end."""

    @property
    @abstractmethod
    def position(self) -> float:
        """Source given so far: seconds of audio, or tokens."""

    @property
    @abstractmethod
    def arrived_s(self) -> float:
        """When the last unit given existed."""

    def sha256(self) -> str:
        """Hash of what was decoded, once exhausted; empty where nothing is decoded."""
        return ""

    def close(self) -> None:
        """Nothing is open."""


class AudioReplaySource(Source):
    """Audio at ``rate_hz``, decoded and resampled as it is asked for."""

    unit: SourceUnit = "s"

    def __init__(self, source: AudioSource, rate_hz: int, chunk_s: float) -> None:
        self.rate_hz = rate_hz
        self.chunk = max(1, round(chunk_s * rate_hz))
        self._stream: SourceStream = source_stream(
            source.path, source.offset_s, source.duration_s, rate_hz, hash=True
        )

    def close(self) -> None:
        self._stream.close()

    def wanted(self, read: Read) -> int:
        return max(1, round(read.min_s * self.rate_hz)) if read.min_s > 0 else self.chunk

    def arrival_s(self, count: int) -> float:
        return self._stream.arrival_s(self.given + count)

    def available(self, now_s: float) -> int:
        """Samples beyond those given that exist at ``now_s``."""
        count = int(now_s * self.rate_hz) - self.given
        while count > 0 and self.arrival_s(count) > now_s:
            count -= 1 + int((self.arrival_s(count) - now_s) * self.rate_hz)
        return max(0, count)

    def take(self, count: int) -> AudioChunk:
        samples, self.exhausted = self._stream.take(count)
        start_s = self.given / self.rate_hz
        self.given += len(samples)
        return AudioChunk(samples, self.rate_hz, start_s, self.exhausted)

    @property
    def position(self) -> float:
        return self.given / self.rate_hz

    @property
    def arrived_s(self) -> float:
        return self._stream.arrival_s(self.given)

    def sha256(self) -> str:
        return self._stream.sha256() or ""


class DeliveredSource(AudioReplaySource):
    """The same audio as it comes over a network."""

    def __init__(self, source: AudioSource, rate_hz: int, chunk_s: float, packets: Packets) -> None:
        super().__init__(source, rate_hz, chunk_s)
        self._packets = packets

    def arrival_s(self, count: int) -> float:
        return self._there_s(self.given + count)

    def available(self, now_s: float) -> int:
        low, high = 0, max(0, int(now_s * self.rate_hz) - self.given)
        while low < high:
            middle = (low + high + 1) // 2
            if self.arrival_s(middle) <= now_s:
                low = middle
            else:
                high = middle - 1
        return low

    def take(self, count: int) -> AudioChunk:
        first = self.given
        chunk = super().take(count)
        return replace(chunk, samples=self._packets.silenced(chunk.samples, first))

    @property
    def arrived_s(self) -> float:
        return self._there_s(self.given)

    def _there_s(self, count: int) -> float:
        spoken_s = self._stream.arrival_s(count)
        end_s = self.given / self.rate_hz if self.exhausted else math.inf
        return max(spoken_s, self._packets.arrival_s(count, end_s))


class TextReplaySource(Source):
    """Tokens, one a chunk; timed where the corpus knows when they were said."""

    unit: SourceUnit = "tokens"

    def __init__(self, source: TextSource) -> None:
        self._tokens = source.tokens
        self._start_s = source.start_s

    def wanted(self, read: Read) -> int:
        return max(1, round(read.min_s))

    def arrival_s(self, count: int) -> float:
        last = min(self.given + count, len(self._tokens)) - 1
        return self._start_s[last] if self._start_s and last >= 0 else 0.0

    def available(self, now_s: float) -> int:
        """Tokens said by ``now_s``; text without times is given token by token."""
        if not self._start_s:
            return 0
        return max(0, bisect.bisect_right(self._start_s, now_s) - self.given)

    def take(self, count: int) -> TextChunk:
        index = self.given
        tokens = self._tokens[index : index + count]
        self.given += len(tokens)
        self.exhausted = self.given >= len(self._tokens)
        start_s = self._start_s[index] if self._start_s and tokens else None
        return TextChunk(tokens, index, start_s, self.exhausted)

    @property
    def position(self) -> float:
        return float(self.given)

    @property
    def arrived_s(self) -> float:
        return self._start_s[self.given - 1] if self._start_s and self.given else 0.0


def open_source(
    recording: Recording, rate_hz: int, chunk_s: float, delivery: Delivery | None = None,
) -> Source:
    """The source of a recording, not yet entered; text knows no packets."""
    if isinstance(recording.source, TextSource):
        return TextReplaySource(recording.source)
    if delivery is not None and not delivery.is_perfect:
        packets = Packets(delivery, recording.id, rate_hz)
        return DeliveredSource(recording.source, rate_hz, chunk_s, packets)
    return AudioReplaySource(recording.source, rate_hz, chunk_s)
