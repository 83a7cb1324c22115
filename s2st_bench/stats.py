"""Intervals and paired tests over clusters of items.

The unit of resampling is the *cluster* (talk, speaker or sentence, as the corpus declares):
items of one cluster are drawn together.  Everything here works on a :class:`Statistic`, a
function from cluster weights ``float64[b, k]`` to values ``float64[b]``; a resample is a row of
weights, so that a thousand of them are one matrix product.

*Interval by default*: delete-one-cluster jackknife with Student's t (Tukey 1958; for clustered
data the CV3 of MacKinnon, Nielsen & Webb 2023).  Degrees of freedom are k - 1 for equal clusters
and shrink in proportion with the effective number of clusters (Σv)² / Σv², where v is the
variance of a cluster of n items, n (1 + (n - 1) ρ) for a working correlation ρ = 0.2 (Satterthwaite
1946; Carter, Schnepel & Steigerwald 2017).  The percentile bootstrap (Efron 1979; Koehn 2004) is
too narrow for few or unequal clusters; the jackknife is not valid for medians and percentiles,
which get the bootstrap's standard error with the same t.  One cluster says nothing of the spread
between clusters: no interval here; :mod:`s2st_bench.blocks` has one for one or two talks, which
says less.

*Paired tests*: bootstrap (Koehn 2004, shifted to the null) and approximate randomisation (Riezler
& Maxwell 2005), exact where all sign flips can be listed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from s2st_bench import student
from s2st_bench.errors import UsageError
from s2st_bench.metric import Floats, Metric

Statistic = Callable[[Floats], Floats]
"""Cluster weights ``float64[b, k]`` to values ``float64[b]``."""

RESAMPLES = 1000
SEED = 12345
_BLOCK = 512
_BLOCK_CELLS = 1 << 21
"""Weights of one block of resamples: 16 MB."""
_CORRELATION = 0.2
_EXACT = 12
"""Up to so many clusters all sign flips are listed."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval and how it was made."""

    low: float
    high: float
    method: str
    """As signatures write it: ``jackknife-t``, ``bootstrap-t(1000)``, ``percentile(1000)``."""
    seed: int | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Comparison:
    """System minus baseline."""

    difference: float
    p_value: float
    method: str
    n_clusters: int


def codes(names: Sequence[Hashable]) -> tuple[npt.NDArray[np.intp], int]:
    """Number names in order of appearance: codes ``intp[n]`` and how many there are."""
    numbers: dict[Hashable, int] = {}
    coded = [numbers.setdefault(name, len(numbers)) for name in names]
    return np.array(coded, dtype=np.intp), len(numbers)


def of_clusters(
    metric: Metric, stats: Floats, clusters: npt.NDArray[np.intp], n_clusters: int
) -> Statistic:
    """The metric's corpus score as a function of cluster weights.

    Parameters
    ----------
    stats
        Sufficient statistics ``float64[n, s]``, one row an item.
    clusters
        ``intp[n]``, each item's cluster.
    """
    if not smooth(metric):
        return lambda weights: metric.aggregate(stats, weights[:, clusters])
    sums = cluster_sums(stats, clusters, n_clusters)
    return lambda weights: metric.value(weights @ sums)


def cluster_sums(stats: Floats, clusters: npt.NDArray[np.intp], n_clusters: int) -> Floats:
    """Statistics summed inside each cluster, ``float64[k, s]``."""
    sums = np.zeros((n_clusters, stats.shape[1]))
    np.add.at(sums, clusters, stats)
    return sums


def smooth(metric: Metric) -> bool:
    """Whether the metric is a function of sums (percentiles are not)."""
    return type(metric).aggregate is Metric.aggregate


def interval(
    statistic: Statistic, sizes: Floats, *, smooth: bool = True, seed: int = SEED
) -> Interval | None:
    """The default 95 % interval; none for fewer than two clusters or where it is undefined.

    ``sizes`` are the clusters' numbers of items, ``float64[k]``.
    """
    if smooth:
        return jackknife_t(statistic, sizes)
    return bootstrap_t(statistic, sizes, seed=seed)


