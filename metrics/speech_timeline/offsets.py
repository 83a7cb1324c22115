"""When the first sound of the translation was heard, and the last.

``SpeechStartOffset`` is the start of the first piece, from the start of the source;
``SpeechEndOffset`` is the end of the last piece - the length of the source.  Unaware they equal
SimulEval 1.1.4's ``StartOffset`` and ``EndOffset`` for speech output; its aware ``EndOffset``
uses unaware playback times, ours the ones a listener heard.
"""

from __future__ import annotations

from collections.abc import Sequence

from s2st_bench.metric import Item, Unscored
from s2st_bench.timed import SPEECH, PlaybackMetric
from s2st_bench.timeline import Played
from s2st_bench.types import MetricSpec


class SpeechStartOffset(PlaybackMetric):
    """How long a listener waits for the first sound."""

    spec = MetricSpec("SpeechStartOffset", "ms", False, SPEECH, ("CU", "CA"), "SimulEval 1.1.4")

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        return 1000.0 * heard[0].start_s


class SpeechEndOffset(PlaybackMetric):
    """How long after the speaker the translation goes on."""

    spec = MetricSpec("SpeechEndOffset", "ms", False, SPEECH, ("CU", "CA"), "SimulEval 1.1.4")

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        return 1000.0 * (heard[-1].end_s - item.trace.source_length)
