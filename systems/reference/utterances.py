"""Where one utterance ends and the next begins, from the level of the sound alone.

The models are trained on single sentences; a long recording is cut at its pauses, and everything
that remembers starts anew with each utterance, so that memory and cost never grow.  What is speech,
:class:`~s2st_bench.speech.levels.SpeechLevels` says.  An utterance begins at least ``PREROLL_S``
before its first speech and ends when ``min_silence_s`` of it have been quiet, or at ``max_s``.  It
begins at a whole number of encoder chunks after the start of the stream, so that sound which
arrives chunk by chunk is not kept waiting for the rest of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from s2st_bench.speech.levels import SpeechLevels
from s2st_bench.types import Samples

from .frontend import HOP, RATE_HZ
from .shape import CHUNK_MELS

PREROLL_S: Final = 0.1
_CHUNK: Final = CHUNK_MELS * HOP
_MIN_FRAMES = 3
"""As many loud frames begin an utterance; a click does not."""
_KEPT: Final = round(PREROLL_S * RATE_HZ) + _CHUNK + _MIN_FRAMES * HOP


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound of the utterance under way; ``ends`` if it is the utterance's last."""

    samples: Samples
    ends: bool = False


class Utterances:
    """Cuts one stream."""

    def __init__(
        self, *, min_silence_s: float = 0.4, max_s: float = 20.0, above_db: float = 14.0,
        below_db: float = 33.0,
    ) -> None:
        self._min_silence = round(min_silence_s * RATE_HZ / HOP)
        self._max = round(max_s * RATE_HZ)
        self._levels = SpeechLevels(above_db=above_db, below_db=below_db)
        self._rest = np.zeros(0, np.float32)
        self._before = np.zeros(0, np.float32)
        self._is_open = False
        self._loud = 0
        self._quiet = 0
        self._length = 0
        self._at = 0
        """Samples of the stream before those of the call under way."""

    def push(self, samples: Samples) -> Iterator[Piece]:
        """Feed ``float32[n]`` at 16 kHz; pieces of utterances, in order, pauses left out."""
        sound = np.concatenate([self._rest, np.nan_to_num(samples).astype(np.float32, copy=False)])
        count = len(sound) // HOP
        self._rest = sound[count * HOP :]
        start = 0
        for number, is_speech in enumerate(
            self._levels.speech(sound[: count * HOP].reshape(count, HOP))
        ):
            end = (number + 1) * HOP
            self._loud = self._loud + 1 if is_speech else 0
            self._quiet = 0 if is_speech else self._quiet + 1
            if not self._is_open and self._loud >= _MIN_FRAMES:
                self._is_open, self._length = True, 0
                yield from self._said(self._beginning(sound[start:end], self._at + end))
                start = end
            elif self._is_open and (
                self._quiet >= self._min_silence or self._length + end - start >= self._max
            ):
                yield Piece(sound[start:end], ends=True)
                self._is_open, start = False, end
        left = sound[start : count * HOP]
        if self._is_open:
            yield from self._said(left)
        else:
            self._before = np.concatenate([self._before, left])[-_KEPT:]
        self._at += count * HOP

    def finish(self) -> Iterator[Piece]:
        """The stream has ended: the end of the utterance under way, if there is one."""
        if self._is_open:
            yield Piece(self._rest, ends=True)
        self._is_open = False
        self._rest = np.zeros(0, np.float32)

    def _beginning(self, new: Samples, end: int) -> Samples:
        """The utterance's sound so far, which ends ``end`` samples into the stream."""
        sound = np.concatenate([self._before, new])
        self._before = np.zeros(0, np.float32)
        onset = end - _MIN_FRAMES * HOP - round(PREROLL_S * RATE_HZ)
        wanted = end - max(0, onset // _CHUNK * _CHUNK)
        missing = max(0, wanted - len(sound))
        begun: Samples = np.concatenate([np.zeros(missing, np.float32), sound])[-wanted:]
        return begun

    def _said(self, samples: Samples) -> Iterator[Piece]:
        if len(samples):
            self._length += len(samples)
            yield Piece(samples)
