"""Percentiles over single heard words: their lag, and their ear-voice span; drift over a talk.

``HeardUnitLag@p…``    of d_i - (i - 1) S / max(n, R), pooled over recordings
``HeardEVS``           mean of d_i - end of the last source word aligned to the word
``HeardEVS@p…``        percentile of the same (:mod:`s2st_bench.voice_span`)
``HeardLatencyDrift``  Theil-Sen slope of HeardLongYAAL over a talk, in milliseconds per minute
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.parts import AlignerModel, RecogniserModel
from s2st_bench.percentiles import PooledPercentile, unit_lags
from s2st_bench.timed import reference_length
from s2st_bench.trend import DriftMetric
from s2st_bench.types import MetricSpec
from s2st_bench.voice_span import spans

from .averages import HeardLongYAAL
from .hearing import NEEDS, Hearing, Place, Source

_VARIANTS: Final = ("CU", "CA")
_EVS_NEEDS: Final = NEEDS | {"reference", "words"}


def _lag(percentile: str) -> MetricSpec:
    return MetricSpec(f"HeardUnitLag@{percentile}", "ms", False, NEEDS, _VARIANTS, "s2st_bench")


def _evs(percentile: str) -> MetricSpec:
    return MetricSpec(f"HeardEVS@{percentile}", "ms", False, _EVS_NEEDS, _VARIANTS, "s2st_bench")


class HeardUnitLag(Hearing, PooledPercentile):
    """A percentile of the lags of words."""

    def of_units(self, item: Item) -> Floats | Unscored:
        found = self.timed(item)
        if isinstance(found, Unscored):
            return found
        heard, times = found
        length = reference_length(heard)
        if isinstance(length, Unscored):
            return length
        if not heard.source_length > 0:
            return Unscored("the source has no length")
        return unit_lags(times, heard.source_length, max(len(times), length))


class HeardUnitLagP50(HeardUnitLag):
    """Median."""

    spec = _lag("p50")
    percent = 50.0


class HeardUnitLagP90(HeardUnitLag):
    """90th percentile."""

    spec = _lag("p90")
    percent = 90.0


class HeardUnitLagP95(HeardUnitLag):
    """95th percentile."""

    spec = _lag("p95")
    percent = 95.0


class HeardUnitLagP99(HeardUnitLag):
    """99th percentile."""

    spec = _lag("p99")
    percent = 99.0


class HeardUnitLagMax(HeardUnitLag):
    """The largest."""

    spec = _lag("max")
    percent = 100.0


class HeardSpans(Hearing):
    """Metrics of ear-voice spans."""

    def spans(self, item: Item) -> tuple[Floats, int] | Unscored:
        """Spans of the words that have one, and how many words there are."""
        found = self.timed(item)
        if isinstance(found, Unscored):
            return found
        heard, times = found
        values = spans(heard, times)
        return values if isinstance(values, Unscored) else (values, len(times))

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "links": "lcs"}


class HeardEVS(HeardSpans):
    """Mean ear-voice span.  Statistics: sum of spans, words with one, words."""

    spec = MetricSpec("HeardEVS", "ms", False, _EVS_NEEDS, _VARIANTS, "s2st_bench")

    def stats(self, item: Item) -> Floats | Unscored:
        found = self.spans(item)
        if isinstance(found, Unscored):
            return found
        values, n_words = found
        return np.array([values.sum(), len(values), n_words])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])


class HeardEVSPercentile(HeardSpans, PooledPercentile):
    """A percentile of the spans of words."""

    def of_units(self, item: Item) -> Floats | Unscored:
        found = self.spans(item)
        return found if isinstance(found, Unscored) else found[0]


class HeardEVSP50(HeardEVSPercentile):
    """Median."""

    spec = _evs("p50")
    percent = 50.0


class HeardEVSP90(HeardEVSPercentile):
    """90th percentile."""

    spec = _evs("p90")
    percent = 90.0


class HeardEVSP95(HeardEVSPercentile):
    """95th percentile."""

    spec = _evs("p95")
    percent = 95.0


class HeardLatencyDrift(DriftMetric):
    """Milliseconds a listener falls behind in a minute of talk."""

    spec = MetricSpec("HeardLatencyDrift", "ms/min", False, NEEDS, _VARIANTS, "s2st_bench")
    lag_name = "HeardLongYAAL"

    def __init__(
        self, *, aware: bool = False, words: Source = "asr", asr: RecogniserModel | None = None,
        aligner: AlignerModel | None = None, at: Place = "end",
    ) -> None:
        super().__init__(aware=aware)
        self._lag = HeardLongYAAL(aware=aware, words=words, asr=asr, aligner=aligner, at=at)

    def lags(self, items: Sequence[Item]) -> Sequence[float | Unscored]:
        return [self._lag.item_value(item) for item in items]

    def signature(self) -> Mapping[str, str]:
        return self._lag.signature()
