"""Monotonic multihead attention: each head walks over the source and stops; all must have stopped.

For target unit i, head h goes on from where it stopped for unit i - 1, past every source position
j with p_ij < 0.5, to its t_h.  If any head would go beyond what was read: READ; the slowest head
decides.  At the end of the source, heads that found no stop stand at the last position.  With one
head this is monotonic attention (Raffel et al. 2017, arXiv:1704.00784).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import InputError

from .evidence import probabilities
from .gate import Gate, State

Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]


@dataclass
class Monotonic(Gate):
    """The walk that both forms share.  ``State.p_choose`` is [layers, heads, read]."""

    needs = frozenset({"p_choose"})
    unit = "sub-word"

    threshold: float = 0.5
    _at: Ints | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check(0 < self.threshold <= 1, "threshold", "more than 0, at most 1")

    def decide(self, state: State) -> bool:
        if state.p_choose is None:
            return True
        p = probabilities(self.name, state.p_choose, 3)
        if p.shape[2] != state.read:
            raise InputError(
                f"{self.name}: p_choose is [layers, heads, read={state.read}], not {p.shape}"
            )
        if self._at is None:
            self._at = np.zeros(p.shape[:2], np.int64)
        if self._at.shape != p.shape[:2]:
            raise InputError(
                f"{self.name}: p_choose had {self._at.shape} layers and heads, now {p.shape[:2]}"
            )
        # one column more, in which all heads stop: beyond what was read
        stops = np.ones((*p.shape[:2], state.read + 1), np.bool_)
        positions = np.arange(state.read)
        stops[..., :-1] = (p >= self.threshold) & (positions >= self._at[..., None])
        self._at = stops.argmax(axis=2)
        return bool((self._at < state.read).all())

    def stops(self, read: int) -> Ints:
        """[layers, heads]: where each head stopped for the pending unit, of ``read`` positions."""
        if self._at is None:
            raise InputError(f"{self.name}: no head has moved: ask may_write first")
        return np.minimum(self._at, read - 1)

    @abstractmethod
    def mask(self, read: int) -> Bools:
        """[layers, heads, read]: what each head attends to for the pending unit."""


@dataclass
class MMAHard(Monotonic):
    """MMA-H: a head attends to the one position where it stopped, j = t_h."""

    name = "mma_hard"
    source = "Ma et al. 2020, arXiv:1909.12406; fairseq monotonic_multihead_attention"

    def mask(self, read: int) -> Bools:
        return np.equal(np.arange(read), self.stops(read)[..., None])


@dataclass
class MMAInfiniteLookback(Monotonic):
    """MMA-IL: a head attends softly to all up to where it stopped, j <= t_h."""

    name = "mma_il"
    source = "Ma et al. 2020, arXiv:1909.12406; fairseq monotonic_multihead_attention"

    def mask(self, read: int) -> Bools:
        return np.less_equal(np.arange(read), self.stops(read)[..., None])
