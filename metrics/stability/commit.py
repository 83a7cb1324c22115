"""From when a unit was first shown to when it was last changed.

``CommitLag``
    Mean over units of (final - first shown); 0 for a system that only appends.
``FirstShownLAAL``
    LAAL (see ``latency``) of the times at which units were first shown. Beside LAAL, which uses
    the times at which they were last changed, it says what a reader who trusts the screen gains.

Both on the clock of the trace: live where it measured, else unaware.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.metrics.latency.base import ReferencedMetric, TimedMetric, is_long
from s2st_bench.metrics.latency.formulas import laal
from s2st_bench.types import MetricSpec

TEXT = frozenset({"text"})


class CommitLag(TimedMetric):
    """How long a unit stands before it is final."""

    spec = MetricSpec("CommitLag", "ms", False, TEXT, (), "s2st_bench")

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        if item.source_unit == "tokens":
            return Unscored("text input has no time")
        if not item.emissions:
            return Unscored("when units were first shown is not known")
        return 1000.0 * float(np.mean([e.final_s - e.first_shown_s for e in item.emissions]))


class FirstShownLAAL(ReferencedMetric):
    """LAAL of first appearances."""

    spec = MetricSpec("FirstShownLAAL", "ms", False, TEXT, (), "s2st_bench")

    def of_lengths(self, times: Floats, item: Item, length: int) -> float | Unscored:
        if item.source_unit == "tokens":
            return Unscored("text input has no time")
        if not item.emissions:
            return Unscored("when units were first shown is not known")
        origin_s = item.segment.start_s if is_long(item) else 0.0
        shown = 1000.0 * (np.array([e.first_shown_s for e in item.emissions]) - origin_s)
        return laal(shown, item.source_length, length)
