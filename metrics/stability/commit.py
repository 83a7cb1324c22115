"""From when a unit was first shown to when it was last changed.

``CommitLag`` is the mean over units of (final - first shown); 0 for a system that only appends.  On
the clock of the trace: live where it measured, else unaware.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.timed import TEXT, TimedMetric
from s2st_bench.types import MetricSpec


class CommitLag(TimedMetric):
    """How long a unit stands before it is final."""

    spec = MetricSpec("CommitLag", "ms", False, TEXT, (), "s2st_bench")
    needs_length = False

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        if item.source_unit == "tokens":
            return Unscored("text input has no time")
        if not item.emissions:
            return Unscored("when units were first shown is not known")
        return 1000.0 * float(np.mean([e.final_s - e.first_shown_s for e in item.emissions]))
