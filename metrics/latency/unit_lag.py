"""Lag of single units: percentiles, and the share that keeps a latency budget.

The lag of unit i is diagonal, d_i - (i - 1) S / max(n, R) inside its sentence: how far it is behind
a speaker whose words were spread evenly.  Percentiles are of units pooled over recordings (of
one recording in its own score), by the inverse of the empirical distribution: the smallest lag
that at least p per cent of the units do not exceed.

``UnitLag@p50`` … ``UnitLag@max``   percentile of units, in milliseconds
``BudgetMet``                    share of units with a lag of at most ``delta_s``
``BudgetMetRecordings``          share of recordings whose 95th percentile is; one that said
                                 nothing, or failed, did not keep it
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.percentiles import PooledPercentile, unit_lags
from s2st_bench.timed import TEXT, reference_length, share, times_of
from s2st_bench.types import MetricSpec


def lags_of(item: Item, aware: bool) -> Floats | Unscored:
    """The lags of an item's units, or why it has none."""
    times = times_of(item, aware)
    if isinstance(times, Unscored):
        return times
    length = reference_length(item)
    if isinstance(length, Unscored):
        return length
    if not item.source_length > 0:
        return Unscored("the source has no length")
    return unit_lags(times, item.source_length, max(len(times), length))


class UnitLag(PooledPercentile):
    """A percentile of lags."""

    def of_units(self, item: Item) -> Floats | Unscored:
        return lags_of(item, self.aware)


def _spec(percentile: str) -> MetricSpec:
    return MetricSpec(f"UnitLag@{percentile}", "ms", False, TEXT, ("CU", "CA"), "s2st_bench")


class UnitLagP50(UnitLag):
    """Median."""

    spec = _spec("p50")
    percent = 50.0


class UnitLagP90(UnitLag):
    """90th percentile."""

    spec = _spec("p90")
    percent = 90.0


class UnitLagP95(UnitLag):
    """95th percentile."""

    spec = _spec("p95")
    percent = 95.0


class UnitLagP99(UnitLag):
    """99th percentile."""

    spec = _spec("p99")
    percent = 99.0


class UnitLagMax(UnitLag):
    """The largest."""

    spec = _spec("max")
    percent = 100.0


class BudgetMet(Metric):
    """Share of units in time.  Statistics: units in time, units."""

    spec = MetricSpec("BudgetMet", "%", True, TEXT, ("CU", "CA"), "s2st_bench")

    def __init__(self, *, aware: bool = False, delta_s: float = 2.0) -> None:
        super().__init__(aware=aware)
        self.delta_s = delta_s

    def stats(self, item: Item) -> Floats | Unscored:
        if item.source_unit == "tokens":
            return Unscored("text input has no time")
        lags = lags_of(item, self.aware)
        if isinstance(lags, Unscored):
            return lags
        return np.array([np.count_nonzero(lags <= 1000.0 * self.delta_s), len(lags)])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(100.0 * totals[..., 0] / totals[..., 1])

    def signature(self) -> Mapping[str, str]:
        return {"delta": f"{self.delta_s:g}s"}


class BudgetMetRecordings(BudgetMet):
    """Share of recordings in time.  Statistics: 1 if it is, 1; segments share them."""

    spec = MetricSpec("BudgetMetRecordings", "%", True, TEXT, ("CU", "CA"), "s2st_bench")

    def __init__(self, *, aware: bool = False, delta_s: float = 2.0) -> None:
        super().__init__(aware=aware, delta_s=delta_s)
        self._late_ms: dict[tuple[str, str, int], float] = {}

    def prepare(self, items: Sequence[Item]) -> None:
        said: defaultdict[tuple[str, str, int], list[Floats]] = defaultdict(list)
        for item in items:
            lags = lags_of(item, self.aware)
            if not isinstance(lags, Unscored):
                said[item.trace.key].append(lags)
        self._late_ms = {
            key: float(np.percentile(np.concatenate(lags), 95, method="inverted_cdf"))
            for key, lags in said.items()
        }

    def stats(self, item: Item) -> Floats | Unscored:
        if item.source_unit == "tokens":
            return Unscored("text input has no time")
        if "text" not in item.trace.outputs:
            return Unscored("no text output")
        if self.aware and item.trace.clock == "ideal":
            return Unscored("compute was not measured")
        met = self._late_ms.get(item.trace.key, np.inf) <= 1000.0 * self.delta_s
        return np.array([met, 1.0]) * share(item)
