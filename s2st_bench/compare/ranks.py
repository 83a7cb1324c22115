"""What a list of systems says about their order.

Every pair's difference is tested; a system's range runs from one more than the number of systems
found better to the list's length less the number found worse.  Systems whose ranges overlap
through an untested or unfound difference share places: ``1-3`` is a tie in sight.

The pairwise p is Student's, from the same standard error as the default interval of a difference
(a list of 20 has 190 pairs: a p counted from 1,000 resamples cannot pass Holm's correction, which
asks for 0.05 / 190).  All pairs come from one covariance matrix over delete-one-cluster values, or
over bootstrap values where the metric is no function of sums.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from s2st_bench import stats, student
from s2st_bench.compare.holm import adjust
from s2st_bench.errors import UsageError
from s2st_bench.metric import Floats
from s2st_bench.sample import Joint

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Rank:
    """Places 1 … n that a system may hold."""

    best: int
    worst: int

    def __str__(self) -> str:
        return str(self.best) if self.best == self.worst else f"{self.best}-{self.worst}"


def rank_ranges(joint: Joint, *, alpha: float = ALPHA) -> list[Rank]:
    """Ranges of the joint's systems, in its order; Holm's correction over all pairs.

    Raises
    ------
    UsageError
        The metric is no merit, or the samples are of several metrics.
    """
    names = {sample.metric.name for sample in joint.samples}
    higher = joint.samples[0].metric.spec.higher_is_better
    if len(names) != 1 or higher is None:
        raise UsageError(f"{', '.join(sorted(names))}: ranks are of one metric that has a better "
                         "and a worse")
    return ranges(joint.estimates, pairwise_p(joint), higher_is_better=higher, alpha=alpha)


def ranges(
    values: Floats, p_values: Floats, *, higher_is_better: bool, alpha: float = ALPHA
) -> list[Rank]:
    """Ranges from values ``float64[n]`` and unadjusted pairwise p ``float64[n, n]``."""
    n = len(values)
    above, below = np.triu_indices(n, 1)
    adjusted = adjust([p if np.isfinite(p) else 1.0 for p in p_values[above, below].tolist()])
    found = np.zeros((n, n), dtype=bool)
    found[above, below] = [p is not None and p < alpha for p in adjusted]
    found |= found.T
    merit = values if higher_is_better else -values
    better = found & (merit[None, :] > merit[:, None])
    worse = found & (merit[None, :] < merit[:, None])
    return [
        Rank(1 + up, n - down)
        for up, down in zip(better.sum(axis=1).tolist(), worse.sum(axis=1).tolist(), strict=True)
    ]


def pairwise_p(joint: Joint, *, seed: int = stats.SEED) -> Floats:
    """Two-sided p of every pair's difference, ``float64[n, n]``; 1 for one cluster."""
    n, k = len(joint.samples), joint.n_clusters
    if k < 2:
        return np.ones((n, n))
    if joint.smooth:
        deviations = joint.without_each() - joint.estimates
        scale = (k - 1) / k
    else:
        deviations = values_of(joint, stats.resample_blocks(k, stats.RESAMPLES, seed))
        deviations -= deviations.mean(axis=0)
        scale = k / (k - 1) / len(deviations)
    return _p_of(joint.estimates, scale * deviations.T @ deviations, joint.sizes)


def p_of_left_out(values: Floats, deviations: Floats, sizes: Floats) -> Floats:
    """:func:`pairwise_p` from what was stored of each system, ``float64[n, n]``.

    Parameters
    ----------
    values
        ``float64[n]``.
    deviations
        Each system's value without each cluster less its value, ``float64[k, n]``; 0 where it has
        no item in the cluster.
    sizes
        Items of each cluster, ``float64[k]``.
    """
    n, k = len(values), len(sizes)
    if k < 2:
        return np.ones((n, n))
    return _p_of(values, (k - 1) / k * deviations.T @ deviations, sizes)


def p_of_intervals(values: Floats, halves: Floats, n_clusters: Floats) -> Floats:
    """Two-sided p of every pair's difference from 95 % intervals alone, ``float64[n, n]``.

    As though the systems had been measured on different items: too careful where their values
    rise and fall together, as on the same recordings they do.  1 where an interval (half its width
    in ``halves``) is NaN, or is over fewer than two clusters.
    """
    dof = np.maximum(n_clusters - 1, 1)
    error = np.where(n_clusters < 2, np.nan, halves) / student.quantile(0.975, dof)
    difference = values[:, None] - values[None, :]
    spread = np.sqrt(error[:, None] ** 2 + error[None, :] ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(difference == 0, 0.0, difference / spread)
    fewest = np.minimum(n_clusters[:, None], n_clusters[None, :])
    p = student.two_sided(t, np.minimum(dof[:, None], dof[None, :]))
    p = np.where((spread == 0) & (difference != 0), _of_signs(fewest), p)
    return np.where(np.isnan(spread), 1.0, p)


def _p_of(values: Floats, covariance: Floats, sizes: Floats) -> Floats:
    spread = np.diag(covariance)
    variance = np.maximum(spread[:, None] + spread[None, :] - 2 * covariance, 0.0)
    # what cancels to nothing but rounding is no spread at all
    variance[variance < 1e-12 * np.max(spread, initial=0.0)] = 0.0
    difference = values[:, None] - values[None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(difference == 0, 0.0, difference / np.sqrt(variance))
    p = student.two_sided(t, stats.degrees_of_freedom(sizes))
    return np.where((variance == 0) & (difference != 0), _of_signs(len(sizes)), p)


def _of_signs(n_clusters: npt.ArrayLike) -> Floats:
    """p of a difference that is the same in every cluster: that all signs agree, and no less."""
    return np.minimum(1.0, 2.0 ** (1.0 - np.asarray(n_clusters, dtype=np.float64)))


def values_of(joint: Joint, weights: Iterable[Floats]) -> Floats:
    """Values of all systems, ``float64[b, n]``, from blocks of cluster weights."""
    return np.concatenate([
        np.stack([statistic(block) for statistic in joint.statistics], axis=1)
        for block in weights
    ])
