"""Items of a metric and what they are resampled by; several systems' items resampled together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from s2st_bench import blocks, stats
from s2st_bench.errors import UsageError
from s2st_bench.metric import Floats, Metric

Combine = Callable[[Sequence[Floats]], Floats]
"""Each sample's values ``float64[b]`` to one value ``float64[b]``, e.g. their difference."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The items of one system that a metric could score."""

    metric: Metric
    stats: Floats
    """Sufficient statistics, ``float64[n, s]``."""
    clusters: tuple[str, ...]
    """Each item's cluster."""
    segments: npt.NDArray[np.intp]
    """Each item's segment, ``intp[n]``, numbered in the order of speech; repeats share one."""

    def __len__(self) -> int:
        return len(self.clusters)


class Joint:
    """Samples of the same corpus: a resample draws the same clusters for all of them."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples
        names = [name for sample in samples for name in sample.clusters]
        coded, self.n_clusters = stats.codes(names)
        self._clusters = np.split(coded, np.cumsum([len(s) for s in samples])[:-1])

    @cached_property
    def sizes(self) -> Floats:
        """Items of each cluster, ``float64[k]``: of the sample that has most."""
        counts = [np.bincount(c, minlength=self.n_clusters) for c in self._clusters]
        return np.asarray(np.max(counts, axis=0), dtype=np.float64)

    @cached_property
    def smooth(self) -> bool:
        return all(stats.smooth(sample.metric) for sample in self.samples)

    @cached_property
    def statistics(self) -> tuple[stats.Statistic, ...]:
        """Each sample's value from cluster weights."""
        return tuple(
            stats.of_clusters(sample.metric, sample.stats, clusters, self.n_clusters)
            for sample, clusters in zip(self.samples, self._clusters, strict=True)
        )

    @cached_property
    def estimates(self) -> Floats:
        """Each sample's value as it stands, ``float64[number of samples]``."""
        ones = np.ones((1, self.n_clusters))
        return np.array([float(statistic(ones)[0]) for statistic in self.statistics])

    def interval(self, combine: Combine) -> stats.Interval | None:
        """The default 95 % interval: over clusters, or inside the one or two talks there are."""
        per_talk = any(sample.metric.per_talk for sample in self.samples)
        if self.n_clusters <= blocks.MOST_TALKS and not per_talk:
            talks, statistics = self._by_segment()
            if blocks.applies(talks):
                return blocks.moving_block_t(lambda w: combine([s(w) for s in statistics]), talks)
        if self.smooth and self.n_clusters > 1:
            estimate = combine([np.atleast_1d(value) for value in self.estimates])
            without = combine(list(self.without_each().T))
            return stats.jackknife_interval(float(estimate[0]), without, self.sizes)
        return stats.interval(
            lambda weights: combine([s(weights) for s in self.statistics]),
            self.sizes,
            smooth=self.smooth,
        )

    def without_each(self) -> Floats:
        """Each sample's value without each cluster, ``float64[k, number of samples]``."""
        if not self.smooth:
            raise UsageError("only metrics of sums have delete-one-cluster values")
        values = [sample.metric.value(sums.sum(axis=0) - sums)
                  for sample, sums in zip(self.samples, self._sums, strict=True)]
        return np.stack(values, axis=1)

    def swapped(self) -> Callable[[Floats], Floats]:
        """First minus second sample where whole clusters change sides.

        Swap masks ``float64[b, k]`` to differences ``float64[b]``, as
        :func:`~s2st_bench.stats.approximate_randomisation` wants them.
        """
        first, second = self.samples
        k = self.n_clusters
        if self.smooth:
            sums = self._sums
            a, b = (total.sum(axis=0) for total in sums)

            def difference(masks: Floats) -> Floats:
                moved = masks @ (sums[1] - sums[0])
                return first.metric.value(a + moved) - first.metric.value(b - moved)

            return difference
        metric, rows = first.metric.together(second.metric, first.stats, second.stats)
        codes = np.concatenate([self._clusters[0], self._clusters[1] + k])
        both = stats.of_clusters(metric, rows, codes, 2 * k)
        return stats.swap_difference(both, both)

    @cached_property
    def _sums(self) -> list[Floats]:
        """Each sample's statistics summed inside clusters, ``float64[k, s]``."""
        return [
            stats.cluster_sums(sample.stats, clusters, self.n_clusters)
            for sample, clusters in zip(self.samples, self._clusters, strict=True)
        ]

    def _by_segment(self) -> tuple[npt.NDArray[np.intp], list[stats.Statistic]]:
        """Each segment's talk, and each sample's value from segment weights."""
        found, coded = np.unique(
            np.concatenate([sample.segments for sample in self.samples]), return_inverse=True
        )
        talks = np.zeros(len(found), dtype=np.intp)
        talks[coded] = np.concatenate(self._clusters)
        parts = np.split(coded, np.cumsum([len(s) for s in self.samples])[:-1])
        return talks, [
            stats.of_clusters(sample.metric, sample.stats, part, len(found))
            for sample, part in zip(self.samples, parts, strict=True)
        ]
