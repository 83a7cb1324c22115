"""The playback of an item's recording, and values that belong to a recording as a whole.

A recording's pieces play one after another (:func:`s2st_bench.timeline.playback`), from the source
given at each write (unaware) or from when it was live (aware).  A long-form recording is one
playback: its items all have its value and share its weight, so that the corpus score stays a mean
over recordings.  Statistics of an item, ``float64[2]``: value x weight, weight.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np

from s2st_bench.metric import Floats, Item, MeanMetric, Unscored
from s2st_bench.timeline import Played, playback
from s2st_bench.types import Trace

SPEECH = frozenset({"speech"})


class PlaybackMetric(MeanMetric):
    """A value of the pieces that were heard."""

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._last: tuple[Trace, float | Unscored] | None = None

    def item_value(self, item: Item) -> float | Unscored:
        # The items of one recording come in a row: it is played once.
        if self._last is None or self._last[0] is not item.trace:
            self._last = item.trace, self._value(item)
        return self._last[1]

    def stats(self, item: Item) -> Floats | Unscored:
        value = self.item_value(item)
        if isinstance(value, Unscored):
            return value
        weight = 1.0 / max(1, len(item.recording.segments))
        return np.array([value * weight, weight])

    def _value(self, item: Item) -> float | Unscored:
        trace = item.trace
        if item.failed:
            return Unscored("the recording failed")
        if "speech" not in trace.outputs:
            return Unscored("no speech output")
        if trace.source_unit == "tokens":
            return Unscored("text input has no time")
        if self.aware and trace.clock == "ideal":
            return Unscored("compute was not measured")
        if not trace.source_length > 0:
            return Unscored("the source has no length")
        heard = playback(trace, self.aware, item.live if self.aware else None)
        return self.of_playback(heard, item) if heard else Unscored("no output")

    @abstractmethod
    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        """The value in milliseconds; at least one piece was heard and the source has a length."""
