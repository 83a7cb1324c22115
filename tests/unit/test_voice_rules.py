"""Active speech, echoes and the arithmetic of calibration."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
import soxr

from s2st_bench.metrics.voice.activity import active_frames, active_s, active_speech
from s2st_bench.metrics.voice.calibration import (
    Clip,
    Pairs,
    equal_error_rate,
    evenly,
    pairs_between,
    pairs_within,
    percentile_of,
)
from s2st_bench.metrics.voice.echo import THRESHOLD, echoed, similarities
from voice_traces import RATE, VOICES, corpus_speech


def tone(seconds: float, amplitude: float = 0.3) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * 200 * times)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


@pytest.mark.parametrize("gain", [1.0, 0.01, 3.0])
def test_pauses_are_no_active_speech_and_gaps_inside_words_are(gain: float) -> None:
    speech = gain * np.concatenate([
        silence(0.5), tone(1.0), silence(0.14), tone(1.0), silence(0.8), tone(0.04), silence(1)])
    assert active_s(speech) == pytest.approx(2.14, abs=0.05)
    assert len(active_speech(speech)) == round(active_s(speech) * RATE)


def test_faint_noise_beside_speech_is_silence_and_alone_below_the_floor_too() -> None:
    noise = np.random.default_rng(0).normal(size=2 * RATE).astype(np.float32)
    assert active_s(np.concatenate([tone(2.0), 0.001 * noise])) == pytest.approx(2.0, abs=0.03)
    assert active_s(0.0005 * noise) == 0.0


@pytest.mark.parametrize("samples", [np.zeros(0), np.ones(1), np.zeros(RATE), np.ones(319)])
def test_nothing_is_active_in_nothing(samples: np.ndarray) -> None:
    assert not active_frames(samples.astype(np.float32)).any()
    assert echoed(samples.astype(np.float32), samples.astype(np.float32)) == (0.0, 0.0)


def mp3(samples: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="MP3")
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0]


def at_rate(samples: np.ndarray, rate: int) -> np.ndarray:
    return soxr.resample(soxr.resample(samples, RATE, rate), rate, RATE)


def in_pieces(samples: np.ndarray) -> np.ndarray:
    """Every 320 ms a gap, as a system that echoes chunk by chunk leaves one."""
    parts = np.split(samples, range(5120, len(samples), 5120))
    return np.concatenate([np.append(part, np.zeros(1100, np.float32)) for part in parts])


ECHOES = {
    "as it is": lambda x: x,
    "late": lambda x: np.concatenate([silence(2.345), x]),
    "faint": lambda x: 0.05 * x,
    "clipped": lambda x: np.clip(20 * x, -1, 1),
    "from the middle of a frame": lambda x: x[160:],
    "a telephone's rate": lambda x: at_rate(x, 8000),
    "espeak's rate": lambda x: at_rate(x[77:], 22050),
    "mp3": mp3,
    "noise at 10 dB": lambda x: x + 0.316 * x.std() * np.random.default_rng(0).normal(size=len(x)),
    "in pieces": in_pieces,
}


@pytest.mark.parametrize("kind", ECHOES)
def test_an_echo_is_found(kind: str) -> None:
    source = corpus_speech("en-grammar-test-050")
    found_s, looked_at_s = echoed(source, ECHOES[kind](source).astype(np.float32))
    assert looked_at_s > 4.0
    assert found_s >= 0.9 * looked_at_s


def test_other_sentences_of_the_same_voice_are_no_echo() -> None:
    for first, second, _ in VOICES.values():
        _, best = similarities(corpus_speech(first), corpus_speech(second))
        assert len(best) > 3 and best.max() < THRESHOLD


def test_the_echoed_share_is_that_of_the_output() -> None:
    source, other = (corpus_speech(n) for n in ("en-grammar-test-050", "en-hand-test-022"))
    found_s, looked_at_s = echoed(source, np.concatenate([source, other]))
    wanted = active_s(source) / (active_s(source) + active_s(other))
    assert found_s / looked_at_s == pytest.approx(wanted, abs=0.1)


def pairs(genuine: list[float], impostors: list[float]) -> Pairs:
    scores = np.array(genuine + impostors)
    order = np.argsort(scores)
    kinds = np.array([True] * len(genuine) + [False] * len(impostors))
    return Pairs(scores[order], kinds[order], np.zeros((len(scores), 2), np.intp))


@pytest.mark.parametrize(("genuine", "impostors", "percent"), [
    ([0.8, 0.9], [0.1, 0.2], 0.0),
    ([0.1, 0.2], [0.8, 0.9], 100.0),
    # one of four on the wrong side, each way
    ([0.9, 0.8, 0.7, 0.3], [0.1, 0.2, 0.25, 0.75], 25.0),
    ([0.5, 0.5], [0.5, 0.5], 50.0),
])
def test_equal_error_rate(genuine: list[float], impostors: list[float], percent: float) -> None:
    assert equal_error_rate(pairs(genuine, impostors)) == pytest.approx(percent)


def test_equal_error_rate_of_two_normal_distributions() -> None:
    # Φ(-d/2) for unit variance and distance d
    rng = np.random.default_rng(0)
    found = equal_error_rate(pairs(list(rng.normal(2, 1, 20_000)), list(rng.normal(0, 1, 20_000))))
    assert found == pytest.approx(15.87, abs=0.5)


def test_weights_are_repetitions() -> None:
    once = pairs([0.9, 0.8, 0.7, 0.3], [0.1, 0.2, 0.25, 0.75])
    weights = np.array([1.0, 0, 2, 1, 3, 1, 0, 1])
    twice = [(s, g) for s, g, n in zip(once.scores, once.genuine, weights, strict=True)
             for _ in range(int(n))]
    repeated = pairs([s for s, g in twice if g], [s for s, g in twice if not g])
    assert equal_error_rate(once, weights) == pytest.approx(equal_error_rate(repeated))
    assert np.isnan(equal_error_rate(once, once.genuine.astype(float)))


def test_percentile() -> None:
    impostors = np.array([0.1, 0.2, 0.2, 0.4])
    assert percentile_of(0.05, impostors) == 0.0
    assert percentile_of(0.2, impostors) == 50.0
    assert percentile_of(0.9, impostors) == 100.0


def clip(speaker: str, recording: str, *vector: float) -> Clip:
    return Clip(speaker, recording, int(recording), np.array(vector))


def test_pairs_are_of_two_recordings_where_a_speaker_has_two() -> None:
    clips = [clip("a", "0", 1, 0), clip("a", "0", 1, 0), clip("a", "1", 0.6, 0.8),
             clip("b", "2", 0, 1)]
    found = pairs_within(clips)
    assert found.genuine.sum() == 2 and not found.one_session
    assert found.scores.tolist() == sorted([0.6, 0.6, 0.0, 0.0, 0.8])
    one = pairs_within([clip("a", "0", 1, 0), clip("a", "0", 1, 0), clip("b", "2", 0, 1)])
    assert one.genuine.sum() == 1 and one.one_session


def test_pairs_across_languages_hold_each_speakers_own_translation() -> None:
    source = [clip("a", "0", 1, 0), clip("b", "1", 0, 1)]
    found = pairs_between(source, [clip("a", "0", 0.8, 0.6), clip("b", "1", 0.6, 0.8)])
    assert found.scores.tolist() == pytest.approx([0.6, 0.6, 0.8, 0.8])
    assert found.genuine.tolist() == [False, False, True, True]


def test_evenly() -> None:
    assert evenly(3, 5) == [0, 1, 2]
    assert evenly(10, 3) == [0, 4, 9]
