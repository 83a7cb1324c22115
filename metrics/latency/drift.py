"""Does a system fall behind over a talk?  Slope of the sentences' LongYAAL over time.

``LatencyDrift``: the Theil-Sen slope (Sen 1968), the median over all pairs of sentences of the
change in LongYAAL over the change in start time, in milliseconds per minute of talk.  One value a
talk; talks are averaged.  The interval is over talks; of a single talk it is Sen's, and of its
repeats the mean of theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from s2st_bench.metric import Floats, Item, MeanMetric, Unscored
from s2st_bench.timed import TEXT, is_long, share
from s2st_bench.types import MetricSpec

from .lagging import LongYAAL

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


class LatencyDrift(MeanMetric):
    """Milliseconds a system falls behind in a minute of talk."""

    spec = MetricSpec("LatencyDrift", "ms/min", False, TEXT, ("CU", "CA"), "s2st_bench")
    per_talk = True

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._slopes: dict[tuple[str, str, int], tuple[float, float, float]] = {}

    def prepare(self, items: Sequence[Item]) -> None:
        yaal = LongYAAL(aware=self.aware)
        points: defaultdict[tuple[str, str, int], list[tuple[float, float]]] = defaultdict(list)
        for item in items:
            value = yaal.item_value(item)
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
            return Unscored(f"fewer than {MIN_SENTENCES} sentences have a LongYAAL")
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
