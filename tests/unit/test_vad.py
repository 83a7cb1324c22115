"""Silero VAD as a stream, and the gate over its probabilities."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.audio import read_audio
from s2st_bench.errors import ConfigError
from s2st_bench.systems.cascade import vad
from s2st_bench.systems.cascade.vad import FRAME_S, FRAME_SAMPLES, GateEvent, SileroVad, SpeechGate

SPEECH = Path(__file__).parents[3] / "shared" / "speech"
needs_speech = pytest.mark.skipif(
    not SPEECH.is_dir(), reason="no ../shared/speech beside the checkout"
)


def events(gate: SpeechGate, probabilities: list[float]) -> list[GateEvent]:
    found = [gate.push(p) for p in probabilities] + [gate.flush()]
    return [event for event in found if event is not None]


@pytest.fixture(scope="module")
def model() -> object:
    pytest.importorskip("onnxruntime")
    return vad.load_silero()


def test_the_model_is_the_one_its_readme_names() -> None:
    folder = Path(vad.__file__).parent / "silero"
    stated = re.search(r"sha256\s+([0-9a-f]{64})", (folder / "README.md").read_text())
    assert stated is not None
    data = (folder / "silero_vad_16k_op15.onnx").read_bytes()
    assert hashlib.sha256(data).hexdigest() == stated[1]
    assert "MIT License" in (folder / "LICENSE").read_text()


@pytest.mark.parametrize("kind", ["zeros", "hiss", "hum"])
def test_silence_noise_and_hum_are_not_speech(model: object, kind: str) -> None:
    n = 3 * 16_000
    samples = {
        "zeros": np.zeros(n),
        "hiss": np.random.default_rng(0).standard_normal(n) * 0.01,
        "hum": 0.1 * np.sin(2 * np.pi * 50 * np.arange(n) / 16_000),
    }[kind].astype(np.float32)
    probabilities = SileroVad(model).push(samples)
    assert len(probabilities) == n // FRAME_SAMPLES
    assert probabilities.max() < 0.5
    assert events(SpeechGate(), probabilities.tolist()) == []


def test_chunk_sizes_and_reset_do_not_change_the_probabilities(model: object) -> None:
    rng = np.random.default_rng(1)
    samples = (rng.standard_normal(8_000) * 0.1).astype(np.float32)
    whole = SileroVad(model).push(samples)
    stream = SileroVad(model)
    stream.push(rng.standard_normal(3_333).astype(np.float32))
    stream.reset()
    cuts = [samples[:1], samples[1:600], samples[600:600], samples[600:5_000], samples[5_000:]]
    parts = [stream.push(cut) for cut in cuts]
    assert [len(part) for part in parts] == [0, 1, 0, 8, 6]
    assert np.array_equal(np.concatenate(parts), whole)


@needs_speech
def test_speech_is_found_and_the_silence_around_it_is_not(model: object) -> None:
    for name in (
        "librivox_0870.wav",
        "jfk.flac",
        "sb_spk1_snt1.wav",
        "common_voice_fr_17301936.mp3",
    ):
        speech = read_audio(SPEECH / name)
        seconds = len(speech) / 16_000
        silence = np.zeros(3 * 16_000, np.float32)
        probabilities = SileroVad(model).push(np.concatenate([silence, speech, silence]))
        found = events(SpeechGate(min_silence_s=0.5), probabilities.tolist())
        assert [event.kind for event in found[:2]] == ["start", "end"]
        assert found[0].time_s >= 2.9 and found[-1].time_s <= 3 + seconds + 0.3
        ends = [e.time_s for e in found if e.kind == "end"]
        starts = [e.time_s for e in found if e.kind == "start"]
        spoken_s = sum(end - start for start, end in zip(starts, ends, strict=True))
        assert spoken_s > 0.5 * seconds, name


def test_hysteresis_and_short_pauses_keep_the_gate_open() -> None:
    gate = SpeechGate(min_silence_s=4 * FRAME_S, pad_s=0.0)
    probabilities = [0.1] * 5 + [0.9] * 5 + [0.4] * 10 + [0.1] * 3 + [0.6] * 2 + [0.1] * 9
    assert events(gate, probabilities) == [
        GateEvent("start", 5 * FRAME_S, 6 * FRAME_S),
        GateEvent("end", 25 * FRAME_S, 29 * FRAME_S),
    ]


def test_padding_and_the_end_of_the_source() -> None:
    gate = SpeechGate(min_silence_s=0.0, pad_s=FRAME_S / 2)
    assert events(gate, [0.1, 0.9, 0.1, 0.9]) == [
        GateEvent("start", FRAME_S / 2, 2 * FRAME_S),
        GateEvent("end", 2.5 * FRAME_S, 3 * FRAME_S),
        GateEvent("start", 2.5 * FRAME_S, 4 * FRAME_S),
        GateEvent("end", 4 * FRAME_S, 4 * FRAME_S),
    ]
    assert not gate.is_open


def test_speech_shorter_than_the_minimum_is_never_announced() -> None:
    gate = SpeechGate(min_speech_s=3 * FRAME_S, min_silence_s=FRAME_S, pad_s=0.0)
    assert events(gate, [0.9, 0.9, 0.1, 0.9, 0.9, 0.9, 0.9, 0.1]) == [
        GateEvent("start", 3 * FRAME_S, 6 * FRAME_S),
        GateEvent("end", 7 * FRAME_S, 8 * FRAME_S),
    ]


@settings(max_examples=100, deadline=None)
@given(
    probabilities=st.lists(st.floats(0, 1), max_size=80),
    min_silence_s=st.floats(0, 0.3),
    min_speech_s=st.floats(0, 0.3),
    pad_s=st.floats(0, 0.2),
)
def test_events_alternate_are_ordered_and_never_known_before_they_happen(
    probabilities: list[float], min_silence_s: float, min_speech_s: float, pad_s: float
) -> None:
    gate = SpeechGate(min_silence_s=min_silence_s, min_speech_s=min_speech_s, pad_s=pad_s)
    found = events(gate, probabilities)
    assert [e.kind for e in found] == ["start", "end"] * (len(found) // 2)
    times = [e.time_s for e in found]
    assert times == sorted(times)
    assert all(0 <= e.time_s <= e.known_s <= len(probabilities) * FRAME_S + 1e-9 for e in found)


@pytest.mark.parametrize(
    "options",
    [{"start_at": 0.3}, {"end_below": 0.0}, {"min_silence_s": -1.0}, {"pad_s": float("nan")}],
)
def test_impossible_thresholds_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        SpeechGate(**options)
