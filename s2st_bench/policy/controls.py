"""Gates that bound every curve: no wait, all the wait, a fixed rhythm, chance, and the alignment.

They come from no paper; a policy worth its name lies between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .gate import Gate, Schedule, State
from .rule import Unit
from .waitk import EPSILON

_OURS = "s2st_bench, a control"


@dataclass(frozen=True)
class Eager(Gate):
    """WRITE as soon as anything was read."""

    name = "eager"
    source = _OURS

    unit: Unit = "sub-word"

    def decide(self, state: State) -> bool:
        return state.read > 0


@dataclass(frozen=True)
class Offline(Gate):
    """READ to the end."""

    name = "offline"
    source = _OURS

    unit: Unit = "sub-word"

    def decide(self, state: State) -> bool:
        return False


@dataclass(frozen=True)
class FixedRate(Schedule):
    """g(i) = wait + ceil(i / rate): ``rate`` target units for each source unit past ``wait``."""

    name = "fixed_rate"
    source = _OURS

    rate: float = 1.0
    wait: int = 0
    unit: Unit = "sub-word"

    def __post_init__(self) -> None:
        self._check(0 < self.rate < math.inf, "rate", "a positive number")
        self._check(self.wait >= 0, "wait", "at least 0")

    def g(self, i: int) -> int:
        return self.wait + max(1, math.ceil(i / self.rate - EPSILON))


@dataclass
class Random(Gate):
    """WRITE with probability ``p`` at every question, from a stream of its own that ``seed`` fixes.

    g(i + 1) - g(i) is geometric, of mean (1 - p) / p.
    """

    name = "random"
    source = _OURS

    p: float = 0.5
    seed: int = 0
    unit: Unit = "sub-word"
    _rng: np.random.Generator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check(0 <= self.p <= 1, "p", "0 to 1")
        self._check(self.seed >= 0, "seed", "at least 0")
        self._rng = np.random.default_rng(self.seed)

    def decide(self, state: State) -> bool:
        return state.read > 0 and bool(self._rng.random() < self.p)


@dataclass(frozen=True)
class Oracle(Gate):
    """WRITE once the source unit that target unit i is aligned to was read: g(i) = due(i).

    A unit waits for those before it.  It takes the reference's word alignment, so whoever uses
    it is a control and never ranks.
    """

    name = "oracle"
    source = _OURS
    needs = frozenset({"due"})

    unit: Unit = "word"

    def decide(self, state: State) -> bool:
        return state.due is None or state.read >= state.due
