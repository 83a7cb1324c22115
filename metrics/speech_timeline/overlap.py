"""How much of the translation sounds while the speaker speaks, and how much still waits.

``SpeechOverlap``  seconds of translation heard while the source speaks / seconds heard.  When the
                   source speaks is in ``spans.py``; the signature says from what (``activity``).
``SpeechQueued``   speech that was there when the source ended (written before its last moment) and
                   had not been heard by then.

Of a simultaneous interpreter much overlaps, of a consecutive one nothing: a description, no merit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from s2st_bench.metric import Item, Unscored
from s2st_bench.timed import SPEECH, PlaybackMetric, live_or_logged
from s2st_bench.timeline import Played, output_writes
from s2st_bench.types import MetricSpec

from .spans import overlap_s, source_activity, total_s, union


class SpeechOverlap(PlaybackMetric):
    """Share of the translation that is heard while the source speaks."""

    spec = MetricSpec("SpeechOverlap", "%", None, SPEECH, ("CU", "CA"), "s2st_bench")

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._bases: set[str] = set()

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        spoken = union((played.start_s, played.end_s) for played in heard)
        if not spoken:
            return Unscored("no output")
        source = source_activity(item.recording, item.trace.source_length)
        self._bases.add(source.basis)
        return 100.0 * overlap_s(spoken, source.spans) / total_s(spoken)

    def signature(self) -> Mapping[str, str]:
        return {"activity": "+".join(sorted(self._bases)) or "source"}


class SpeechQueued(PlaybackMetric):
    """Speech still queued when the source ends."""

    spec = MetricSpec("SpeechQueued", "ms", False, SPEECH, ("CU", "CA"), "s2st_bench")

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        end_s = item.trace.source_length
        at = (live_or_logged(item) if self.aware
              else [step.source_s for step, _ in output_writes(item.trace)])
        if at is None:
            return Unscored("compute was not measured")
        return 1000.0 * sum(max(0.0, played.end_s - max(played.start_s, end_s))
                            for played in heard if at[played.write] < end_s)
