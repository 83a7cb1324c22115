"""Tone speech: every word is one tone of one length, so its times are known by definition.

A word takes ``60 / rate_wpm`` seconds: a sine of its own pitch for the first 80 % of them,
silence for the rest.  Needs nothing installed; samples are mono ``float32``.
"""

from __future__ import annotations

import zlib

import numpy as np

from s2st_bench.errors import UsageError
from s2st_bench.speech.words import Utterance
from s2st_bench.types import Samples, Word

RATE_HZ = 16_000
SOUNDING = 0.8
_RAMP_S = 0.005


def tone(text: str, rate_wpm: float = 150.0) -> Utterance:
    """``text`` as tones; word k sounds over ``[k, k + 0.8] * 60 / rate_wpm`` seconds.

    Raises
    ------
    UsageError
        ``rate_wpm`` is not within 10 to 1200.
    """
    if not 10 <= rate_wpm <= 1200:
        raise UsageError(f"rate_wpm={rate_wpm:g}: tone speech takes 10 to 1200 words a minute")
    word_s = 60.0 / rate_wpm
    tokens = text.split()
    samples = np.zeros(round(len(tokens) * word_s * RATE_HZ), np.float32)
    words = []
    for index, token in enumerate(tokens):
        start_s = index * word_s
        end_s = start_s + SOUNDING * word_s
        first = round(start_s * RATE_HZ)
        sound = _sine(token, round(end_s * RATE_HZ) - first)
        samples[first : first + len(sound)] = sound
        words.append(Word(token, start_s, end_s))
    return Utterance(samples, RATE_HZ, tuple(words))


def _sine(token: str, length: int) -> Samples:
    """A sine at a pitch of 200 to 800 Hz that only depends on ``token``, with soft edges."""
    pitch_hz = 200.0 + zlib.crc32(token.encode("utf-8", "replace")) % 600
    wave = 0.3 * np.sin(2 * np.pi * pitch_hz * np.arange(length) / RATE_HZ)
    ramp = min(int(_RAMP_S * RATE_HZ), length // 2)
    edge = np.linspace(0.0, 1.0, ramp, endpoint=False)
    wave[:ramp] *= edge
    wave[length - ramp :] *= edge[::-1]
    sound: Samples = wave.astype(np.float32)
    return sound
