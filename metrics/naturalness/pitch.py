"""Fundamental frequency by YIN (de Cheveigné and Kawahara 2002, doi:10.1121/1.1458024).

Steps 1 to 5 of the paper: difference function, its cumulative mean normal, absolute threshold,
parabolic interpolation; the best local estimate (step 6) is replaced by a median over 5 frames.
Samples are mono ``float32[n]``; a frame begins every 10 ms.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats
from s2st_bench.types import Samples

HOP_S = 0.01
LOWEST_HZ, HIGHEST_HZ = 60.0, 500.0
THRESHOLD = 0.15
"""Of the normalised difference, at a period; above it a frame has no pitch."""
SMOOTHED = 5
"""Frames of the median."""

_WINDOW_S = 0.032
_BLOCK = 2_048
_ROUNDING = 1e-9


def f0(samples: Samples, rate_hz: int) -> Floats:
    """F0 in Hz, one a frame, ``float64[frames]``; NaN where there is no pitch.

    Frame i lies at ``i * 10 ms`` and looks at the next 49 ms; the last ones, cut short, are none.
    """
    longest = int(np.ceil(rate_hz / LOWEST_HZ)) + 1
    size = round(_WINDOW_S * rate_hz) + longest
    hop = round(HOP_S * rate_hz)
    if len(samples) < size:
        return np.empty(0)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
    found = np.concatenate([_f0(frames[i : i + _BLOCK].astype(np.float64), longest, rate_hz)
                            for i in range(0, len(frames), _BLOCK)])
    return _smoothed(found)


def _f0(frames: Floats, longest: int, rate_hz: int) -> Floats:
    """F0 of each of ``frames[m, window + longest]``."""
    normal = _normalised(_difference(frames, longest))
    shortest = max(2, int(rate_hz / HIGHEST_HZ))
    inside = normal[:, 1:-1]
    dips = (inside <= normal[:, :-2]) & (inside < normal[:, 2:]) & (inside < THRESHOLD)
    dips[:, : shortest - 1] = False
    lag = np.argmax(dips, axis=1) + 1
    found = rate_hz / (lag + _vertex(normal, lag))
    return np.where(dips.any(axis=1), found, np.nan)


def _difference(frames: Floats, longest: int) -> Floats:
    """sum_j (x_j - x_{j+lag})^2 over the window, lags 0 to ``longest``, ``[m, longest + 1]``."""
    window = frames.shape[1] - longest
    length = 1 << int(np.ceil(np.log2(frames.shape[1])))
    whole = np.fft.rfft(frames, length)
    head = np.fft.rfft(frames[:, :window], length)
    product = np.fft.irfft(whole * head.conj(), length)[:, : longest + 1]
    power = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    shifted = power[:, window : window + longest + 1] - power[:, : longest + 1]
    difference = shifted[:, :1] + shifted - 2.0 * product
    # what is left of a constant is rounding, whose dips are no periods
    return np.where(difference > _ROUNDING * shifted[:, :1], difference, 0.0)


def _normalised(difference: Floats) -> Floats:
    """The difference over its mean at all shorter lags; 1 at lag 0 and in silence."""
    lags = np.arange(1, difference.shape[1])
    sums = np.cumsum(difference[:, 1:], axis=1)
    normal = np.ones_like(difference)
    np.divide(difference[:, 1:] * lags, sums, out=normal[:, 1:], where=sums > 0)
    return normal


def _vertex(normal: Floats, lag: npt.NDArray[np.intp]) -> Floats:
    """Offset in (-1, 1) of the parabola's lowest point through each ``lag`` and its neighbours."""
    rows = np.arange(len(lag))
    left, middle, right = (normal[rows, lag + step] for step in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    offset = np.zeros(len(lag))
    np.divide(0.5 * (left - right), bend, out=offset, where=bend > 0)
    return offset


def _smoothed(found: Floats) -> Floats:
    """The median of the pitched among 5 frames around each pitched one."""
    half = SMOOTHED // 2
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(found, half, constant_values=np.nan), SMOOTHED)
    voiced = np.isfinite(found)
    smooth = np.full(len(found), np.nan)
    smooth[voiced] = np.nanmedian(around[voiced], axis=1)
    return smooth
