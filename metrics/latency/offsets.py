"""When the first and the last unit came.

``StartOffset`` is d_1, from the start of the source; ``EndOffset`` is d_n - S, negative for a
system that is done before the source is.  Both as SimulEval 1.1.4 has them for text output.
Speech output has its own, on the playback timeline (``speech_timeline``).
"""

from __future__ import annotations

import numpy as np

from s2st_bench.batch import Rows
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.timed import TEXT, TimedMetric
from s2st_bench.types import MetricSpec


def start_offset(times: Floats) -> float:
    """Time of the first unit; ``float64[n]``, n >= 1."""
    return float(times[0])


def end_offset(times: Floats, source_length: float) -> float:
    """Time of the last unit after the end of the source; ``float64[n]``, n >= 1."""
    return float(times[-1] - source_length)


class StartOffset(TimedMetric):
    """How long a listener waits for the first unit."""

    spec = MetricSpec("StartOffset", "ms", False, TEXT, ("CU", "CA"), "SimulEval 1.1.4")
    needs_length = False

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        return start_offset(times)

    def of_rows(self, rows: Rows) -> Floats:
        return rows.times[rows.first]


class EndOffset(TimedMetric):
    """How long after the speaker the last unit comes."""

    spec = MetricSpec("EndOffset", "ms", False, TEXT, ("CU", "CA"), "SimulEval 1.1.4")
    needs_length = False

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        if not item.source_length >= 0:
            return Unscored("the source has no length")
        return end_offset(times, item.source_length)

    def of_rows(self, rows: Rows) -> Floats:
        return np.asarray(rows.times[rows.first + rows.sizes - 1] - rows.source_lengths)
