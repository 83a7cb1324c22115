"""Active speech: where a signal is loud, by a rule on energy alone.

A frame of 20 ms is *loud* where its level is within 35 dB of the signal's own (the 95th percentile
of its frames) and above -60 dB of full scale.  Silence of up to 0.2 s between loud frames is
active too, what is then shorter than 0.1 s is not (clicks).  The rule tells no speech from noise or
music; it asks whether there is enough sound to know a voice by, and cuts pauses out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from s2st_bench.types import Samples

Mask = npt.NDArray[np.bool_]

RATE_HZ: Final = 16_000
"""What this folder's models and rules hear."""
FRAME: Final = 320
"""Samples of a frame: 20 ms."""
RULE: Final = "energy(35dB,-60dBFS)"
"""For signatures and keys of kept values; to be changed with the rule."""

_BELOW_DB: Final = 35.0
_FLOOR_DB: Final = -60.0
_LEVEL_PERCENTILE: Final = 95.0
_BRIDGED: Final = 10
_SHORTEST: Final = 5


def active_frames(samples: Samples) -> Mask:
    """Whether each whole frame of ``float32[n]`` at 16 kHz is active, ``bool[n // 320]``."""
    n = len(samples) // FRAME
    if not n:
        return np.zeros(0, dtype=np.bool_)
    frames = samples[: n * FRAME].reshape(n, FRAME)
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / FRAME
    level = 10.0 * np.log10(power + 1e-20)
    threshold = max(_FLOOR_DB, float(np.percentile(level, _LEVEL_PERCENTILE)) - _BELOW_DB)
    return _without_short(~_without_short(level <= threshold, _BRIDGED + 1, edges=True), _SHORTEST)


def active_s(samples: Samples) -> float:
    """Seconds of active speech in ``float32[n]`` at 16 kHz."""
    return float(active_frames(samples).sum()) * FRAME / RATE_HZ


def active_speech(samples: Samples) -> Samples:
    """The active frames of ``float32[n]`` at 16 kHz, one after another."""
    mask = active_frames(samples)
    kept: Samples = samples[: len(mask) * FRAME].reshape(-1, FRAME)[mask].reshape(-1)
    return kept


def _without_short(mask: Mask, shortest: int, edges: bool = False) -> Mask:
    """Without runs of fewer than ``shortest`` frames; ``edges`` keeps those at its ends."""
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    found = np.zeros_like(mask)
    for start, end in bounds.reshape(-1, 2):
        at_edge = start == 0 or end == len(mask)
        found[start:end] = end - start >= shortest or (edges and at_edge)
    return found
