"""Speech by espeak-ng, phrase by phrase."""

from __future__ import annotations

from collections.abc import Iterator

from s2st_bench.errors import UsageError
from s2st_bench.parts import SynthesiserModel
from s2st_bench.speech import espeak
from s2st_bench.speech.words import Utterance

_GAP_S = 0.06
"""Silence kept after the last word of a phrase; espeak-ng leaves a longer pause."""


class Espeak(SynthesiserModel):
    """espeak-ng in its voice of the target language.

    Parameters
    ----------
    speech_rate
        Words a minute.
    """

    voices = frozenset({"espeak-ng"})

    def __init__(self, speech_rate: int = 170) -> None:
        if not 80 <= speech_rate <= 450:
            raise ValueError(f"speech_rate={speech_rate}: 80 to 450 words a minute")
        self._rate_wpm = speech_rate

    def load(self) -> None:
        espeak.version()  # says now what is missing, not in the first recording

    def missing(self, lang: str) -> str | None:
        try:
            espeak.speak("a", espeak.voice_for(lang), self._rate_wpm)
        except UsageError as error:
            return str(error)
        return None

    def speak(self, text: str, lang: str) -> Iterator[Utterance]:
        spoken = espeak.speak(text, espeak.voice_for(lang), self._rate_wpm)
        if not spoken.words:
            yield spoken
            return
        end = round((spoken.words[-1].end_s + _GAP_S) * spoken.sample_rate_hz)
        yield Utterance(spoken.samples[:end], spoken.sample_rate_hz, spoken.words)
