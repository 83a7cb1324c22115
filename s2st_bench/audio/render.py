"""Listening files: pieces laid out in time, and files laid over one another.

The suffix of the file written says its format: ``.wav`` and ``.flac`` (16 bits), ``.ogg`` (Vorbis)
or ``.opus`` (Ogg Opus, whose rate is raised to the next of 8, 12, 16, 24 and 48 kHz).  Everything
is mono, begins at source time 0 and streams; samples outside ±1 are clipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from s2st_bench.audio.decode import open_frames
from s2st_bench.audio.source import SourceStream, source_stream
from s2st_bench.closing import Closing
from s2st_bench.errors import AudioError
from s2st_bench.types import Samples

_BLOCK_FRAMES = 1 << 16
_OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
}


@dataclass(frozen=True, slots=True)
class TimelinePiece:
    """``length`` samples from sample ``offset`` of ``path``, to be heard from ``start_s`` on."""

    start_s: float
    path: Path
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Track:
    """A file in a mix; ``gain`` multiplies its samples."""

    path: Path
    gain: float = 1.0


def render_timeline(
    pieces: Iterable[TimelinePiece], path: str | os.PathLike[str], rate_hz: int
) -> float:
    """Write pieces, ordered by ``start_s``, at their times with silence between; return seconds.

    A piece that would begin before the one ahead of it has ended follows it without a gap, as a
    listener would hear it.
    """
    with _Output(Path(path), rate_hz) as out:
        for piece in pieces:
            if not 0.0 <= piece.start_s < float("inf"):
                raise AudioError(f"{piece.path}: a piece cannot start at {piece.start_s} s")
            out.silence_until(round(piece.start_s * out.rate_hz))
            reader = open_frames(piece.path, piece.offset, piece.length)
            with SourceStream(reader, out.rate_hz) as stream:
                is_last = False
                while not is_last:
                    chunk, is_last = stream.take(_BLOCK_FRAMES)
                    out.write(chunk)
        return out.written / out.rate_hz


def mixdown(tracks: Sequence[Track], path: str | os.PathLike[str], rate_hz: int = 24_000) -> float:
    """Write the sum of files that all begin at time 0, as long as the longest; return seconds."""
    with ExitStack() as stack:
        out = stack.enter_context(_Output(Path(path), rate_hz))
        streams = [
            (stack.enter_context(source_stream(track.path, rate_hz=out.rate_hz)), track.gain)
            for track in tracks
        ]
        while streams:
            mix = np.zeros(_BLOCK_FRAMES, np.float32)
            longest = 0
            going = []
            for stream, gain in streams:
                chunk, is_last = stream.take(_BLOCK_FRAMES)
                mix[: len(chunk)] += np.float32(gain) * chunk
                longest = max(longest, len(chunk))
                if not is_last:
                    going.append((stream, gain))
            out.write(mix[:longest])
            streams = going
        return out.written / out.rate_hz


class _Output(Closing):
    """A mono file being written, and how far it has got; a context manager."""

    def __init__(self, path: Path, rate_hz: int) -> None:
        if path.suffix.lower() not in _FORMATS:
            raise AudioError(f"{path}: the name must end in one of {', '.join(_FORMATS)}")
        container, subtype = _FORMATS[path.suffix.lower()]
        if subtype == "OPUS":
            rate_hz = next((rate for rate in _OPUS_RATES_HZ if rate >= rate_hz), _OPUS_RATES_HZ[-1])
        self.rate_hz = rate_hz
        self.written = 0
        try:
            self._file = soundfile.SoundFile(
                os.fspath(path), "w", rate_hz, 1, format=container, subtype=subtype
            )
        except soundfile.SoundFileError as error:
            raise AudioError(f"{path}: cannot be written: {error}") from error

    def write(self, samples: Samples) -> None:
        self._file.write(np.clip(samples, -1.0, 1.0))
        self.written += len(samples)

    def silence_until(self, sample: int) -> None:
        while self.written < sample:
            self.write(np.zeros(min(_BLOCK_FRAMES, sample - self.written), np.float32))

    def close(self) -> None:
        self._file.close()
