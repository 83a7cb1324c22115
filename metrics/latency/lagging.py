"""AL, LAAL, DAL, AP, YAAL and LongYAAL as metrics; formulas are in ``formulas`` and ``rows``."""

from __future__ import annotations

import numpy as np

from s2st_bench.batch import Rows
from s2st_bench.lagging import al, ap, dal, laal, yaal
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.timed import TEXT, ReferencedMetric, TimedMetric, is_long
from s2st_bench.types import MetricSpec

from . import rows as batched

_EMPTY_REFERENCE = Unscored("the reference is empty")


class AL(ReferencedMetric):
    """Average Lagging; negative without bound for a system that says too much."""

    spec = MetricSpec("AL", "ms", False, TEXT, ("CU", "CA"), "SimulEval 1.1.4; arXiv:1810.08398")

    def of_lengths(self, times: Floats, item: Item, length: int) -> float | Unscored:
        return al(times, item.source_length, length) if length else _EMPTY_REFERENCE

    def of_rows(self, rows: Rows) -> Floats:
        return batched.al(rows, nonzero(rows.reference_lengths))


class LAAL(ReferencedMetric):
    """Length-Adaptive Average Lagging."""

    spec = MetricSpec("LAAL", "ms", False, TEXT, ("CU", "CA"), "SimulEval 1.1.4; arXiv:2206.05807")

    def of_lengths(self, times: Floats, item: Item, length: int) -> float | Unscored:
        return laal(times, item.source_length, length)

    def of_rows(self, rows: Rows) -> Floats:
        return batched.laal(rows, rows.reference_lengths)


class AP(ReferencedMetric):
    """Average Proportion."""

    spec = MetricSpec("AP", "", False, TEXT, ("CU", "CA"), "SimulEval 1.1.4; arXiv:1606.02012")

    def of_lengths(self, times: Floats, item: Item, length: int) -> float | Unscored:
        return ap(times, item.source_length, length) if length else _EMPTY_REFERENCE

    def of_rows(self, rows: Rows) -> Floats:
        return batched.ap(rows, nonzero(rows.reference_lengths))


class DAL(TimedMetric):
    """Differentiable Average Lagging."""

    spec = MetricSpec("DAL", "ms", False, TEXT, ("CU", "CA"), "SimulEval 1.1.4; arXiv:1906.05218")

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        return dal(times, item.source_length)

    def of_rows(self, rows: Rows) -> Floats:
        return batched.dal(rows)


class YAAL(ReferencedMetric):
    """Yet Another Average Lagging: only what was said before the segment ended."""

    spec = MetricSpec("YAAL", "ms", False, TEXT, ("CU", "CA"),
                      "OmniSTEval 0.1.10; arXiv:2509.17349")

    def of_lengths(self, times: Floats, item: Item, length: int) -> float | Unscored:
        value = yaal(times, item.source_length, length)
        return Unscored("all output came after the segment") if value is None else value

    def of_rows(self, rows: Rows) -> Floats:
        return batched.yaal(rows, rows.reference_lengths)


class LongYAAL(ReferencedMetric):
    """YAAL of resegmented long form: all that was said before the recording ended."""

    spec = MetricSpec("LongYAAL", "ms", False, TEXT, ("CU", "CA"),
                      "OmniSTEval 0.1.10; arXiv:2509.17349")

    def of_lengths(self, times: Floats, item: Item, length: int) -> float | Unscored:
        if not is_long(item):
            return Unscored("short form")
        value = yaal(times, item.source_length, length, item.time_to_recording_end)
        return Unscored("all output came after the recording") if value is None else value

    def of_rows(self, rows: Rows) -> Floats:
        return batched.yaal(rows, rows.reference_lengths, rows.ends)


def nonzero(lengths: Floats) -> Floats:
    """Reference lengths ``float64[m]`` with NaN for 0: an empty reference gives no value."""
    return np.where(lengths > 0, lengths, np.nan)
