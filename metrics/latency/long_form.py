"""The averages on segments of a long recording, under the names they go by there.

Items come cut into segments, their times from the start of their segment; a unit may come before
it (negative time) or after its end.  ``Long*`` are the plain formulas on such items, as
OmniSTEval 0.1.10 prints them.  ``StreamLAAL`` is LAAL on items cut by minimum word error rate: as
simulstream 1.0.0 has it, and (``StreamLAAL@fbk``) with negative times raised to 0 as FBK's
stream_laal 2.0 does.  Which resegmenter cut the items is in the signature.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from s2st_bench.batch import Rows
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.timed import TimedMetric, is_long

from .lagging import AL, AP, DAL, LAAL

_SOURCE = "OmniSTEval 0.1.10"
_SHORT = Unscored("short form")


class OfSegments(TimedMetric):
    """A metric that has a value on segments of a longer recording only."""

    def item_value(self, item: Item) -> float | Unscored:
        return super().item_value(item) if is_long(item) else _SHORT

    def of_rows(self, rows: Rows) -> Floats:
        return np.where(np.isnan(rows.ends), np.nan, super().of_rows(rows))


class LongAL(OfSegments, AL):
    """AL of segments."""

    spec = replace(AL.spec, name="LongAL", source=_SOURCE)


class LongLAAL(OfSegments, LAAL):
    """LAAL of segments."""

    spec = replace(LAAL.spec, name="LongLAAL", source=_SOURCE)


class LongDAL(OfSegments, DAL):
    """DAL of segments."""

    spec = replace(DAL.spec, name="LongDAL", source=_SOURCE)


class LongAP(OfSegments, AP):
    """AP of segments; means little there, since times are not held to the segment."""

    spec = replace(AP.spec, name="LongAP", source=_SOURCE)


class StreamLAAL(OfSegments, LAAL):
    """LAAL of segments as simulstream has it; a unit may come before its segment."""

    spec = replace(LAAL.spec, name="StreamLAAL", source="simulstream 1.0.0")


class StreamLAALFBK(StreamLAAL):
    """The same with negative times raised to 0."""

    spec = replace(StreamLAAL.spec, name="StreamLAAL@fbk", source="FBK-fairseq stream_laal 2.0")

    def of_lengths(self, times: Floats, item: Item, length: int) -> float | Unscored:
        return super().of_lengths(np.maximum(times, 0.0), item, length)

    def of_rows(self, rows: Rows) -> Floats:
        return super().of_rows(rows.clipped)
