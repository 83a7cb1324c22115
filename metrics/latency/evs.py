"""Ear-voice span of text output; :mod:`s2st_bench.voice_span` says what it is.

The share of units without a partner stands beside the value as ``EVSUnaligned``.  Statistics of an
item, ``float64[3]``: sum of spans, aligned units, units.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.timed import TEXT, times_of
from s2st_bench.types import MetricSpec
from s2st_bench.voice_span import spans


class EVS(Metric):
    """Mean ear-voice span of the units that have one."""

    spec = MetricSpec("EVS", "ms", False, TEXT | {"reference", "words"}, ("CU", "CA"),
                      "s2st_bench")

    def stats(self, item: Item) -> Floats | Unscored:
        if item.source_unit == "tokens":
            return Unscored("text input has no time")
        times = times_of(item, self.aware)
        if isinstance(times, Unscored):
            return times
        found = spans(item, times)
        if isinstance(found, Unscored):
            return found
        return np.array([found.sum(), len(found), len(times)])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])

    def signature(self) -> Mapping[str, str]:
        return {"aligner": "lcs"}


class EVSUnaligned(EVS):
    """Share of units without a source word."""

    spec = MetricSpec("EVSUnaligned", "%", None, TEXT | {"reference", "words"}, (), "s2st_bench")

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(100.0 * (1.0 - totals[..., 1] / totals[..., 2]))
