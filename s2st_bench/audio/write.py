"""Writing speech as 16-bit PCM WAV.

Samples outside ±1 are clipped and counted.  The header is brought up to date after every piece,
so that a file whose writer was killed reads up to the last whole piece.
"""

from __future__ import annotations

import os
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from s2st_bench.closing import Closing
from s2st_bench.errors import AudioError
from s2st_bench.types import Samples

_FULL_SCALE = 32_768
# A WAV length field has 32 bits; a new file is begun well before.
_MAX_SAMPLES = 1 << 30


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """Where one piece of speech lies: ``length`` samples from sample ``offset`` of ``path``."""

    path: Path
    offset: int
    length: int
    sample_rate_hz: int


class PieceWriter(Closing):
    """The speech of one recording, piece after piece without gaps; a context manager.

    The first piece makes ``<stem>.wav``; a piece at another rate begins ``<stem>.2.wav``, and so
    on.  Existing files of those names are replaced.
    """

    def __init__(self, stem: str | os.PathLike[str]) -> None:
        self._stem = Path(stem)
        self._file: IO[bytes] | None = None
        self._wave: wave.Wave_write | None = None
        self._rate_hz = 0
        self._length = 0
        self._files = 0
        self.clipped = 0
        """Samples clipped so far."""

    def append(self, samples: Samples, rate_hz: int) -> StoredPiece:
        """Store one piece ``float[n]``; when this returns, a kill loses nothing of it.

        Raises AudioError for NaN or infinity, and for an array that is not one-dimensional floats.
        """
        path = self._path(self._files)
        data, clipped = _pcm16(samples, f"speech for {path.name}")
        if self._wave is None or rate_hz != self._rate_hz or self._length >= _MAX_SAMPLES:
            self._next_file(rate_hz)
            path = self._path(self._files)
        if self._wave is None or self._file is None:
            raise RuntimeError("no file is open")
        self._wave.writeframes(data)
        self._file.flush()
        piece = StoredPiece(path, self._length, len(samples), rate_hz)
        self._length += len(samples)
        self.clipped += clipped
        return piece

    def sync(self) -> None:
        """Return only when what was appended is on the disk."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        if self._wave is not None:
            self._wave.close()
        if self._file is not None:
            self._file.close()
        self._wave = None
        self._file = None

    def _path(self, number: int) -> Path:
        suffix = ".wav" if number < 2 else f".{number}.wav"
        return self._stem.with_name(self._stem.name + suffix)

    def _next_file(self, rate_hz: int) -> None:
        self.close()
        self._files += 1
        self._file = open(self._path(self._files), "wb")  # noqa: SIM115 - closed by close()
        self._wave = _wave_writer(self._file, rate_hz)
        self._rate_hz = rate_hz
        self._length = 0


def write_wav(path: str | os.PathLike[str], samples: Samples, rate_hz: int) -> int:
    """Write ``float[n]`` as 16-bit WAV and return how many samples were clipped."""
    data, clipped = _pcm16(samples, str(path))
    with open(path, "wb") as file, _wave_writer(file, rate_hz) as out:
        out.writeframes(data)
    return clipped


def _wave_writer(file: IO[bytes], rate_hz: int) -> wave.Wave_write:
    out = wave.open(file, "wb")
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(rate_hz)
    return out


def _pcm16(samples: Samples, where: str) -> tuple[bytes, int]:
    """Little-endian 16-bit samples and how many were clipped; 16-bit audio survives unchanged."""
    if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
        raise AudioError(
            f"{where}: one-dimensional float samples are wanted, not {samples.dtype} of shape "
            f"{samples.shape}"
        )
    if not np.isfinite(samples).all():
        raise AudioError(f"{where}: the samples hold NaN or infinity")
    clipped = int(np.count_nonzero(np.abs(samples) > 1.0))
    scaled = np.rint(samples * _FULL_SCALE)
    return np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1).astype("<i2").tobytes(), clipped
