"""Streams cut at pauses: nothing heard twice, nothing of the speech lost, however it arrives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.systems.reference.frontend import RATE_HZ
from s2st_bench.systems.reference.shape import CHUNK_S
from s2st_bench.systems.reference.utterances import PREROLL_S, Utterances
from s2st_bench.types import Samples

_QUIET = 1e-4


def sound(parts: list[tuple[float, bool]]) -> Samples:
    """Stretches of noise, loud where true, of so many seconds."""
    rng = np.random.default_rng(0)
    return np.concatenate([
        rng.standard_normal(round(seconds * RATE_HZ)).astype(np.float32)
        * np.float32(0.1 if is_speech else _QUIET)
        for seconds, is_speech in parts
    ])


def cut(samples: Samples, size: int, **options: float) -> list[Samples]:
    """The utterances of ``samples`` given ``size`` at a time."""
    utterances = Utterances(**options)
    found: list[list[Samples]] = [[]]
    for at in range(0, len(samples), size):
        for piece in utterances.push(samples[at : at + size]):
            found[-1].append(piece.samples)
            if piece.ends:
                found.append([])
    for piece in utterances.finish():
        found[-1].append(piece.samples)
    return [np.concatenate(parts) for parts in found if parts]


def test_a_pause_ends_an_utterance_and_a_short_one_does_not() -> None:
    stream = sound([(1.0, False), (1.5, True), (0.3, False), (1.0, True), (0.8, False),
                    (1.0, True), (0.2, False)])
    first, second = cut(stream, 5120)
    assert len(first) / RATE_HZ == pytest.approx(1.5 + 0.3 + 1.0 + 0.4, abs=CHUNK_S + PREROLL_S)
    assert len(second) / RATE_HZ == pytest.approx(1.0 + 0.2, abs=CHUNK_S + PREROLL_S)


@given(size=st.integers(100, 40_000))
def test_however_the_stream_is_cut_the_utterances_are_the_same(size: int) -> None:
    stream = sound([(0.5, False), (1.2, True), (0.7, False), (0.9, True), (0.6, False)])
    expected = cut(stream, 160)
    found = cut(stream, size)
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours[: len(theirs)], theirs[: len(ours)])
        assert abs(len(ours) - len(theirs)) < RATE_HZ // 100


def test_an_utterance_begins_on_the_grid_of_chunks_with_its_first_sound_inside() -> None:
    lead = 1.37
    stream = sound([(lead, False), (1.0, True)])
    (only,) = cut(stream, 5120)
    begin = (len(stream) - len(only)) / RATE_HZ
    assert begin / CHUNK_S == pytest.approx(round(begin / CHUNK_S))
    assert lead - PREROLL_S - CHUNK_S <= begin <= lead - PREROLL_S


def test_all_of_the_speech_is_in_the_utterances() -> None:
    stream = sound([(0.4, False), (2.0, True), (1.0, False), (2.0, True)])
    loud = sum(float((np.abs(part) > 10 * _QUIET).mean() * len(part)) for part in cut(stream, 5120))
    assert loud == pytest.approx(float((np.abs(stream) > 10 * _QUIET).sum()), rel=0.001)


def test_the_longest_utterance_is_bounded() -> None:
    parts = cut(sound([(7.0, True)]), 5120, max_s=2.0)
    assert 4 <= len(parts) <= 5  # each begins on the grid of chunks, silence filled in
    assert max(len(part) for part in parts) <= 2.02 * RATE_HZ


def test_silence_and_nothing_are_no_utterance() -> None:
    assert cut(np.zeros(RATE_HZ * 3, np.float32), 5120) == []
    assert cut(np.zeros(0, np.float32), 1) == []


def test_what_is_no_number_is_heard_as_silence() -> None:
    stream = sound([(0.5, False), (1.0, True), (0.6, False)])
    stream[RATE_HZ : RATE_HZ + 50] = np.nan
    (only,) = cut(stream, 5120)
    assert np.isfinite(only).all()


@pytest.mark.parametrize("gain_db", [0, -20, -40, -50])
def test_a_quiet_recording_is_cut_as_a_loud_one(gain_db: int) -> None:
    stream = sound([(0.5, False), (1.2, True), (0.7, False), (0.9, True), (0.6, False)])
    quiet = (stream * 10 ** (gain_db / 20)).astype(np.float32)
    assert [len(part) for part in cut(quiet, 5120)] == [len(part) for part in cut(stream, 5120)]


def test_steady_noise_is_no_utterance() -> None:
    noise = np.random.default_rng(1).standard_normal(5 * RATE_HZ).astype(np.float32)
    assert cut(noise * np.float32(3e-4), 5120) == []
