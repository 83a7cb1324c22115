"""A stream in segments that an offline model can take, so that memory and cost stay bounded.

A segment ends at the first pause of ``min_silence_s`` once it is ``min_s`` long, and anywhere at
``max_s``; short recordings are one segment, as offline models have them in the literature.  What
lies more than ``PREROLL_S`` before the first speech of a segment is not kept, and a segment without
speech is none: offline models make up words for silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from s2st_bench.speech.levels import FRAME_S, SpeechLevels
from s2st_bench.types import Samples

from .dialects import RATE_HZ

PREROLL_S: Final = 0.5
NOTHING: Final = np.zeros(0, np.float32)
_HOP: Final = round(FRAME_S * RATE_HZ)
_MIN_FRAMES = 3
"""As many loud frames are speech; a click is not."""


@dataclass(frozen=True, slots=True)
class Piece:
    """New sound of the segment under way; ``ends`` if it is its last."""

    samples: Samples
    ends: bool = False


class Segments:
    """Cuts one stream."""

    def __init__(self, *, min_s: float, max_s: float, min_silence_s: float) -> None:
        self._min = round(min_s * RATE_HZ)
        self._max = round(max_s * RATE_HZ)
        self._silence = max(1, round(min_silence_s / FRAME_S))
        self._levels = SpeechLevels()
        self._rest = NOTHING
        """Sound given on that is not a whole frame yet."""
        self._before = NOTHING
        """Sound before the segment's first speech."""
        self._is_open = False
        self._loud = self._quiet = self._length = 0

    def push(self, samples: Samples, *, is_last: bool = False) -> Iterator[Piece]:
        """Take ``float32[n]``; the sound of segments in it, in order.  ``is_last``: no more comes,
        so the segment under way ends.
        """
        new = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).astype(np.float32)
        framed = np.concatenate([self._rest, new])
        count = len(framed) // _HOP
        ahead, begin = len(self._rest), 0
        self._rest = framed[count * _HOP :]
        frames = framed[: count * _HOP].reshape(count, _HOP)
        for number, is_speech in enumerate(self._levels.speech(frames), 1):
            end = number * _HOP - ahead
            self._loud = self._loud + 1 if is_speech else 0
            self._quiet = 0 if is_speech else self._quiet + 1
            if not self._is_open and self._loud >= _MIN_FRAMES:
                self._keep(new[begin:end])
                yield self._said(self._opened())
                begin = end
            elif self._is_open and self._is_over(self._length + end - begin):
                yield self._said(new[begin:end], ends=True)
                begin = end
        if not self._is_open:
            self._keep(new[begin:])
        elif is_last or begin < len(new):
            yield self._said(new[begin:], ends=is_last)

    def _is_over(self, length: int) -> bool:
        return length >= self._max or (length >= self._min and self._quiet >= self._silence)

    def _keep(self, samples: Samples) -> None:
        self._before = np.concatenate([self._before, samples])[-round(PREROLL_S * RATE_HZ) :]

    def _opened(self) -> Samples:
        sound, self._before = self._before, NOTHING
        self._is_open, self._length = True, 0
        return sound

    def _said(self, samples: Samples, *, ends: bool = False) -> Piece:
        self._length += len(samples)
        if ends:
            self._is_open = False
        return Piece(samples, ends)
