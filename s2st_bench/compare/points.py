"""Systems with one operating point: dominance, and the best quality within a latency.

A single point has no curve, and the latency at which it happens to lie was not chosen for the
comparison.  Two things can be said without a choice made on the test set:

*dominance*  one point is better on both axes.  It is better on both if each axis alone says so
             (intersection-union test), so its p is the larger of the two one-sided ones.
*budget*     each system shows the point it would choose on the dev set: the best quality among
             those whose dev latency is at most L.  L and the choice are fixed before test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from s2st_bench.compare.holm import adjust
from s2st_bench.compare.matched import Point
from s2st_bench.compare.ranks import ALPHA, pairwise_p
from s2st_bench.errors import UsageError
from s2st_bench.metric import Floats
from s2st_bench.sample import Joint, Sample

Verdict = Literal["dominates", "dominated", "undecided"]


@dataclass(frozen=True, slots=True)
class Dominance:
    """One point against one point of another system."""

    latency: float
    """Difference, this less the other's."""
    quality: float
    p_value: float
    """Of better (or worse) on both axes; 1 where each is better on one."""
    p_holm: float
    """Over all points of the other system."""
    verdict: Verdict

    def reversed(self) -> Dominance:
        """The same, seen from the other point."""
        verdict: Verdict = "undecided"
        if self.verdict != "undecided":
            verdict = "dominated" if self.verdict == "dominates" else "dominates"
        return replace(self, latency=-self.latency, quality=-self.quality, verdict=verdict)


def dominance(
    point: Point, others: Sequence[Point], *, alpha: float = ALPHA
) -> list[Dominance]:
    """Whether ``point`` is better, or worse, on both axes than each of ``others``.

    Raises
    ------
    UsageError
        An axis is no merit (its metric says neither higher nor lower is better).
    """
    compared = [(_axis(point.latency, o.latency), _axis(point.quality, o.quality))
                for o in others]
    p_values = []
    for (latency, p_latency), (quality, p_quality) in compared:
        same_way = latency * quality > 0
        p_values.append(max(p_latency, p_quality) if same_way else 1.0)
    rows = []
    for ((latency, _), (quality, _)), p, adjusted in zip(
        compared, p_values, adjust(p_values), strict=True
    ):
        p_holm = 1.0 if adjusted is None else adjusted
        verdict: Verdict = "undecided"
        if p_holm < alpha:
            verdict = "dominates" if quality > 0 else "dominated"
        rows.append(Dominance(
            latency * _sign(point.latency), quality * _sign(point.quality), p, p_holm, verdict,
        ))
    return rows


def choose(latency: Floats, quality: Floats, budget: float) -> int | None:
    """The point a system shows: on *dev*, best quality (higher is better) with latency <= L.

    ``latency`` and ``quality`` are dev values, ``float64[p]``; of equal quality, the faster.
    None where no point keeps the budget.
    """
    within = np.flatnonzero((latency <= budget) & np.isfinite(quality))
    if not len(within):
        return None
    order = np.lexsort((latency[within], -quality[within]))
    return int(within[order[0]])


def _axis(one: Sample, other: Sample) -> tuple[float, float]:
    """Merit of one less the other's, and the one-sided p of its sign."""
    joint = Joint([one, other])
    difference = float(joint.estimates[0] - joint.estimates[1])
    if not math.isfinite(difference):
        return 0.0, 1.0
    return difference * _sign(one), float(pairwise_p(joint)[0, 1]) / 2


def _sign(sample: Sample) -> int:
    higher = sample.metric.spec.higher_is_better
    if higher is None:
        raise UsageError(f"{sample.metric.name} is no merit: neither high nor low is better")
    return 1 if higher else -1
