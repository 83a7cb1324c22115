"""Voice activity by energy alone: no model, for clean recordings and for comparison.

A frame's probability is a logistic function of how far its level lies above the noise floor.
The floor falls to a quieter frame at once and rises by ``rise_db_per_s`` otherwise.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from s2st_bench.parts import VadModel
from s2st_bench.types import Samples

from .vad import FRAME_S, FRAME_SAMPLES

_SILENCE_DB = -60.0
"""The floor is never set below: digital silence would make any breath speech."""


class Energy(VadModel):
    """Makes energy detectors.

    Parameters
    ----------
    above_db
        Level over the noise floor at which the probability is one half.
    rise_db_per_s
        How fast the floor rises.
    """

    def __init__(self, *, above_db: float = 12.0, rise_db_per_s: float = 3.0) -> None:
        if not (above_db > 0 and rise_db_per_s >= 0):
            raise ValueError("above_db is above 0, rise_db_per_s 0 or more")
        self._above_db, self._rise_db_per_s = above_db, rise_db_per_s

    def load(self) -> None:
        """There is nothing to load."""

    def open(self) -> EnergyVad:
        return EnergyVad(self._above_db, self._rise_db_per_s)


class EnergyVad:
    """Speech probability of one stream, frame by frame (512 samples at 16 kHz)."""

    def __init__(self, above_db: float = 12.0, rise_db_per_s: float = 3.0) -> None:
        """``above_db``: level over the noise floor at which the probability is one half."""
        self._above_db = above_db
        self._rise_db = rise_db_per_s * FRAME_S
        self._floor_db = _SILENCE_DB
        self._rest = np.zeros(0, np.float32)

    def push(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Feed ``float32[n]`` of any length; ``float32[frames]`` of the frames now complete."""
        joined = np.concatenate([self._rest, samples])
        count = len(joined) // FRAME_SAMPLES
        frames = joined[: count * FRAME_SAMPLES].reshape(count, FRAME_SAMPLES)
        self._rest = joined[count * FRAME_SAMPLES :]
        power = np.mean(np.square(frames, dtype=np.float64), axis=1)
        levels = 10.0 * np.log10(np.maximum(power, 1e-12))
        return np.array([self._probability(level) for level in levels.tolist()], np.float32)

    def _probability(self, level_db: float) -> float:
        risen = self._floor_db + self._rise_db
        self._floor_db = max(_SILENCE_DB, min(level_db, risen))
        over = level_db - self._floor_db - self._above_db
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, over))))
