"""Misalignment rate of a resegmentation: units that stand in a sentence before it was spoken.

No system can translate a sentence that has not begun, so a unit whose unaware time is more than
``slack_s`` before the start of the segment it was cut into was cut wrong.  The rate is a lower
bound of all misalignments.  Statistics of an item, ``float64[2]``: such units, all units.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from s2st_bench.errors import ConfigError
from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.types import MetricSpec


class Misaligned(Metric):
    """Share of units in per cent.

    Parameters
    ----------
    slack_s
        How long before a sentence begins a unit of it is still believed, in seconds.
    """

    spec = MetricSpec("Misaligned", "%", None, frozenset({"text"}), source="this project")

    def __init__(self, *, aware: bool = False, slack_s: float = 0.5) -> None:
        super().__init__(aware=aware)
        if not slack_s >= 0:
            raise ConfigError(f"slack_s={slack_s}: seconds, 0 or more, are wanted")
        self.slack_s = slack_s

    def stats(self, item: Item) -> Floats | Unscored:
        if item.time_to_recording_end is None:
            return Unscored("short form")
        if not item.units:
            return Unscored("no output")
        early = np.count_nonzero(item.delays < -1000.0 * self.slack_s)
        return np.array([early, len(item.units)], dtype=np.float64)

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(100.0 * totals[..., 0] / totals[..., 1])

    def signature(self) -> Mapping[str, str]:
        return {"slack": f"{self.slack_s:g}s"}
