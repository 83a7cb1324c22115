"""Does a policy translate while the speaker talks, or wait and then rush?  Short form only.

Statistics of an item, ``float64[4]``: units before the end of the source, units, max(0, S - YAAL),
S; the last two are 0 where YAAL has no value.  Corpus values, in per cent:

``SWF``    share of units said before the source ended
``EFSW``   share of the source that a policy of that YAAL would leave to say units in
``DSPTV``  EFSW - SWF; a policy beyond ±20 is degenerate: its latency says nothing about it

OmniSTEval 0.1.10 (``ShortformDegeneracyScorer``; its docstring has DSPTV the other way round).
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from s2st_bench.lagging import yaal
from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.timed import TEXT, is_long, reference_length, times_of
from s2st_bench.types import MetricSpec

_SOURCE = "OmniSTEval 0.1.10; arXiv:2509.17349"


class Degeneracy(Metric):
    """The counts that the three share."""

    def stats(self, item: Item) -> Floats | Unscored:
        if is_long(item):
            return Unscored("long form")
        times = times_of(item, self.aware)
        if isinstance(times, Unscored):
            return times
        length = reference_length(item)
        if isinstance(length, Unscored):
            return length
        source = item.source_length
        if not source > 0:
            return Unscored("the source has no length")
        lag = yaal(times, source, length)
        room = (0.0, 0.0) if lag is None else (max(0.0, source - lag), source)
        return np.array([np.count_nonzero(times < source), len(times), *room])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            said = 100.0 * totals[..., 0] / totals[..., 1]
            room = 100.0 * totals[..., 2] / totals[..., 3]
        return np.asarray(self.of_shares(said, room))

    @abstractmethod
    def of_shares(self, said: Floats, room: Floats) -> Floats:
        """The value from SWF and EFSW."""


class SWF(Degeneracy):
    """Simultaneous Words Fraction."""

    spec = MetricSpec("SWF", "%", None, TEXT, ("CU", "CA"), _SOURCE)

    def of_shares(self, said: Floats, room: Floats) -> Floats:
        return said


class EFSW(Degeneracy):
    """Expected Fraction of Simultaneous Words."""

    spec = MetricSpec("EFSW", "%", None, TEXT, ("CU", "CA"), _SOURCE)

    def of_shares(self, said: Floats, room: Floats) -> Floats:
        return room


class DSPTV(Degeneracy):
    """Degenerate Simultaneous Policy Test Value."""

    spec = MetricSpec("DSPTV", "%", None, TEXT, ("CU", "CA"), _SOURCE)

    def of_shares(self, said: Floats, room: Floats) -> Floats:
        return np.asarray(room - said)
