"""Does a system fall behind over a talk?  Slopes of its sentences' lags, and metrics of them.

The slope is Theil-Sen's (Sen 1968): the median over all pairs of sentences of the change in lag
over the change in start time.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from s2st_bench.metric import Floats, Item, MeanMetric, Unscored
from s2st_bench.timed import is_long, share

MIN_SENTENCES = 3


def theil_sen(x: Floats, y: Floats, confidence: float = 0.95) -> tuple[float, float, float]:
    """Slope of ``float64[n]`` on ``float64[n]`` with its interval (Sen's, by Kendall's variance).

    NaN where all x are equal.
    """
    first, second = np.triu_indices(len(x), k=1)
    apart = x[second] != x[first]
    first, second = first[apart], second[apart]
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    if not len(slopes):
        return float("nan"), float("nan"), float("nan")
    n = len(x)
    spread = NormalDist().inv_cdf(0.5 + confidence / 2) * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, round((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, round((len(slopes) + spread) / 2) - 1)
    return float(np.median(slopes)), float(slopes[low]), float(slopes[max(high, 0)])


class DriftMetric(MeanMetric):
    """Milliseconds by which the lag of sentences grows in a minute of talk.

    One value a talk; talks are averaged.  The interval is over talks; of a single talk it is
    Sen's, and of its repeats the mean of theirs.
    """

    per_talk = True
    lag_name: ClassVar[str]
    """What the slope is of, for reasons."""

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._slopes: dict[tuple[str, str, int], tuple[float, float, float]] = {}

    @abstractmethod
    def lags(self, items: Sequence[Item]) -> Sequence[float | Unscored]:
        """Each item's lag in milliseconds."""

    def prepare(self, items: Sequence[Item]) -> None:
        points: defaultdict[tuple[str, str, int], list[tuple[float, float]]] = defaultdict(list)
        for item, value in zip(items, self.lags(items), strict=True):
            if not isinstance(value, Unscored):
                points[item.trace.key].append((item.segment.start_s / 60.0, value))
        self._slopes = {}
        for key, found in points.items():
            if len(found) >= MIN_SENTENCES:
                minutes, lags = np.array(found).T
                self._slopes[key] = theil_sen(minutes, lags)

    def item_value(self, item: Item) -> float | Unscored:
        if not is_long(item):
            return Unscored("short form")
        slope, _, _ = self._slopes.get(item.trace.key, (float("nan"),) * 3)
        if not np.isfinite(slope):
            return Unscored(f"fewer than {MIN_SENTENCES} sentences have a {self.lag_name}")
        return slope

    def within_talk(self, items: Sequence[Item]) -> tuple[float, float] | None:
        found = [self._slopes[key] for key in dict.fromkeys(item.trace.key for item in items)
                 if key in self._slopes]
        if not found or not np.isfinite(found).all():
            return None
        _, low, high = np.mean(found, axis=0).tolist()
        return low, high

    def stats(self, item: Item) -> Floats | Unscored:
        value = self.item_value(item)
        if isinstance(value, Unscored):
            return value
        return np.array([value, 1.0]) * share(item)
