"""How fast the translation is spoken, and whether that is a rate people speak at.

``SpeechRate``            units said / seconds of speech, from the first word of a sentence to its
                          last in the gapless speech
``SpeechRateCompliance``  share of stretches whose rate lies in a band.  A stretch is words that
                          follow one another for at least ``stretch_s``; what remains of a sentence
                          belongs to its last one.

Units are syllables (``syllables.py``), words or characters.  The band is ``low`` to ``high`` units
per second; by default, for syllables, the published mean rate of the language
(:data:`.syllables.MEAN_RATE_HZ`) ± 30 %.  That width is ours: no paper on simultaneous speech
states one.  Statistics, ``float64[2]``: units and seconds; stretches inside and stretches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from s2st_bench.errors import ConfigError
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.parts import RecogniserModel
from s2st_bench.timed import SPEECH
from s2st_bench.transcripts import base_code
from s2st_bench.types import MetricSpec, Word

from .spoken import SpokenSums
from .syllables import MEAN_RATE_HZ, can_count, syllables
from .words import Spoken, lasts_s

RateUnit = Literal["syllable", "word", "char"]
WIDTH = 0.3


class SpeechRate(SpokenSums):
    """Units per second of speech."""

    spec = MetricSpec("SpeechRate", "1/s", None, SPEECH, (), "s2st_bench")

    def __init__(
        self, *, aware: bool = False, unit: RateUnit = "syllable",
        asr: RecogniserModel | None = None,
    ) -> None:
        super().__init__(aware=aware, asr=asr)
        self.unit: RateUnit = unit

    def of_spoken(self, spoken: Spoken, item: Item) -> Floats | Unscored:
        lang = item.trace.target_lang
        if self.unit == "syllable" and not can_count(lang):
            return Unscored(f"syllables of {lang!r} cannot be counted from letters: take unit "
                            "word or char")
        if not spoken.duration_s > 0:
            return Unscored("no output")
        return self.of_words(spoken.words, lang)

    def of_words(self, words: Sequence[Word], lang: str) -> Floats | Unscored:
        return np.array([count(words, lang, self.unit), lasts_s(words)])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "rate": self.unit}


class SpeechRateCompliance(SpeechRate):
    """Share of stretches that are spoken at a rate inside the band."""

    spec = MetricSpec("SpeechRateCompliance", "%", None, SPEECH, (),
                      "s2st_bench; rates of Pellegrino et al. 2011")

    def __init__(
        self, *, aware: bool = False, unit: RateUnit = "syllable",
        asr: RecogniserModel | None = None, low: float | None = None, high: float | None = None,
        stretch_s: float = 2.0,
    ) -> None:
        super().__init__(aware=aware, unit=unit, asr=asr)
        if (low is None) != (high is None):
            raise ConfigError("SpeechRateCompliance: give low and high, or neither")
        if low is not None and high is not None and not 0 <= low < high:
            raise ConfigError(f"SpeechRateCompliance: low={low:g}, high={high:g} is no band")
        if low is None and unit != "syllable":
            raise ConfigError(f"SpeechRateCompliance: no published band for unit={unit}: give low "
                              "and high in units per second")
        if not stretch_s > 0:
            raise ConfigError(f"SpeechRateCompliance.stretch_s={stretch_s:g}: more than 0 is meant")
        self.given = None if low is None or high is None else (low, high)
        self.stretch_s = stretch_s

    def of_words(self, words: Sequence[Word], lang: str) -> Floats | Unscored:
        low, high = self.given or band(lang)
        rates = [count(part, lang, self.unit) / lasts_s(part)
                 for part in stretches(words, self.stretch_s)]
        return np.array([sum(low <= rate <= high for rate in rates), len(rates)], dtype=np.float64)

    def value(self, totals: Floats) -> Floats:
        return 100.0 * super().value(totals)

    def signature(self) -> Mapping[str, str]:
        given = self.given
        said = f"pellegrino2011({1 - WIDTH:g}-{1 + WIDTH:g})"
        if given is not None:
            said = f"{given[0]:g}-{given[1]:g}/s"
        return {**super().signature(), "band": said, "stretch": f"{self.stretch_s:g}s"}


def band(lang: str) -> tuple[float, float]:
    """Syllables per second of ordinary speech in a language that can be counted."""
    mean = MEAN_RATE_HZ[base_code(lang)]
    return mean * (1 - WIDTH), mean * (1 + WIDTH)


def count(words: Sequence[Word], lang: str, unit: RateUnit) -> int:
    """Units of the words."""
    if unit == "syllable":
        return sum(syllables(word.text, lang) for word in words)
    return len(words) if unit == "word" else sum(len("".join(w.text.split())) for w in words)


def stretches(words: Sequence[Word], shortest_s: float) -> Iterator[Sequence[Word]]:
    """Runs of words that last at least ``shortest_s``, or all words where they last less."""
    start, cuts = 0, [0]
    for i, word in enumerate(words):
        if word.end_s - words[start].start_s >= shortest_s:
            start = i + 1
            cuts.append(start)
    cuts = [*cuts[:-1], len(words)] if len(cuts) > 1 else [0, len(words)]
    for begin, end in zip(cuts[:-1], cuts[1:], strict=True):
        yield words[begin:end]
