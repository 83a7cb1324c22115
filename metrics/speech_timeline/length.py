"""How long the translation is beside its source: in seconds of speech, and in words.

``DurationRatio``      seconds of translation heard / seconds of source speech, both summed; silence
                       between pieces does not count.  The source's are of its segments.
``SLC-0.2`` ``0.4``    speech length compliance (Wu et al. 2023, VideoDubber, arXiv:2211.16934):
                       share of segments whose ratio of durations lies in 1 ± 0.2, 1 ± 0.4.  A
                       sentence that was not said, or failed, does not comply.
``TokenRatio``         words said / words of the transcript, both summed; characters in languages
                       written without spaces

Short form needs no words for durations; a sentence of long form lasts from its first word to its
last in the gapless speech.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.sound import Sound
from s2st_bench.timed import SPEECH, share
from s2st_bench.transcripts import UNSPACED, base_code
from s2st_bench.types import MetricSpec
from s2st_bench.units import count_units

from .spans import total_s, union
from .spoken import SpokenSums
from .words import Spoken, sound_of


class DurationRatio(Metric):
    """Seconds of target speech over seconds of source speech.

    Statistics of an item, ``float64[2]``: its share of both.
    """

    spec = MetricSpec("DurationRatio", "", None, SPEECH, (), "s2st_bench")
    per_talk = True

    def stats(self, item: Item) -> Floats | Unscored:
        sound = sound_of(item)
        if isinstance(sound, Unscored):
            return sound
        if item.trace.source_unit == "tokens":
            return Unscored("text input has no time")
        lasts_s = source_s(item)
        if not lasts_s > 0:
            return Unscored("the source has no length")
        return np.array([sound.duration_s, lasts_s]) * share(item)

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])


class SpeechLengthCompliance(SpokenSums):
    """Share of segments as long as their source.  Statistics: 1 if it is, 1."""

    tolerance: ClassVar[float]

    def stats(self, item: Item) -> Floats | Unscored:
        if item.trace.source_unit == "tokens":
            return Unscored("text input has no time")
        if "speech" not in item.trace.outputs:
            return Unscored("no speech output")
        if item.failed:
            return np.array([0.0, 1.0])
        if not item.recording.long_form:
            sound = item.sound or Sound(item.trace, live=item.live)
            return self.of_seconds(sound.duration_s, item)
        return super().stats(item)

    def of_spoken(self, spoken: Spoken, item: Item) -> Floats | Unscored:
        return self.of_seconds(spoken.duration_s, item)

    def of_seconds(self, spoken_s: float, item: Item) -> Floats | Unscored:
        segment = item.segment
        lasts_s = segment.end_s - segment.start_s
        source = lasts_s if lasts_s > 0 or item.recording.long_form else item.trace.source_length
        if not source > 0:
            return Unscored("the source has no length")
        return np.array([abs(spoken_s / source - 1.0) <= self.tolerance + 1e-9, 1.0])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(100.0 * totals[..., 0] / totals[..., 1])


class SLC02(SpeechLengthCompliance):
    """Within a fifth."""

    spec = MetricSpec("SLC-0.2", "%", True, SPEECH, (), "arXiv:2211.16934")
    tolerance = 0.2


class SLC04(SpeechLengthCompliance):
    """Within two fifths."""

    spec = MetricSpec("SLC-0.4", "%", True, SPEECH, (), "arXiv:2211.16934")
    tolerance = 0.4


class TokenRatio(SpokenSums):
    """Words said over words of the source.  Statistics: both numbers."""

    spec = MetricSpec("TokenRatio", "", None, SPEECH | {"transcript"}, (), "s2st_bench")

    def of_spoken(self, spoken: Spoken, item: Item) -> Floats | Unscored:
        if not item.segment.transcript.strip():
            return Unscored("no transcript")
        said = " ".join(word.text for word in spoken.words)
        return np.array([
            _count(said, item.trace.target_lang),
            _count(item.segment.transcript, item.recording.source_lang),
        ], dtype=np.float64)

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])


def source_s(item: Item) -> float:
    """Seconds of the recording that its segments hold; all of it where they hold none."""
    length_s = item.trace.source_length
    spans = union((max(0.0, s.start_s), min(s.end_s, length_s)) for s in item.recording.segments)
    return total_s(spans) or length_s


def _count(text: str, lang: str) -> int:
    return count_units(text, "char" if base_code(lang) in UNSPACED else "word")