def jackknife_t(statistic: Statistic, sizes: Floats) -> Interval | None:
    """Estimate ± t × delete-one-cluster jackknife standard error."""
    n_clusters = len(sizes)
    if n_clusters < 2:
        return None
    without = np.concatenate([statistic(w) for w in leave_one_out(n_clusters)])
    return jackknife_interval(_estimate(statistic, n_clusters), without, sizes)


def jackknife_interval(estimate: float, without: Floats, sizes: Floats) -> Interval | None:
    """:func:`jackknife_t` from delete-one-cluster values ``float64[k]``, k >= 2."""
    variance = float(jackknife_variance(estimate, without))
    return _symmetric(estimate, variance, sizes, "jackknife-t", None)


def bootstrap_t(
    statistic: Statistic, sizes: Floats, *, n_resamples: int = RESAMPLES, seed: int = SEED
) -> Interval | None:
    """Estimate ± t × bootstrap standard error, corrected for its (k - 1) / k."""
    n_clusters = len(sizes)
    if n_clusters < 2:
        return None
    values = resampled(statistic, n_clusters, n_resamples, seed)
    variance = float(np.var(values)) * n_clusters / (n_clusters - 1)
    method = f"bootstrap-t({n_resamples})"
    return _symmetric(_estimate(statistic, n_clusters), variance, sizes, method, seed)


def percentile(
    statistic: Statistic, n_clusters: int, *, n_resamples: int = RESAMPLES, seed: int = SEED
) -> Interval | None:
    """The percentile bootstrap's interval; none for one cluster."""
    if n_clusters < 2:
        return None
    values = resampled(statistic, n_clusters, n_resamples, seed)
    if not np.isfinite(values).all():
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high), f"percentile({n_resamples})", seed)


def resampled(statistic: Statistic, n_clusters: int, n_resamples: int, seed: int) -> Floats:
    """Values of bootstrap resamples, ``float64[n_resamples]``."""
    return np.concatenate([statistic(block)
                           for block in resample_blocks(n_clusters, n_resamples, seed)])


