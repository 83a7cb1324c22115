"""Phrases, stretches, pitch and prosody against signals whose values are known."""

from __future__ import annotations

import numpy as np
import pytest

from s2st_bench.metrics.naturalness import activity, pitch, prosody
from s2st_bench.speech.espeak import RATE_HZ as ESPEAK_HZ
from s2st_bench.speech.espeak import synthesize
from spoken import RATE_HZ, silence, tone


def seconds(parts) -> list[float]:
    return [len(part) / RATE_HZ for part in parts]


def test_pauses_of_300_ms_part_phrases_and_clicks_are_none() -> None:
    speech = np.concatenate([
        silence(0.5), tone(150, 1.0), silence(0.2), tone(150, 1.0), silence(0.4),
        tone(150, 1.0), silence(1.0), tone(150, 0.05), silence(0.5),
    ])
    found = [(p.start_s, p.end_s) for p in activity.phrases(speech, RATE_HZ)]
    assert np.array(found) == pytest.approx(np.array([(0.5, 2.7), (3.1, 4.1)]))
    assert prosody.pause_features(activity.phrases(speech, RATE_HZ)) == pytest.approx(
        {"pause_rate": 60 / 3.6, "pause_mean": 400.0, "pause_share": 100 * 0.4 / 3.6})


def test_stretches_have_3_to_10_s_and_no_inserted_silence() -> None:
    phrase = np.concatenate([tone(150, 4.0), silence(2.0)])
    speech = np.concatenate([silence(3.0), *[phrase] * 5])
    found = activity.stretches(speech, RATE_HZ)
    assert seconds(found) == pytest.approx([8.4, 8.4, 4.2])
    for part in found:
        quiet = np.abs(part) < 1e-4
        runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], quiet, [0]]))))[::2]
        assert runs.max() / RATE_HZ <= 2 * activity.MARGIN_S + 0.01


def test_long_phrases_are_cut_and_a_short_rest_is_left_out() -> None:
    assert seconds(activity.stretches(tone(150, 24.0), RATE_HZ)) == pytest.approx([8.0] * 3, 0.02)
    rest = np.concatenate([tone(150, 9.5), silence(1.0), tone(150, 1.0)])
    assert seconds(activity.stretches(rest, RATE_HZ)) == pytest.approx([9.6], 0.01)
    assert seconds(activity.stretches(tone(150, 1.5), RATE_HZ)) == pytest.approx([1.5], 0.01)


@pytest.mark.parametrize("samples", [
    silence(0), silence(5.0), tone(150, 0.3), np.zeros(1, np.float32),
    tone(150, 5.0, level=1e-4),
], ids=["empty", "zeros", "0.3 s", "1 sample", "below -60 dBFS"])
def test_little_speech_has_no_stretch(samples) -> None:
    assert activity.stretches(samples, RATE_HZ) == ()


def test_gain_moves_the_level_only() -> None:
    speech = np.concatenate([tone(150, 2.0), silence(0.5), tone(200, 2.0)])
    one, half = (prosody.level_features(g * speech, RATE_HZ) for g in (np.float32(1), 0.5))
    assert one["level"] - half["level"] == pytest.approx(6.02, abs=0.01)
    assert one["level_sd"] == pytest.approx(half["level_sd"], abs=0.01)
    assert activity.phrases(speech, RATE_HZ) == activity.phrases(speech * np.float32(0.5), RATE_HZ)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050])
@pytest.mark.parametrize("hz", [75.0, 110.0, 220.0, 440.0])
def test_f0_of_a_tone(hz: float, rate_hz: int) -> None:
    found = pitch.f0(tone(hz, 0.5, rate_hz), rate_hz)
    assert np.isfinite(found).all()
    assert found == pytest.approx(hz, rel=0.005)


def test_f0_range_of_a_glide_is_its_semitones() -> None:
    t = np.arange(4 * RATE_HZ) / RATE_HZ
    hz = 100.0 * 2.0 ** (t / 4.0)  # one octave
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    glide = np.asarray(0.2 * sum(np.sin(k * phase) / k for k in range(1, 6)), np.float32)
    found = prosody.pitch_features(glide, RATE_HZ)
    assert found["f0_range"] == pytest.approx(0.9 * 12.0, abs=0.15)  # 5th to 95th percentile
    assert found["f0_median"] == pytest.approx(100.0 * 2.0**0.5, rel=0.01)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 2 * RATE_HZ).astype(np.float32)
    assert np.isnan(pitch.f0(noise, RATE_HZ)).mean() > 0.95
    assert np.isnan(pitch.f0(silence(1.0), RATE_HZ)).all()
    assert np.isnan(pitch.f0(silence(1.0) + np.float32(0.7), RATE_HZ)).all()
    assert prosody.pitch_features(silence(1.0), RATE_HZ) == {}
    assert len(pitch.f0(silence(0.01), RATE_HZ)) == 0


def test_f0_follows_the_synthesisers_pitch_setting() -> None:
    text = "The committee will meet again on Monday morning."
    found = []
    for setting in (20, 50, 80):
        said = [p.samples for p in synthesize(text, "en", pitch=setting)]
        found.append(prosody.pitch_features(np.concatenate(said), ESPEAK_HZ)["f0_median"])
    assert found[0] * 1.15 < found[1] and found[1] * 1.15 < found[2]
    assert all(60 < value < 250 for value in found)
