"""Decoding with libsndfile: wav, flac, mp3, Ogg Opus, Ogg Vorbis, aiff and more.

Two habits of the libraries are worked around here, both of which lose audio without a word:

* ``soundfile`` seeks to the current position after every read.  In an mp3 that seek lands off the
  mark and damages what follows, up to full scale with a variable bit rate.  A file that declares
  itself unseekable is left alone.
* libsndfile ends an mp3 at the length it estimated from the first frame, which cuts a variable bit
  rate file without a Xing header short.  Out of a pipe it decodes to the real end.
"""

from __future__ import annotations

import io
import os
import shutil
import threading
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import soundfile

from s2st_bench.audio.decoder import Decoder
from s2st_bench.errors import AudioError
from s2st_bench.types import Samples

_SEEKABLE_FORMATS = {"WAV", "WAVEX", "RF64", "W64", "FLAC", "AIFF", "AU", "CAF"}
_SEEKABLE_SUBTYPES = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW")
# libsndfile's SF_COUNT_MAX stands for "the header does not say".
_UNKNOWN_FRAMES = (1 << 63) - 1
_PCM16_SCALE = np.float32(1 / 32_768)

_Sample = TypeVar("_Sample", np.int16, np.float32)


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]
    """A SoundFile that does not seek after reading."""

    def seekable(self) -> bool:
        return False


class SndfileDecoder(Decoder):
    def __init__(self, path: Path, content: bytes | None = None) -> None:
        """``content`` is what stands for the file at ``path``, where it lies inside another.

        Raises soundfile.SoundFileError for what libsndfile cannot read.
        """
        self._path = path
        self._content = content
        self._file = _ForwardFile(os.fspath(path) if content is None else io.BytesIO(content))
        self.sample_rate_hz = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.frames = None if self._file.frames == _UNKNOWN_FRAMES else int(self._file.frames)
        self.format = f"{self._file.format}/{self._file.subtype}"
        # libsndfile's own conversion to float gives the same bits in three times numpy's time.
        self._is_pcm16 = self._file.subtype == "PCM_16"
        self._is_mp3 = self._file.format == "MP3"
        self._is_piped = False
        self.exact_length = self.frames is not None and not self._is_mp3
        self._can_seek = (
            self.exact_length
            and self._file.format in _SEEKABLE_FORMATS
            and self._file.subtype.startswith(_SEEKABLE_SUBTYPES)
        )

    def read(self, n: int) -> Samples:
        if self.frames is not None and self.exact_length:
            n = min(n, self.frames)  # allocate nothing for frames that cannot come
        try:
            if self._is_mp3 and not self._is_piped:
                self._reopen_as_pipe()
            if self._is_pcm16:
                return np.multiply(self._read(n, np.int16), _PCM16_SCALE, dtype=np.float32)
            return self._read(n, np.float32)
        except soundfile.SoundFileError as error:
            raise AudioError(
                f"{self._path}: cannot be decoded to its end ({error}): copy it again"
            ) from error

    def skip(self, n: int) -> int:
        if not self._can_seek or self.frames is None:
            return super().skip(n)
        n = min(n, self.frames)
        try:
            self._file.seek(n)
        except soundfile.SoundFileError as error:
            raise AudioError(
                f"{self._path}: cannot be read from {n / self.sample_rate_hz:.3f} s on ({error}): "
                "copy it again"
            ) from error
        return n

    def close(self) -> None:
        self._file.close()

    def _read(self, n: int, dtype: type[_Sample]) -> npt.NDArray[_Sample]:
        block = np.empty((n, self.channels), dtype)
        got: int = self._file.buffer_read_into(block.data, np.dtype(dtype).name) if n else 0
        return block[:got]

    def _reopen_as_pipe(self) -> None:
        self._file.close()
        end, start = os.pipe()
        threading.Thread(target=_pour, args=(self._path, self._content, start), daemon=True).start()
        self._file = _ForwardFile(end, closefd=True)
        self._is_piped = True


def _pour(path: Path, content: bytes | None, pipe: int) -> None:
    """Copy a file into a pipe until it ends or nobody reads on."""
    source = open(path, "rb") if content is None else io.BytesIO(content)
    with open(pipe, "wb", buffering=0) as sink, source as file:
        try:
            shutil.copyfileobj(file, sink)
        except BrokenPipeError:
            return