def resample_blocks(n_clusters: int, n_resamples: int, seed: int) -> Iterator[Floats]:
    """How often each cluster is drawn, ``float64[b, n_clusters]`` at a time; rows sum to k.

    Blocks are of bounded size, however many clusters there are.
    """
    draws = np.random.default_rng(seed)
    rows = max(1, min(_BLOCK, _BLOCK_CELLS // n_clusters))
    for start in range(0, n_resamples, rows):
        size = min(rows, n_resamples - start)
        drawn = draws.integers(n_clusters, size=(size, n_clusters))
        drawn += np.arange(size)[:, None] * n_clusters
        counts = np.bincount(drawn.ravel(), minlength=size * n_clusters)
        yield counts.reshape(size, n_clusters).astype(np.float64)


def resample_counts(n_clusters: int, n_resamples: int, seed: int) -> Floats:
    """All of :func:`resample_blocks`, ``float64[n_resamples, n_clusters]``."""
    return np.concatenate(list(resample_blocks(n_clusters, n_resamples, seed)))


def paired_bootstrap(
    system: Statistic,
    baseline: Statistic,
    n_clusters: int,
    *,
    n_resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Comparison:
    """Two-sided p of the difference, both sides resampled with the same clusters."""
    difference = _estimate(system, _several(n_clusters)) - _estimate(baseline, n_clusters)
    shifted = resampled(lambda w: system(w) - baseline(w), n_clusters, n_resamples, seed)
    shifted -= shifted.mean()
    p = (_extreme(shifted, abs(difference)) + 1) / (n_resamples + 1)
    return Comparison(difference, float(p), f"paired-bootstrap({n_resamples})", n_clusters)


def approximate_randomisation(
    swapped: Callable[[Floats], Floats],
    n_clusters: int,
    *,
    n_resamples: int = 10_000,
    seed: int = SEED,
) -> Comparison:
    """Two-sided p of the difference under swaps of whole clusters between two systems.

    Parameters
    ----------
    swapped
        Swap masks ``float64[b, k]`` (1: this cluster's outputs change sides) to differences
        ``float64[b]``; see :func:`swap_difference`.
    """
    _several(n_clusters)
    difference = float(swapped(np.zeros((1, n_clusters)))[0])
    margin = abs(difference) * (1 - 1e-12)
    if n_clusters <= _EXACT:
        masks = np.array(list(product((0.0, 1.0), repeat=n_clusters)))
        p = _extreme(swapped(masks), margin) / len(masks)
        return Comparison(difference, float(p), "exact-sign-flip", n_clusters)
    rng = np.random.default_rng(seed)
    extreme = 0
    for start in range(0, n_resamples, _BLOCK):
        size = (min(_BLOCK, n_resamples - start), n_clusters)
        extreme += _extreme(swapped(rng.integers(0, 2, size).astype(np.float64)), margin)
    p = (extreme + 1) / (n_resamples + 1)
    method = f"approximate-randomisation({n_resamples})"
    return Comparison(difference, float(p), method, n_clusters)


def swap_difference(system: Statistic, baseline: Statistic) -> Callable[[Floats], Floats]:
    """Differences under swaps, for two systems' statistics over *items of both*.

    ``system`` and ``baseline`` take weights ``float64[b, 2 k]``: the first k clusters hold the
    system's items, the last k the baseline's.
    """

    def difference(masks: Floats) -> Floats:
        return (system(np.hstack([1 - masks, masks]))
                - baseline(np.hstack([masks, 1 - masks])))

    return difference


def degrees_of_freedom(sizes: Floats) -> Floats:
    """(k - 1) × effective clusters / clusters, at least 1; ``sizes`` as ``float64[..., k]``."""
    n_clusters = sizes.shape[-1]
    variances = sizes * (1.0 + (sizes - 1.0) * _CORRELATION)
    effective = variances.sum(axis=-1) ** 2 / (variances**2).sum(axis=-1)
    return np.asarray(np.maximum(1.0, (n_clusters - 1) * effective / n_clusters))


def jackknife_variance(estimate: npt.ArrayLike, without: Floats) -> Floats:
    """Squared standard error from delete-one-cluster values ``float64[..., k]``."""
    n_clusters = without.shape[-1]
    spread = np.sum((without - np.asarray(estimate)[..., None]) ** 2, axis=-1)
    return np.asarray((n_clusters - 1) / n_clusters * spread)


def leave_one_out(n_clusters: int) -> Iterator[Floats]:
    """Blocks of weights ``float64[b, k]`` that leave each cluster out once."""
    for start in range(0, n_clusters, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, n_clusters))
        weights = np.ones((len(rows), n_clusters))
        weights[np.arange(len(rows)), rows] = 0.0
        yield weights


def _estimate(statistic: Statistic, n_clusters: int) -> float:
    return float(statistic(np.ones((1, n_clusters)))[0])


def _symmetric(
    estimate: float, variance: float, sizes: Floats, method: str, seed: int | None
) -> Interval | None:
    if not (math.isfinite(estimate) and math.isfinite(variance)):
        return None
    half = float(student.quantile(0.975, degrees_of_freedom(sizes))) * math.sqrt(variance)
    return Interval(estimate - half, estimate + half, method, seed)


def _extreme(values: Floats, margin: float) -> int:
    """How many are as far out as ``margin``; an undefined one counts, against the finding."""
    return int(np.count_nonzero(~(np.abs(values) < margin)))


def _several(n_clusters: int) -> int:
    if n_clusters < 2:
        raise UsageError("a paired test needs at least two clusters")
    return n_clusters
