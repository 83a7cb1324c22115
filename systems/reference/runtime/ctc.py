"""The best path of CTC, read as it grows.

Graves et al. 2006, section 3.1: repetitions once, blanks not at all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..pieces import BLANK


class BestPath:
    """Pieces said so far by one CTC head."""

    def __init__(self) -> None:
        self.pieces: list[int] = []
        """Only ever grows."""
        self.frames: list[int] = []
        """Of each piece, the first frame that said it."""
        self._last = BLANK
        self._count = 0

    def push(self, logits: npt.NDArray[np.float32]) -> None:
        """``logits [frames, pieces]`` of the frames that follow."""
        for piece in logits.argmax(-1).tolist():
            if piece not in (BLANK, self._last):
                self.pieces.append(piece)
                self.frames.append(self._count)
            self._last = piece
            self._count += 1
