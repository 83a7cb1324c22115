"""Which frames of a stream are speech, by the level of the sound alone.

A 10 ms frame is speech when its level lies ``above_db`` over the noise floor and not ``below_db``
under the loudest speech: the floor falls to a quieter frame at once and rises slowly, the loudest
the other way round, so that a quiet recording is heard as a loud one is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from s2st_bench.types import Samples

FRAME_S: Final = 0.01

_QUIET_DB = -90.0
"""The floor is never set below: 16 bits hold nothing quieter."""
_FIRST_DB = -62.0
"""The floor before anything was heard."""
_RISE_DB = 0.03  # per frame
_FALL_DB = 0.01  # per frame


class SpeechLevels:
    """Follows one stream."""

    def __init__(self, *, above_db: float = 14.0, below_db: float = 33.0) -> None:
        self._above_db = above_db
        self._below_db = below_db
        self._floor_db = _FIRST_DB
        self._loudest_db = _QUIET_DB

    def speech(self, frames: Samples) -> Iterator[bool]:
        """Whether each frame of ``float32[n, samples of 10 ms]``, the next n, is speech."""
        power = np.mean(np.square(frames, dtype=np.float64), axis=1)
        for level in 10.0 * np.log10(power + 1e-12):
            self._floor_db = max(_QUIET_DB, min(float(level), self._floor_db + _RISE_DB))
            self._loudest_db = max(float(level), self._loudest_db - _FALL_DB)
            yield bool(level > self._floor_db + self._above_db
                       and level > self._loudest_db - self._below_db)
