"""Stability by where the decoder looked: AlignAtt and EDAtt.

A new unit that leans on the newest speech may change with what comes; it and all after it wait.
``Hypothesis.attention`` is A [units, frames].  From it, in this order: the last ``drop_last``
frames are left out (encoders with full context put an attention sink there), rows may be made to
sum to 1 again, and columns may be z-normalised over units (frames that every unit attends to
stop mattering).  T below counts the frames that are left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .rule import Floats
from .stability import Hypothesis, Stability


@dataclass(frozen=True)
class AlignAtt(Stability):
    """Stop at the first new unit with argmax_t A[unit, t] >= T - f.

    The paper's f: 2, 4, 6, 8, … 14 frames of about 40 ms; SimulStreaming's are of 20 ms.  f = 0
    never stops, f >= T always does.
    """

    name = "alignatt"
    source = "Papi et al. 2023, arXiv:2305.11408; simulstream base_streamatt"
    needs = frozenset({"attention"})
    unit = "sub-word"

    f: int = 4
    drop_last: int = 0
    z_normalise: bool = False

    def __post_init__(self) -> None:
        self._check(self.f >= 0, "f", "at least 0 frames")
        self._check(self.drop_last >= 0, "drop_last", "at least 0 frames")

    def decide(self, hypothesis: Hypothesis, committed: int) -> int:
        a = without_last(hypothesis, self.drop_last)
        if self.z_normalise:
            a = z_normalised(a)
        if not a.shape[1]:
            return committed
        return _before_first(a.argmax(axis=1) >= a.shape[1] - self.f, committed)


@dataclass(frozen=True)
class EDAtt(Stability):
    """Stop at the first new unit with A[unit, T - frames] + … + A[unit, T - 1] >= alpha.

    The paper's alpha: 0.6, 0.4, 0.2, 0.1, 0.05, 0.03; its ``frames`` (lambda) is 2, its last
    frame is dropped and the rest made to sum to 1.  alpha = 0 always stops, more than 1 never.
    """

    name = "edatt"
    source = "Papi et al. 2023, arXiv:2212.07850"
    needs = frozenset({"attention"})
    unit = "sub-word"

    alpha: float = 0.2
    frames: int = 2
    drop_last: int = 1
    renormalise: bool = True
    z_normalise: bool = False

    def __post_init__(self) -> None:
        self._check(self.alpha >= 0, "alpha", "at least 0")
        self._check(self.frames >= 1, "frames", "at least 1")
        self._check(self.drop_last >= 0, "drop_last", "at least 0 frames")

    def decide(self, hypothesis: Hypothesis, committed: int) -> int:
        a = without_last(hypothesis, self.drop_last)
        if self.renormalise:
            a = renormalised(a)
        if self.z_normalise:
            a = z_normalised(a)
        if not a.shape[1]:
            return committed
        return _before_first(a[:, -self.frames :].sum(axis=1) >= self.alpha, committed)


def without_last(hypothesis: Hypothesis, frames: int) -> Floats:
    """The hypothesis' attention [units, frames], float64, the last ``frames`` left out."""
    a = np.asarray(hypothesis.attention, np.float64)
    return a[:, : max(0, a.shape[1] - frames)]


def renormalised(a: Floats) -> Floats:
    """Rows that sum to 1; a row without mass stays as it is."""
    total = a.sum(axis=1, keepdims=True)
    return np.divide(a, total, out=a.copy(), where=total > 0)


def z_normalised(a: Floats) -> Floats:
    """Columns of mean 0 and variance 1 over units; with fewer than two units, as they are."""
    if len(a) < 2:
        return a
    spread = a.std(axis=0)
    return np.divide(a - a.mean(axis=0), spread, out=np.zeros_like(a), where=spread > 0)


def _before_first(stops: npt.NDArray[np.bool_], committed: int) -> int:
    """Units before the first past ``committed`` that stops."""
    found = np.flatnonzero(stops[committed:])
    return committed + int(found[0]) if len(found) else max(committed, len(stops))
