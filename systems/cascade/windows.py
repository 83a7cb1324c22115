"""Windows of long speech, for aligners whose cost or memory grows with its length.

A window is looked at without its pauses first, where words fill the sound and their number tells
itself; then it is cut in a pause that fell between two words.  Sound is ``float32[n]`` at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from s2st_bench.types import Samples

from .vad import RATE_HZ

LONGEST_S: Final = 30.0
"""Speech that is not longer needs no windows."""
_SPEECH_S: Final = 20.0
"""Speech in a window, pauses left out."""
_UNSURE_S: Final = 2.0
"""Words in the last seconds may belong to what follows."""
_NEAR_S: Final = 0.08
_FRAME: Final = 160
_PAUSE_FRAMES: Final = 10
"""As many quiet frames of 10 ms are a pause."""
_KEPT_FRAMES: Final = 2
"""Of a pause, on either side."""
_BELOW_DB: Final = 35.0
_ABOVE_DB: Final = 10.0


class Window:
    """The beginning of ``sound``."""

    def __init__(self, sound: Samples) -> None:
        loud = _loud(sound)
        speech = np.flatnonzero(loud)
        kept = speech[: round(_SPEECH_S * RATE_HZ) // _FRAME]
        self.is_rest: bool = len(kept) == len(speech)
        """All speech that is left is in it."""
        self._frames: npt.NDArray[np.intp] = kept
        """Of each 10 ms of :attr:`speech`, the frame of the sound."""
        frames = sound[: len(loud) * _FRAME].reshape(-1, _FRAME)
        self.speech: Samples = frames[kept].reshape(-1)

    def cut(self, ends_s: Sequence[float]) -> tuple[int, int]:
        """How many of the words that end at ``ends_s`` in :attr:`speech` to keep, and up to which
        sample of the sound.

        The cut is in the longest pause near which a word ended, in the second half; where there is
        none, after the last sure word.
        """
        ends = np.round(np.asarray(ends_s) * RATE_HZ / _FRAME).astype(int)
        gaps = np.diff(self._frames)
        last = len(self._frames) - round(_UNSURE_S * RATE_HZ / _FRAME)
        pauses = [p for p in np.flatnonzero(gaps > 1) + 1 if len(self._frames) // 2 <= p <= last]
        near = round(_NEAR_S * RATE_HZ / _FRAME)
        for place in sorted(pauses, key=lambda p: -int(gaps[p - 1])):
            word = int(np.abs(ends - place).argmin())
            if abs(ends[word] - place) <= near:
                middle = int(self._frames[place - 1] + self._frames[place] + 1) * _FRAME // 2
                return word + 1, middle
        count = max(1, int(np.searchsorted(ends, last, side="right")))
        place = min(int(ends[count - 1]), len(self._frames) - 1)
        return count, int(self._frames[place]) * _FRAME


def _loud(sound: Samples) -> npt.NDArray[np.bool_]:
    """Which frames are no pause: 35 dB below the loudest, or 10 dB above the noise if that is
    higher, for 100 ms."""
    size = len(sound) // _FRAME
    power = np.square(sound[: size * _FRAME].astype(np.float64)).reshape(size, _FRAME).mean(axis=1)
    level = 10.0 * np.log10(power + 1e-10)
    loudest, noise = np.percentile(level, [99, 5])
    # more than half way up to the loudest is speech, however noisy
    limit = max(loudest - _BELOW_DB, min(noise + _ABOVE_DB, (noise + loudest) / 2))
    edges = np.flatnonzero(np.diff(level < limit, prepend=False, append=False))
    loud = np.ones(size, dtype=np.bool_)
    for start, end in edges.reshape(-1, 2).tolist():
        if end - start >= _PAUSE_FRAMES:
            loud[start + (_KEPT_FRAMES if start else 0) : end - _KEPT_FRAMES] = False
    return loud
