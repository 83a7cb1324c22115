"""Tone speech: word times by definition, and sound exactly there."""

import numpy as np
import pytest

from s2st_bench.errors import UsageError
from s2st_bench.speech.tone import RATE_HZ, tone


def test_words_sound_where_they_are_said_to():
    spoken = tone("one two three", 120)
    assert spoken.duration_s == 1.5 and spoken.samples.dtype == np.float32
    assert [(w.text, w.start_s, round(w.end_s, 9)) for w in spoken.words] == [
        ("one", 0.0, 0.4), ("two", 0.5, 0.9), ("three", 1.0, 1.4),
    ]  # fmt: skip
    inside = np.zeros(len(spoken.samples), bool)
    for word in spoken.words:
        inside[round(word.start_s * RATE_HZ) : round(word.end_s * RATE_HZ)] = True
    assert not spoken.samples[~inside].any()
    assert np.mean(spoken.samples[inside] ** 2) > 0.03


def test_pitch_tells_words_apart_and_is_theirs():
    again = tone("yes no yes", 120).samples.reshape(3, -1)
    assert np.array_equal(again[0], again[2]) and not np.array_equal(again[0], again[1])


def test_edges():
    assert len(tone("").samples) == 0
    assert len(tone("a b", 1200).samples) == 1600
    with pytest.raises(UsageError, match="rate_wpm=5"):
        tone("a", 5)
