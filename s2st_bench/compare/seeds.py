"""Two ways of training compared at equal latency, over training seeds and recordings at once.

Each seed gives a pair of curves (:mod:`.matched`).  The difference is the mean over seeds; its
variance is that of resampled recordings (the same draw for all seeds) plus that between seeds over
their number.  The latter also holds each seed's own recording noise, so the band is rather too
wide.  Student's t with Welch and Satterthwaite's degrees of freedom; one seed gives no claim.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from s2st_bench import stats, student
from s2st_bench.compare.matched import CERTAIN, GRID, Axes, Matched, Point, largest_deviation
from s2st_bench.errors import NotComparable, UsageError
from s2st_bench.metric import Floats

Curves = Sequence[Sequence[Point]]
"""One curve per seed."""


def matched_over_seeds(
    first: Curves, second: Curves, *, n_grid: int = GRID, n_resamples: int = stats.RESAMPLES,
    seed: int = stats.SEED,
) -> Matched:
    """First less second at equal latency; ``first[i]`` and ``second[i]`` are paired.

    The simultaneous band takes its width from the recordings' part of the noise.

    Raises
    ------
    UsageError
        Not the same number of seeds on both sides.
    NotComparable
        Fewer than two seeds, or no latency that all curves reach.
    """
    if len(first) != len(second):
        raise UsageError(f"{len(first)} seeds of the first, {len(second)} of the second")
    if len(first) < 2:
        raise NotComparable("one seed: no claim")
    pairs = [Axes([*a, *b], len(a)) for a, b in zip(first, second, strict=True)]
    clusters = {axes.joint.n_clusters for axes in pairs}
    if len(clusters) > 1 or min(clusters) < 2:
        raise NotComparable("the seeds' runs are of different recordings, or of fewer than two")
    k = clusters.pop()
    ends = [axes.overlap() for axes in pairs]
    low, high = max(end[0] for end in ends), min(end[1] for end in ends)
    if not low < high:
        raise NotComparable("the curves of all seeds share no latency")
    grid = np.linspace(low, high, n_grid)
    weights = stats.resample_counts(k, n_resamples, seed)
    drawn = np.mean([axes.differences(weights, grid) for axes in pairs], axis=0)
    single = np.stack([axes.differences(np.ones((1, k)), grid)[0] for axes in pairs])
    kept = (np.isfinite(drawn).mean(axis=0) >= CERTAIN) & np.isfinite(single).all(axis=0)
    if not kept.any():
        raise NotComparable(f"the curves share latencies {low:g} to {high:g}, but none in "
                            f"{CERTAIN:.0%} of the resamples")
    grid, drawn, single = grid[kept], drawn[:, kept], single[:, kept]
    estimate = single.mean(axis=0)
    recordings = np.nanvar(drawn, axis=0) * k / (k - 1)
    seeds = single.var(axis=0, ddof=1) / len(single)
    error = np.sqrt(recordings + seeds)
    t = _quantiles(recordings, seeds, k - 1, len(single) - 1)
    half = t * error
    wide = np.maximum(1.0, largest_deviation(drawn) / student.quantile(0.975, 1e9)) * half
    return Matched(
        grid, estimate, (estimate - half, estimate + half), (estimate - wide, estimate + wide),
        (low, high), k, f"matched-seeds-t({len(single)}, {n_resamples})",
    )


def _quantiles(recordings: Floats, seeds: Floats, k: int, s: int) -> Floats:
    """Student's t at 97.5 % for a sum of two variances with ``k`` and ``s`` degrees of freedom."""
    total = (recordings + seeds) ** 2
    parts = recordings**2 / k + seeds**2 / s
    dof = np.divide(total, parts, out=np.full_like(total, float(k)), where=parts > 0)
    return student.quantile(0.975, np.maximum(dof, 1.0))
