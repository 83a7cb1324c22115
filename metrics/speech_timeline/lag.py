"""How far behind the speaker the translation of each sentence ends, and whether that grows.

``SpeechLag``    when the last word of a sentence's translation had been heard - when the sentence
                 ended; a mean over sentences
``SpeechDrift``  the Theil-Sen slope of a talk's lags on its sentences' starts
                 (:mod:`s2st_bench.trend`), in milliseconds per minute of talk

Words are found as ``words.py`` says, and dealt out to sentences by the run's resegmenter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from s2st_bench.metric import Item, MeanMetric, Unscored
from s2st_bench.parts import RecogniserModel
from s2st_bench.timed import SPEECH
from s2st_bench.trend import DriftMetric
from s2st_bench.types import MetricSpec

from .spoken import SpokenMetric
from .words import Speaker, Spoken, spoken_items


def lag_ms(spoken: Spoken | Unscored, item: Item, aware: bool) -> float | Unscored:
    """Milliseconds from the end of the item's sentence to the end of its translation."""
    if isinstance(spoken, Unscored):
        return spoken
    if item.source_unit == "tokens":
        return Unscored("text input has no time")
    if aware and not spoken.sound.measured:
        return Unscored("compute was not measured")
    if not spoken.words:
        return Unscored("no output")
    lag = 1000.0 * (spoken.end_s(aware) - item.segment.end_s)
    return lag if np.isfinite(lag) else Unscored("a time is not a finite number")


class SpeechLag(MeanMetric, SpokenMetric):
    """Mean lag of sentences."""

    spec = MetricSpec("SpeechLag", "ms", False, SPEECH, ("CU", "CA"), "s2st_bench")

    def item_value(self, item: Item) -> float | Unscored:
        return lag_ms(self.spoken(item), item, self.aware)


class SpeechDrift(DriftMetric):
    """Milliseconds by which the lag grows in a minute of talk."""

    spec = MetricSpec("SpeechDrift", "ms/min", False, SPEECH, ("CU", "CA"), "s2st_bench")
    lag_name = "SpeechLag"
    asr_by_rule = False

    def __init__(self, *, aware: bool = False, asr: RecogniserModel | None = None) -> None:
        super().__init__(aware=aware)
        self._speaker = Speaker(asr)

    def lags(self, items: Sequence[Item]) -> Sequence[float | Unscored]:
        found = spoken_items(items, self._speaker)
        return [lag_ms(one, item, self.aware) for one, item in zip(found, items, strict=True)]

    def signature(self) -> Mapping[str, str]:
        return self._speaker.signature()
