"""How long messages were on the way, apart from what the service took.

Pings measure the way there and back.  The least of the last ones stands for it: a pong that had to
wait for a busy server is the server's time.  Where messages carry the service's own time, what one
took longer than the quickest one so far is added; its clock need not agree with ours.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from .protocol import Stamp
from .rules import values_at

_RECENT = 10


class TravelTime:
    """Of one session; all times in seconds on one monotonic clock."""

    def __init__(self, stamp: Stamp | None) -> None:
        self._stamp = stamp
        self._round_trips: deque[float] = deque(maxlen=_RECENT)
        self._least_lag_s = math.inf

    def add_ping(self, round_trip_s: float) -> None:
        self._round_trips.append(round_trip_s)

    def of(self, message: Mapping[str, Any], now_s: float) -> float:
        """What a message that came now spent on the way, both ways together."""
        return min(self._round_trips, default=0.0) + self._late(message, now_s)

    def _late(self, message: Mapping[str, Any], now_s: float) -> float:
        if self._stamp is None:
            return 0.0
        found = values_at(message, self._stamp.path)
        if not found or isinstance(found[0], bool) or not isinstance(found[0], int | float):
            return 0.0
        lag_s = now_s - found[0] * self._stamp.unit_s
        if not math.isfinite(lag_s):
            return 0.0
        self._least_lag_s = min(self._least_lag_s, lag_s)
        return lag_s - self._least_lag_s
