"""The source as a system hears it: mono float32 at its rate, cut into chunks.

Times are seconds from the start of the slice.  A chunk of a resampled source needs audio from
after its own last sample, because a resampler answers late; :meth:`SourceStream.arrival_s` says
when a chunk can first exist, and nothing that arrives later can change it.
"""

from __future__ import annotations

import hashlib
import math
import os

import numpy as np

from s2st_bench.audio.decode import AudioReader, open_audio
from s2st_bench.audio.resample import DEFAULT_QUALITY, Resampler, resampler_delay_s
from s2st_bench.closing import Closing
from s2st_bench.types import Samples

DEFAULT_RATE_HZ = 16_000
# 64 kB blocks come from the allocator's heap; larger ones are mapped and faulted in anew each time,
# which costs more than reading them.
_BLOCK_FRAMES = 1 << 14


class SourceStream(Closing):
    """Chunks of one slice; a context manager.  Made by :func:`source_stream`.

    Chunks are views of blocks that are never written again, so they may be kept.
    """

    def __init__(
        self,
        reader: AudioReader,
        rate_hz: int,
        *,
        quality: str = DEFAULT_QUALITY,
        hash: bool = False,
    ) -> None:
        self.rate_hz = rate_hz
        self.delay_s = resampler_delay_s(reader.sample_rate_hz, rate_hz, quality)
        self._reader = reader
        self._resampler = (
            None
            if reader.sample_rate_hz == rate_hz
            else Resampler(reader.sample_rate_hz, rate_hz, quality)
        )
        # Kept in hand beyond what is given: one sample, to know which chunk is the last, and the
        # resampler's delay, to know whether the source ends before a chunk's arrival.
        self._ahead = 1 + math.ceil(self.delay_s * rate_hz)
        self._buffer = np.empty(0, np.float32)
        self._position = 0
        self._given = 0
        self._source_frames = 0
        self._ended = False
        self._hash = hashlib.sha256() if hash else None

    def take(self, n: int) -> tuple[Samples, bool]:
        """The next ``float32[n]`` and whether the source ends with it; fewer only at the end.

        An empty source, and a source that has ended, give an empty chunk and True.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1, not {n}")
        start = self._position
        end = start + n
        if end + self._ahead > len(self._buffer) and not self._ended:
            self._fill(n)
            start = 0
            end = n
        chunk = self._buffer[start:end]
        self._position = start + len(chunk)
        self._given += len(chunk)
        return chunk, self._ended and self._position == len(self._buffer)

    @property
    def given(self) -> int:
        """Samples handed out so far."""
        return self._given

    def arrival_s(self, n: int) -> float:
        """When the first ``n`` samples can exist: audio later than this cannot change them.

        ``n / rate`` plus the resampler's delay, but no later than the end of the source.
        """
        if n == 0:
            return 0.0
        arrival_s = n / self.rate_hz + self.delay_s
        if self._ended:
            return min(arrival_s, self._source_frames / self._reader.sample_rate_hz)
        return arrival_s

    def sha256(self) -> str | None:
        """Hash of the slice, once it has ended and if it was opened with ``hash=True``.

        Of its mono float32 little-endian samples at the file's own rate: the same for a wav and a
        flac of one recording, and for every ``rate_hz``.  Costs 0.6 ms per MB, 0.04 ms per second
        of 16 kHz audio.
        """
        return self._hash.hexdigest() if self._hash is not None and self._ended else None

    def close(self) -> None:
        self._reader.close()

    def _fill(self, n: int) -> None:
        """Read until ``n`` samples and the ones kept in hand are in the buffer, or the end."""
        rest = self._buffer[self._position :]
        parts = [rest] if len(rest) else []
        have = len(rest)
        while have < n + self._ahead and not self._ended:
            block = self._reader.read(_BLOCK_FRAMES)
            self._source_frames += len(block)
            self._ended = len(block) < _BLOCK_FRAMES
            if self._hash is not None:
                self._hash.update(block.astype("<f4", copy=False).data)
            if self._resampler is not None:
                block = self._resampler.push(block)
                if self._ended:
                    block = np.concatenate([block, self._resampler.finish()])
            parts.append(block)
            have += len(block)
        self._buffer = parts[0] if len(parts) == 1 else np.concatenate(parts)
        self._position = 0


def source_stream(
    path: str | os.PathLike[str],
    offset_s: float = 0.0,
    duration_s: float | None = None,
    rate_hz: int = DEFAULT_RATE_HZ,
    *,
    quality: str = DEFAULT_QUALITY,
    hash: bool = False,
) -> SourceStream:
    """Open a slice of a file for chunked reading at ``rate_hz``.  Raises AudioError."""
    reader = open_audio(path, offset_s, duration_s)
    return SourceStream(reader, rate_hz, quality=quality, hash=hash)


def read_audio(
    path: str | os.PathLike[str],
    offset_s: float = 0.0,
    duration_s: float | None = None,
    rate_hz: int = DEFAULT_RATE_HZ,
) -> Samples:
    """A slice as one array ``float32[n]`` at ``rate_hz``; for clips, since it fills memory."""
    parts: list[Samples] = []
    with source_stream(path, offset_s, duration_s, rate_hz) as stream:
        is_last = False
        while not is_last:
            chunk, is_last = stream.take(_BLOCK_FRAMES)
            parts.append(chunk)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
