"""Reading a slice of any audio file as a stream of mono float32 at the file's own rate.

Conventions: a slice starts at frame ``int(offset_s * rate)`` and holds ``int(duration_s * rate)``
frames, both truncated, as MuST-C's segment lists are read.  A slice may run over the end of the
file and is then shorter; it may not start there.  Several channels are averaged.  A slice is
bit-equal to the same frames of the full decode, whatever the sizes of the reads:

* libsndfile seeks exactly in wav, flac, aiff and other PCM files, and there a slice costs nothing.
* In mp3, Opus and Vorbis a seek lands off the mark or leaves the decoder in another state, so the
  frames before the slice are decoded and dropped (mp3 ~1,500 times, Opus ~200 times real time).
"""

from __future__ import annotations

import io
import math
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from s2st_bench.audio import stored
from s2st_bench.audio.containers import check_complete
from s2st_bench.audio.cue import SUFFIX as CUE
from s2st_bench.audio.cue import CueDecoder
from s2st_bench.audio.decoder import Decoder
from s2st_bench.audio.ffmpeg import FfmpegDecoder
from s2st_bench.audio.sndfile import SndfileDecoder
from s2st_bench.closing import Closing
from s2st_bench.errors import AudioError
from s2st_bench.types import Samples

_RATES_HZ = range(1_000, 768_001)


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file's header says."""

    sample_rate_hz: int
    channels: int
    frames: int | None
    """None where the header does not say (a flac written to a pipe)."""
    duration_s: float | None
    format: str
    exact: bool
    """False where the header only estimates the length (mp3, and what ffmpeg reads)."""


