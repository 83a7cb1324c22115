"""Real computation of a known length, so that a measuring clock has something to see."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

_SPIN_S = 0.002
"""A sleep may overshoot by about a millisecond; the end is waited out awake."""


@dataclass(frozen=True, slots=True)
class Work:
    """Seconds of work for new source: a share of its length, and a burst now and then."""

    per_second_s: float = 0.0
    """Real-time factor."""
    burst_every_s: float = 0.0
    """Source between bursts; 0: none."""
    burst_s: float = 0.0

    def __post_init__(self) -> None:
        if not all(0 <= value < math.inf
                   for value in (self.per_second_s, self.burst_every_s, self.burst_s)):
            raise ValueError("compute, burst_every_s and burst_compute_s must be 0 or more")

    def cost_s(self, heard: float, upto: float) -> float:
        """Work for the source from ``heard`` to ``upto``; a burst falls on each whole multiple
        of ``burst_every_s`` in (heard, upto].
        """
        cost = self.per_second_s * (upto - heard)
        if self.burst_every_s > 0:
            bursts = _multiples(upto, self.burst_every_s) - _multiples(heard, self.burst_every_s)
            cost += self.burst_s * bursts
        return cost


def busy(seconds: float) -> None:
    """Be at work for ``seconds``, to within some ten microseconds on an idle host."""
    end = time.perf_counter() + seconds
    if seconds > _SPIN_S:
        time.sleep(seconds - _SPIN_S)
    while time.perf_counter() < end:
        pass


def _multiples(value: float, step: float) -> int:
    return math.floor(value / step + 1e-9)
