"""Does a system fall behind over a talk?  Slope of the sentences' LongYAAL over time.

``LatencyDrift``: the Theil-Sen slope of LongYAAL on the sentences' start times
(:mod:`s2st_bench.trend`), in milliseconds per minute of talk.
"""

from __future__ import annotations

from collections.abc import Sequence

from s2st_bench.metric import Item, Unscored
from s2st_bench.timed import TEXT
from s2st_bench.trend import DriftMetric
from s2st_bench.types import MetricSpec

from .lagging import LongYAAL


class LatencyDrift(DriftMetric):
    """Milliseconds a system falls behind in a minute of talk."""

    spec = MetricSpec("LatencyDrift", "ms/min", False, TEXT, ("CU", "CA"), "s2st_bench")
    lag_name = "LongYAAL"

    def lags(self, items: Sequence[Item]) -> Sequence[float | Unscored]:
        yaal = LongYAAL(aware=self.aware)
        return [yaal.item_value(item) for item in items]
