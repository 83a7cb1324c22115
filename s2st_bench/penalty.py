"""Latency in which silence costs: the variants that rank (``AL_pen``, ``AL_CA_pen``, …).

A recording (in long form a segment) that a system failed on, said nothing for, or whose value is
undefined because all came too late, gets max(source length, the 95th percentile of the system's
own values); a proportion such as AP gets 1.  All others keep their value, so the variant equals
the plain metric for a system that answered everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from s2st_bench.errors import UsageError
from s2st_bench.metric import BatchStats, Floats, Item, MeanMetric, Metric, Unscored

SUFFIX = "_pen"


class Penalised(MeanMetric):
    """Wraps a mean latency metric."""

    def __init__(self, inner: Metric) -> None:
        super().__init__(aware=inner.aware)
        if not isinstance(inner, MeanMetric):
            raise UsageError(f"{inner.name}{SUFFIX}: only a mean over recordings has this variant")
        self.inner: MeanMetric = inner
        self.spec = inner.spec  # type: ignore[misc]
        self._p95 = 0.0

    @property
    def name(self) -> str:
        return f"{self.inner.name}{SUFFIX}"

    def prepare(self, items: Sequence[Item]) -> None:
        self.inner.prepare(items)
        values = self._values(items)
        known = values[np.isfinite(values)]
        self._p95 = float(np.percentile(known, 95)) if len(known) else 0.0

    def stats_batch(self, items: Sequence[Item]) -> BatchStats:
        return self.stats_of(self._values(items), items)

    def _values(self, items: Sequence[Item]) -> Floats:
        """The inner metric's value of each item, ``float64[n]``; NaN without one."""
        found = self.inner.stats_batch(items)
        if not found.scored.any():
            return np.full(len(found), np.nan)
        return self.inner.value(found.rows)

    def item_value(self, item: Item) -> float | Unscored:
        value = self._plain(item)
        if isinstance(value, float) or not self._applies(item) or not self.inner.silent(item):
            return value
        if self.spec.unit != "ms":
            return 1.0
        return max(item.source_length, self._p95)

    def as_peer(self, peer: str) -> Metric:
        return Penalised(self.inner.as_peer(peer))

    def on_clock(self, ca: str) -> Metric:
        return Penalised(self.inner.on_clock(ca))

    def signature(self) -> Mapping[str, str]:
        rule = "max(source,p95)" if self.spec.unit == "ms" else "1"
        return {**self.inner.signature(), "penalty": rule}

    def _plain(self, item: Item) -> float | Unscored:
        value = self.inner.item_value(item)
        if isinstance(value, Unscored) or math.isfinite(value):
            return value
        return Unscored("undefined")

    def _applies(self, item: Item) -> bool:
        """Whether the metric has values for answers of this kind at all."""
        measured = item.trace.clock != "ideal" and item.source_unit == "s"
        wanted = self.spec.needs & {"text", "speech"}
        return (measured or not self.aware) and wanted <= set(item.trace.outputs)
