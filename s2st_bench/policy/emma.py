"""EMMA's decision: WRITE while attention's heads are sure enough that enough was read.

The heads' probabilities of stopping at the last source unit are reduced to one; the closed-form
estimate of alignments that trains them is the model's.  Behaviour is that of Seamless' text
decoder agent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from s2st_bench.errors import InputError

from .evidence import probabilities
from .gate import Gate, State
from .rule import Floats


@dataclass
class EMMA(Gate):
    """WRITE if reduce(p_choose over layers >= start_layer and heads) >= threshold.

    ``State.p_choose`` is [layers, heads] for the pending unit at the last source unit, or
    [layers, heads, read], of which the last column is looked at.  The paper's threshold is 0.5
    (swept 0.3 … 0.9); Seamless has 24 layers of 16 heads and reduces by ``min``.  ``median`` is
    the lower of two middle values, as in torch.

    no_early_stop
        READ instead of ending the sentence while the source goes on; where the model is sure of
        the end (reduced p is exactly 1), the units held since the last READ are dropped too
        (:meth:`takes_back`).
    max_consecutive_write
        Most units between two READs while the source goes on.
    """

    name = "emma"
    source = "Ma et al. 2023, arXiv:2312.04515; seamless_communication online_text_decoder"
    needs = frozenset({"p_choose"})
    unit = "sub-word"

    threshold: float = 0.5
    reduce: Literal["min", "mean", "median"] = "min"
    start_layer: int = 0
    no_early_stop: bool = True
    max_consecutive_write: int = 50
    _turn: tuple[int, int] = field(default=(-1, 0), init=False, repr=False, compare=False)
    """Units read, and units written when the turn began."""

    def __post_init__(self) -> None:
        self._check(0 <= self.threshold <= 1, "threshold", "0 to 1")
        self._check(self.reduce in ("min", "mean", "median"), "reduce", "min, mean or median")
        self._check(self.start_layer >= 0, "start_layer", "at least 0")
        self._check(self.max_consecutive_write >= 1, "max_consecutive_write", "at least 1")

    def decide(self, state: State) -> bool:
        if state.p_choose is None:
            return True
        if self._turn[0] != state.read:
            self._turn = (state.read, state.written)
        if state.written - self._turn[1] >= self.max_consecutive_write:
            return False
        if self.no_early_stop and state.ends:
            return False
        return self.probability(state.p_choose) >= self.threshold

    def takes_back(self, state: State) -> bool:
        return (
            self.no_early_stop and state.ends and not state.source_done
            and state.p_choose is not None and self.probability(state.p_choose) == 1.0
        )

    def probability(self, p_choose: Floats) -> float:
        """``p_choose`` [layers, heads] or [layers, heads, read] reduced to one number."""
        p = np.asarray(p_choose)
        last = probabilities(self.name, p[..., -1:] if p.ndim == 3 else p, 2, 3)
        p = last[self.start_layer :].ravel()
        if not len(p):
            raise InputError(
                f"emma: p_choose of shape {np.shape(p_choose)} has no value from "
                f"start_layer={self.start_layer} on"
            )
        if self.reduce == "min":
            return float(p.min())
        if self.reduce == "mean":
            return float(p.mean(dtype=np.float64))
        return float(np.sort(p)[(len(p) - 1) // 2])
