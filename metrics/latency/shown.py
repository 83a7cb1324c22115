"""LAAL of first appearances.

``FirstShownLAAL`` is LAAL of the times at which units first stood where they stand at the end.
Beside LAAL, which uses the times at which they were last changed, it says what a reader who trusts
the screen gains.  On the clock of the trace: live where it measured, else unaware.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.lagging import laal
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.timed import TEXT, ReferencedMetric, is_long
from s2st_bench.types import MetricSpec


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
