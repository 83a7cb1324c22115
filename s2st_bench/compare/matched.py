"""Quality at the same latency, from two systems' curves.

A *curve* is one system run at several operating points on the same corpus.  A resample draws
clusters and recomputes both axes at every point of both systems, so that the noise of the latency
axis is in the result.  Between neighbours in latency the curve is linear; beyond its ends there
is none, so systems are compared only at latencies that both reach, in at least 95 % of resamples.

*Bands* are difference ± c × bootstrap standard error.  Pointwise c is Student's t at 97.5 %.  For
the simultaneous band, which holds for all latencies at once, it is t at the level at which a
normal deviate would be as far out as the 95 % quantile of the largest standardised deviation over
the grid (sup-t; Montiel Olea & Plagborg-Møller 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from s2st_bench import stats, student
from s2st_bench.errors import NotComparable, UsageError
from s2st_bench.metric import Floats
from s2st_bench.sample import Joint, Sample

GRID = 21
CERTAIN = 0.95
"""Share of resamples in which a latency must lie inside both curves."""
_LEVEL = 1 - 1e-12
"""Beyond it a level is 1 but for rounding."""


@dataclass(frozen=True, slots=True)
class Point:
    """One run: its items for the latency and for the quality metric."""

    latency: Sample
    quality: Sample


@dataclass(frozen=True, slots=True)
class Matched:
    """First minus second curve's quality over latencies; all ``float64[g]``."""

    latency: Floats
    difference: Floats
    pointwise: tuple[Floats, Floats]
    simultaneous: tuple[Floats, Floats]
    overlap: tuple[float, float]
    """Latencies that both curves span as they stand; ``latency`` may span less."""
    n_clusters: int
    method: str


def matched(
    first: Sequence[Point],
    second: Sequence[Point],
    *,
    n_grid: int = GRID,
    n_resamples: int = stats.RESAMPLES,
    seed: int = stats.SEED,
) -> Matched:
    """Compare two curves at equal latency.

    Raises
    ------
    NotComparable
        A curve of fewer than two points, no latency that both reach, or fewer than two clusters.
    """
    if min(len(first), len(second)) < 2:
        raise NotComparable("a system with one operating point has no curve: compare points "
                            "(dominance), or the best quality at latency <= L with L fixed on dev")
    axes = Axes([*first, *second], len(first))
    k = axes.joint.n_clusters
    if k < 2:
        raise NotComparable("one cluster says nothing of the spread between clusters")
    low, high = axes.overlap()
    if not low < high:
        raise NotComparable(f"the curves share no latency: the one ends at {high:g} before the "
                            f"other begins at {low:g}")
    grid = np.linspace(low, high, n_grid)
    weights = stats.resample_counts(k, n_resamples, seed)
    drawn = axes.differences(weights, grid)
    kept = np.isfinite(drawn).mean(axis=0) >= CERTAIN
    if not kept.any():
        raise NotComparable(f"the curves share latencies {low:g} to {high:g}, but none in "
                            f"{CERTAIN:.0%} of the resamples")
    estimate = axes.differences(np.ones((1, k)), grid)[0]
    # the ends of the grid are the ends of a curve: rounding must not put them outside it
    kept &= np.isfinite(estimate)
    grid, drawn, estimate = grid[kept], drawn[:, kept], estimate[kept]
    error = np.nanstd(drawn, axis=0) * np.sqrt(k / (k - 1))
    dof = stats.degrees_of_freedom(axes.joint.sizes)
    half = float(student.quantile(0.975, dof)) * error
    level = 1 - math.erfc(largest_deviation(drawn) / math.sqrt(2)) / 2
    wide = float(student.quantile(min(max(0.975, level), _LEVEL), dof)) * error
    return Matched(
        grid, estimate, (estimate - half, estimate + half), (estimate - wide, estimate + wide),
        (low, high), k, f"matched-bootstrap-t({n_resamples})",
    )


def interpolate(latency: Floats, quality: Floats, at: Floats) -> Floats:
    """Piecewise linear curves ``float64[b, p]`` at latencies ``float64[g]``: ``float64[b, g]``.

    Points stand in any order; NaN outside a curve and where a point is NaN.
    """
    order = np.argsort(latency, axis=1)
    x = np.take_along_axis(latency, order, axis=1)
    y = np.take_along_axis(quality, order, axis=1)
    found = np.full((len(x), len(at)), np.nan)
    for left in range(x.shape[1] - 1):
        x0, x1 = x[:, left, None], x[:, left + 1, None]
        y0, y1 = y[:, left, None], y[:, left + 1, None]
        width = x1 - x0
        share = np.divide(at - x0, width, out=np.zeros((len(x), len(at))), where=width > 0)
        inside = (at >= x0) & (at <= x1)
        found = np.where(inside, y0 + share * (y1 - y0), found)
    return np.where(np.isnan(x + y).any(axis=1, keepdims=True), np.nan, found)


class Axes:
    """Both axes of the points of two systems, over the same clusters."""

    def __init__(self, points: Sequence[Point], n_first: int) -> None:
        self.joint = Joint([p.latency for p in points] + [p.quality for p in points])
        self._n, self._n_first = len(points), n_first
        for axis in ("latency", "quality"):
            names = {getattr(point, axis).metric.name for point in points}
            if len(names) > 1:
                raise UsageError(f"the points' {axis} is of several metrics: "
                                 f"{', '.join(sorted(names))}")

    def overlap(self) -> tuple[float, float]:
        latency = self.joint.estimates[: self._n]
        sides = latency[: self._n_first], latency[self._n_first :]
        return max(float(s.min()) for s in sides), min(float(s.max()) for s in sides)

    def differences(self, weights: Floats, grid: Floats) -> Floats:
        """First minus second system's quality, ``float64[b, g]``."""
        values = np.stack([s(weights) for s in self.joint.statistics], axis=1)
        latency, quality = values[:, : self._n], values[:, self._n :]
        cut = self._n_first
        return (interpolate(latency[:, :cut], quality[:, :cut], grid)
                - interpolate(latency[:, cut:], quality[:, cut:], grid))


def largest_deviation(drawn: Floats) -> float:
    """The 95 % quantile over resamples of the largest standardised deviation on the grid."""
    spread = np.nanstd(drawn, axis=0)
    moving = spread > 0
    if not moving.any():
        return 0.0
    deviations = np.abs(drawn[:, moving] - np.nanmean(drawn[:, moving], axis=0)) / spread[moving]
    whole = np.isfinite(deviations).any(axis=1)
    return float(np.quantile(np.nanmax(deviations[whole], axis=1), 0.95))
