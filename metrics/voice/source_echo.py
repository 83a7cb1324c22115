"""``SourceEcho``: the share of the output that is the source's own audio, played again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from s2st_bench.cache import Cache
from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.types import MetricSpec

from . import echo
from .judged import HeardTrace, echo_of, heard_traces
from .similarity import NEEDS


class SourceEcho(Metric):
    """Seconds of echo over seconds of active output (:mod:`.echo`)."""

    per_talk = True
    spec: ClassVar[MetricSpec] = MetricSpec(
        "SourceEcho", "%", None, NEEDS, (), "spectral correlation with the source")

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._cache = Cache.standard()
        self._found: dict[tuple[object, str], Floats | Unscored] = {}

    def prepare(self, items: Sequence[Item]) -> None:
        self._found = {}
        for given in heard_traces(items):
            members = [item for each in given.turns for item in each.turn.items]
            found = self._share(given, len(members))
            self._found |= {(item.trace.key, item.id): found for item in members}

    def _share(self, given: HeardTrace, n: int) -> Floats | Unscored:
        """What each of the trace's ``n`` items carries."""
        for speech in (given.output, given.source):
            if isinstance(speech, Unscored):
                return speech
        echoed_s, looked_at_s = echo_of(given, self._cache)
        if not looked_at_s:
            return Unscored("output: less than 1 s of active speech")
        return np.array([echoed_s, looked_at_s]) / n

    def stats(self, item: Item) -> Floats | Unscored:
        """Seconds of echo and seconds looked at, ``float64[2]``."""
        return self._found[item.trace.key, item.id]

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(100.0 * totals[..., 0] / totals[..., 1])

    def signature(self) -> Mapping[str, str]:
        return {"echo": echo.RULE}
