"""Log-mel features of a stream, the same however the stream was cut.

Frame ``t`` looks at the 25 ms that end at ``10 (t + 1)`` ms, so a frame never waits for sound that
follows it.  Sixty-four triangular filters, equally spaced on the mel scale of O'Shaughnessy
(2595 log10(1 + f / 700)) from 60 Hz to 7 kHz, on the power spectrum of a Hann window; natural
logarithm, floored.  Above 7 kHz codecs of speech leave little.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from s2st_bench.types import Samples

RATE_HZ: Final = 16_000
HOP: Final = 160
WINDOW: Final = 400
MELS: Final = 64
_FFT = 512
_LOW_HZ, _HIGH_HZ = 60.0, 7_000.0
_FLOOR = 1e-7

Frames = npt.NDArray[np.float32]
"""``float32[frames, MELS]``."""


@cache
def filters() -> npt.NDArray[np.float32]:
    """The filter bank, ``float32[_FFT // 2 + 1, MELS]``."""
    low, high = (2595.0 * np.log10(1.0 + hz / 700.0) for hz in (_LOW_HZ, _HIGH_HZ))
    corners = 700.0 * (10.0 ** (np.linspace(low, high, MELS + 2) / 2595.0) - 1.0)
    bins = np.fft.rfftfreq(_FFT, 1.0 / RATE_HZ)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    bank: npt.NDArray[np.float32] = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    return bank


@cache
def _hann() -> npt.NDArray[np.float32]:
    return np.hanning(WINDOW + 1)[:-1].astype(np.float32)


class LogMel:
    """Features of one stream at 16 kHz."""

    def __init__(self) -> None:
        self._rest = np.zeros(WINDOW - HOP, np.float32)

    def push(self, samples: Samples) -> Frames:
        """Feed ``float32[n]`` of any length; the frames that are now complete."""
        sound = np.concatenate([self._rest, np.nan_to_num(samples).astype(np.float32, copy=False)])
        count = max(0, (len(sound) - WINDOW) // HOP + 1)
        self._rest = sound[count * HOP :]
        if not count:
            return np.zeros((0, MELS), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[:: HOP][:count]
        power = np.abs(np.fft.rfft(windows * _hann(), _FFT)).astype(np.float32) ** 2
        mel: Frames = np.log(np.maximum(power @ filters(), _FLOOR), dtype=np.float32)
        return mel


def log_mel(samples: Samples) -> Frames:
    """The features of a whole recording: ``len(samples) // HOP`` frames."""
    return LogMel().push(samples)