class AudioReader(Closing):
    """A slice of a file, read in order; a context manager.  Made by :func:`open_audio`."""

    def __init__(self, path: Path, decoder: Decoder, start: int, count: int | None) -> None:
        self.path = path
        self.sample_rate_hz = decoder.sample_rate_hz
        self.channels = decoder.channels
        self._decoder = decoder
        self._position = start
        self._left = count
        self._skip_to(start)

    @property
    def frames_left(self) -> int | None:
        """Frames until the end of the slice, or None where only decoding can tell."""
        frames = self._decoder.frames
        if frames is None or not self._decoder.exact_length:
            return None
        rest = max(0, frames - self._position)
        return rest if self._left is None else min(rest, self._left)

    def read(self, n: int) -> Samples:
        """The next ``float32[n]``; fewer only at the end of the slice, then none.

        Raises AudioError where the file is damaged, ends early or holds NaN or infinity.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1, not {n}")
        if self._left is not None:
            n = min(n, self._left)
            if n == 0:
                return np.empty(0, np.float32)
        samples = _downmix(self._decoder.read(n))
        if not np.isfinite(samples).all():
            bad = int(np.argmin(np.isfinite(samples)))
            at_s = (self._position + bad) / self.sample_rate_hz
            raise AudioError(
                f"{self.path}: NaN or infinity at {at_s:.3f} s: make the file again from its source"
            )
        self._position += len(samples)
        if len(samples) < n:
            self._check_end()
        if self._left is not None:
            self._left = self._left - len(samples) if len(samples) == n else 0
        return samples

    def close(self) -> None:
        self._decoder.close()

    def _skip_to(self, start: int) -> None:
        """Go to frame ``start``, which must lie before the end of the file unless it is 0."""
        if start == 0:
            return
        rate = self.sample_rate_hz
        done = self._decoder.skip(start)
        frames = self._decoder.frames if self._decoder.exact_length else None
        if done < start or (frames is not None and start >= frames):
            raise AudioError(
                f"{self.path}: the slice starts at {start / rate:.3f} s, the file ends at "
                f"{done / rate:.3f} s: correct the offset"
            )

    def _check_end(self) -> None:
        frames = self._decoder.frames
        if frames is not None and self._decoder.exact_length and self._position < frames:
            rate = self.sample_rate_hz
            raise AudioError(
                f"{self.path}: the samples end at {self._position / rate:.3f} s, the header says "
                f"{frames / rate:.3f} s: it was cut short; copy it again"
            )


def open_audio(
    path: str | os.PathLike[str], offset_s: float = 0.0, duration_s: float | None = None
) -> AudioReader:
    """Open a slice of a file; without ``duration_s`` it runs to the end.

    Raises AudioError for anything that is not a whole, readable audio file, and for a slice that
    does not begin inside it.
    """
    place = Path(path)
    for name, value in (("offset", offset_s), ("duration", duration_s)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise AudioError(f"{place}: the {name} must be seconds from 0 up, not {value}")
    decoder = _open_decoder(place)
    count = None if duration_s is None else int(duration_s * decoder.sample_rate_hz)
    return _reader(place, decoder, int(offset_s * decoder.sample_rate_hz), count)


def open_frames(path: str | os.PathLike[str], start: int, count: int | None = None) -> AudioReader:
    """Like :func:`open_audio`, the slice given in frames of the file."""
    place = Path(path)
    if start < 0 or (count is not None and count < 0):
        raise AudioError(f"{place}: a slice of {count} frames from frame {start} is impossible")
    return _reader(place, _open_decoder(place), start, count)


def info(path: str | os.PathLike[str]) -> AudioInfo:
    """What the header says; decodes nothing.  Raises AudioError."""
    decoder = _open_decoder(Path(path))
    frames = decoder.frames
    try:
        return AudioInfo(
            sample_rate_hz=decoder.sample_rate_hz,
            channels=decoder.channels,
            frames=frames,
            duration_s=None if frames is None else frames / decoder.sample_rate_hz,
            format=decoder.format,
            exact=decoder.exact_length,
        )
    finally:
        decoder.close()


def _reader(path: Path, decoder: Decoder, start: int, count: int | None) -> AudioReader:
    try:
        return AudioReader(path, decoder, start, count)
    except BaseException:
        decoder.close()
        raise


def _open_decoder(path: Path) -> Decoder:
    inside = stored.content(path)
    if inside is None:
        _check_file(path)
    else:
        check_complete(path, io.BytesIO(inside), len(inside))
    decoder: Decoder
    if path.name.endswith(CUE):
        return CueDecoder(path)
    try:
        decoder = SndfileDecoder(path, inside)
    except soundfile.SoundFileError as error:
        if inside is not None:
            raise AudioError(f"{path}: not a format libsndfile reads ({error}): give the clip's "
                             "own file, or an archive of wav or flac") from None
        reason = getattr(error, "error_string", str(error)).rstrip(". ")
        decoder = FfmpegDecoder(path, reason)
    except TypeError as error:
        raise AudioError(
            f"{path}: headerless audio has no rate or channels to read: convert it to wav"
        ) from error
    if decoder.sample_rate_hz not in _RATES_HZ:
        decoder.close()
        raise AudioError(
            f"{path}: a sample rate of {decoder.sample_rate_hz} Hz is outside "
            f"{_RATES_HZ.start}–{_RATES_HZ.stop - 1} Hz: the header is damaged"
        )
    return decoder


def _check_file(path: Path) -> None:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise AudioError(f"{path}: this is {kind}; an audio file is wanted")
        if status.st_size == 0:
            raise AudioError(f"{path}: the file is empty (0 bytes): copy or download it again")
        with open(path, "rb") as file:
            check_complete(path, file, status.st_size)
    except FileNotFoundError:
        raise AudioError(f"{path}: no such file: check the path in the corpus") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"{str(path)!r}: cannot be opened: {error}") from error


def _downmix(block: Samples) -> Samples:
    """``float32[n, channels]`` to ``float32[n]``, the mean of the channels.

    Added channel by channel, so that the result does not depend on the block's length.
    """
    channels = block.shape[1]
    if channels == 1:
        return block[:, 0]
    mono = block[:, 0].copy()
    for channel in range(1, channels):
        mono += block[:, channel]
    mono *= np.float32(1.0 / channels)
    return mono
