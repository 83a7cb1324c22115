"""How much of a speech is another one played again: the source, echoed.

Log power in 16 mel bands from 150 to 3400 Hz, every 20 ms; a *block* of 1 s of the output, one
every 0.5 s, is laid over every place of the source.  It is an echo where the correlation of the
two, each band less its own mean, reaches 0.75 somewhere.  Delay, gain, a filter, another rate, a
codec and playing piece by piece leave that correlation high; another sentence by the same voice
does not reach it (figures in the README).  Digital silence is cut out of both first.  Speech made
faster, slower, or of another pitch is not found.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats
from s2st_bench.types import Samples

from .activity import RATE_HZ, active_frames

RULE: Final = "ncc(1s,0.75)"
THRESHOLD: Final = 0.75

_N_FFT, _HOP, _BANDS = 1024, 320, 16
_BLOCK, _STEP = 50, 25
_LOW_HZ, _HIGH_HZ = 150.0, 3400.0
_PLACES_AT_ONCE = 4096
_LEAST_ACTIVE: Final = 0.8
_SILENCE: Final = 1e-5
_SHORT: Final = 80

Spectra = npt.NDArray[np.float32]


def echoed(source: Samples, output: Samples) -> tuple[float, float]:
    """Seconds of ``output`` that are echo, and seconds that were looked at (active speech).

    Both ``float32[n]`` at 16 kHz.
    """
    starts, best = similarities(source, output)
    seen = np.zeros(len(output) // _HOP + 1, dtype=np.bool_)
    found = np.zeros_like(seen)
    for start, value in zip(starts.tolist(), best.tolist(), strict=True):
        seen[start : start + _BLOCK] = True
        if value >= THRESHOLD:
            found[start : start + _BLOCK] = True
    return float(found.sum()) * _HOP / RATE_HZ, float(seen.sum()) * _HOP / RATE_HZ


def similarities(source: Samples, output: Samples) -> tuple[npt.NDArray[np.intp], Floats]:
    """Active blocks of ``output``: the first frame of each, and its best correlation with the
    source, ``intp[k]`` and ``float64[k]``.
    """
    output = _without_silence(output)
    heard, said = spectra(output), spectra(_without_silence(source))
    starts = _active_blocks(output)
    starts = starts[starts + _BLOCK <= len(heard)]
    if not len(starts) or len(said) < _BLOCK:
        return starts, np.zeros(len(starts))
    wanted = _centred(np.stack([heard[at : at + _BLOCK] for at in starts]))
    places = np.lib.stride_tricks.sliding_window_view(said, _BLOCK, axis=0).transpose(0, 2, 1)
    best = np.full(len(starts), -1.0, dtype=np.float32)
    for at in range(0, len(places), _PLACES_AT_ONCE):
        chunk = _centred(places[at : at + _PLACES_AT_ONCE])
        best = np.maximum(best, (wanted @ chunk.T).max(axis=1))
    return starts, best.astype(np.float64)


def spectra(samples: Samples) -> Spectra:
    """Log power in mel bands, ``float32[frames, 16]``; each at least 50 dB below the loudest."""
    if len(samples) < _N_FFT:
        return np.zeros((0, _BANDS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, _N_FFT)[::_HOP]
    window = np.hanning(_N_FFT).astype(np.float32)
    bands = _bands().T
    power = np.concatenate([
        np.abs(np.fft.rfft(frames[at : at + _PLACES_AT_ONCE] * window, axis=1)) ** 2 @ bands
        for at in range(0, len(frames), _PLACES_AT_ONCE)
    ])
    floor = max(1e-10, float(power.max()) * 1e-5)
    return np.asarray(np.log(np.maximum(power, floor)), dtype=np.float32)


def _active_blocks(samples: Samples) -> npt.NDArray[np.intp]:
    """First frame of each block that is mostly active, ``intp[k]``."""
    mask = active_frames(samples)
    if len(mask) < _BLOCK:
        return np.zeros(0, dtype=np.intp)
    share = np.lib.stride_tricks.sliding_window_view(mask, _BLOCK)[::_STEP].mean(axis=1)
    return np.flatnonzero(share >= _LEAST_ACTIVE) * _STEP


def _without_silence(samples: Samples) -> Samples:
    """Without runs of digital silence, which a system may have put between its pieces."""
    n = len(samples) // _SHORT
    kept = np.abs(samples[: n * _SHORT]).reshape(n, _SHORT).max(axis=1) > _SILENCE
    found: Samples = samples[: n * _SHORT].reshape(n, _SHORT)[kept].reshape(-1)
    return found


def _centred(blocks: Spectra) -> Spectra:
    """``float32[n, block, bands]``, each band less its mean and all at length 1, flattened."""
    moved = blocks - blocks.mean(axis=1, keepdims=True)
    flat = moved.reshape(len(blocks), -1)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    found: Spectra = np.divide(flat, length, out=np.zeros_like(flat), where=length > 1e-3)
    return found


def _bands() -> Floats:
    """Triangles on the mel scale, ``float64[16, 257]``."""
    low, high = (float(1127.0 * np.log1p(edge / 700.0)) for edge in (_LOW_HZ, _HIGH_HZ))
    mels = np.linspace(low, high, _BANDS + 2)
    hertz = 700.0 * np.expm1(mels / 1127.0)
    at = np.fft.rfftfreq(_N_FFT, 1 / RATE_HZ)
    width = np.diff(hertz)
    rising = (at - hertz[:-2, None]) / width[:-1, None]
    falling = (hertz[2:, None] - at) / width[1:, None]
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))
