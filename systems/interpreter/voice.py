"""The interpreter's voices: espeak-ng, or tones whose word times are known by definition."""

from __future__ import annotations

from typing import Literal

from s2st_bench.speech import espeak
from s2st_bench.speech.tone import tone
from s2st_bench.speech.words import Utterance

Voice = Literal["none", "tone", "espeak"]

_GAP_S = 0.05
"""Silence kept after the last word of what espeak-ng says."""


def say(text: str, voice: Voice, lang: str, rate_wpm: int) -> Utterance:
    """``text`` as speech; one word per whitespace-separated token."""
    if voice == "tone":
        return tone(text, rate_wpm)
    spoken = espeak.speak(text, espeak.voice_for(lang), rate_wpm)
    if not spoken.words:
        return spoken
    end = round((spoken.words[-1].end_s + _GAP_S) * spoken.sample_rate_hz)
    return Utterance(spoken.samples[:end], spoken.sample_rate_hz, spoken.words)
