"""Audio in both directions: source to the service's rate and encoding, its speech to samples.

``ogg_opus`` is Opus in Ogg pages, one stream a connection, as Moshi's servers speak it, written
and read by the package ``sphn`` that they use themselves.
"""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from s2st_bench.audio.resample import Resampler
from s2st_bench.types import Samples

from .protocol import Audio, Encoding, Speech

_S16 = 32768.0
_EMPTY: Samples = np.empty(0, np.float32)


class Framer:
    """Source audio at the service's rate, cut into its frames; carries on over connections."""

    def __init__(self, audio: Audio, from_hz: int) -> None:
        self._resampler = None if from_hz == audio.rate_hz else Resampler(from_hz, audio.rate_hz)
        self._frame = round(audio.frame_s * audio.rate_hz)
        self._left: Samples = _EMPTY
        self._ended = False

    def push(self, samples: Samples, is_last: bool) -> list[Samples]:
        """The frames that are whole now; the last one is filled up with silence."""
        if self._resampler is not None:
            samples = self._resampler.push(samples)
            if is_last:
                samples = np.concatenate([samples, self._resampler.finish()])
        if not self._frame:
            return [samples] if len(samples) else []
        held = np.concatenate([self._left, samples])
        if is_last and len(held) % self._frame:
            held = np.pad(held, (0, -len(held) % self._frame))
        whole = len(held) // self._frame * self._frame
        self._left = held[whole:]
        return [held[at : at + self._frame] for at in range(0, whole, self._frame)]


class SourceEncoder:
    """Frames as bytes; one a connection."""

    def __init__(self, encoding: Encoding, rate_hz: int) -> None:
        self._encoding = encoding
        self._opus: Any = None
        if encoding == "ogg_opus":
            import sphn

            self._opus = sphn.OpusStreamWriter(rate_hz)

    def encode(self, samples: Samples) -> bytes:
        if self._opus is not None:
            return bytes(self._opus.append_pcm(np.ascontiguousarray(samples)))
        if self._encoding == "f32le":
            return samples.astype("<f4").tobytes()
        coded: bytes = np.clip(np.rint(samples * _S16), -_S16, _S16 - 1).astype("<i2").tobytes()
        return coded


class SpeechDecoder:
    """A service's speech as samples; one a connection."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._odd = b""
        self._opus: Any = None
        if speech.encoding == "ogg_opus":
            import sphn

            self._opus = sphn.OpusStreamReader(speech.rate_hz)

    def decode(self, value: Any) -> tuple[Samples, int]:
        """Samples and their rate; ``value`` is bytes, base64, or a list of numbers.

        Raises
        ------
        ValueError
            It is neither, or not in the encoding.
        """
        if isinstance(value, list):
            return _checked(np.asarray(value, np.float32)), self._speech.rate_hz
        if isinstance(value, str):
            try:
                value = base64.b64decode(value, validate=True)
            except ValueError as error:
                raise ValueError(f"not base64: {error}") from None
        if not isinstance(value, bytes):
            raise ValueError(f"{type(value).__name__} where audio is expected")
        if self._opus is not None:
            return _checked(np.asarray(self._opus.append_bytes(value), np.float32)), \
                self._speech.rate_hz
        if self._speech.encoding == "wav" and value[:4] == b"RIFF":
            return _wav(value)
        return self._pcm(value), self._speech.rate_hz

    def _pcm(self, value: bytes) -> Samples:
        """Raw samples; a service may cut inside one."""
        floats = self._speech.encoding == "f32le"
        value = self._odd + value
        whole = len(value) - len(value) % (4 if floats else 2)
        self._odd = value[whole:]
        if floats:
            return _checked(np.frombuffer(value[:whole], "<f4").astype(np.float32))
        return (np.frombuffer(value[:whole], "<i2") / np.float32(_S16)).astype(np.float32)


def _checked(samples: Samples) -> Samples:
    if samples.ndim != 1 or not np.isfinite(samples).all():
        raise ValueError("samples that are not finite numbers")
    return np.clip(samples, -1.0, 1.0)


def _wav(data: bytes) -> tuple[Samples, int]:
    import soundfile

    try:
        samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise ValueError(str(error)) from None
    mono: Samples = samples.mean(axis=1, dtype=np.float32)
    return mono, int(rate_hz)
