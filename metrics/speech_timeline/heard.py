"""The playback of an item's recording.

A recording's pieces play one after another (:func:`s2st_bench.timeline.playback`), from the source
given at each write (unaware) or from when it was live (aware).  A long-form recording is one
playback and counts as one.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from s2st_bench.metric import Item, Unscored
from s2st_bench.metrics.latency.base import RecordingMetric
from s2st_bench.timeline import Played, playback

SPEECH = frozenset({"speech"})


class PlaybackMetric(RecordingMetric):
    """A value of the pieces that were heard."""

    def of_recording(self, item: Item) -> float | Unscored:
        trace = item.trace
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
