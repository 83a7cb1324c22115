"""Stability by comparing hypotheses, or by their ends: local agreement, hold-n, shared prefix."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from .rule import Unit
from .stability import Hypothesis, Stability, Units, common_prefix


@dataclass
class LocalAgreement(Stability):
    """LA-n: the longest common prefix of the last n hypotheses, less ``hold`` units at its end.

    Nothing before there are n of them.  LA-1 commits everything at once.  The papers' n is 2;
    ``hold`` (theirs 0) combines it with hold-n.
    """

    name = "local_agreement"
    source = "Liu et al. 2020, arXiv:2005.11185; Polák et al. 2022, arXiv:2204.06028"

    n: int = 2
    hold: int = 0
    unit: Unit = "sub-word"
    _recent: deque[Units] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check(self.n >= 1, "n", "at least 1 hypothesis")
        self._check(self.hold >= 0, "hold", "at least 0")
        self._recent = deque(maxlen=self.n)

    def decide(self, hypothesis: Hypothesis, committed: int) -> int:
        self._recent.append(hypothesis.units)
        if len(self._recent) < self.n:
            return 0
        return max(0, len(common_prefix(self._recent)) - self.hold)


@dataclass(frozen=True)
class Hold(Stability):
    """Hold-n: all but the last n units; hold-0 commits everything at once.

    The paper's n: 0 … 12 (ESPnet's ``hold_n`` likewise).
    """

    name = "hold"
    source = "Liu et al. 2020, arXiv:2005.11185"

    n: int = 4
    unit: Unit = "sub-word"

    def __post_init__(self) -> None:
        self._check(self.n >= 0, "n", "at least 0")

    def decide(self, hypothesis: Hypothesis, committed: int) -> int:
        return max(0, len(hypothesis.units) - self.n)


@dataclass
class SharedPrefix(Stability):
    """SP-n: the longest common prefix of all hypotheses in the beams of the last n chunks.

    Nothing before there are n beams.
    """

    name = "shared_prefix"
    source = "Nguyen et al. 2020, arXiv:2010.03449; Polák et al. 2022, arXiv:2204.06028"
    needs = frozenset({"beams"})

    n: int = 1
    unit: Unit = "sub-word"
    _recent: deque[tuple[Units, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check(self.n >= 1, "n", "at least 1 beam")
        self._recent = deque(maxlen=self.n)

    def decide(self, hypothesis: Hypothesis, committed: int) -> int:
        self._recent.append((hypothesis.units, *(hypothesis.beams or ())))
        if len(self._recent) < self.n:
            return 0
        return len(common_prefix([units for beam in self._recent for units in beam]))
