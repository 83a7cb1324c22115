"""Whisper, faster-whisper and CTC models, loaded and run on tiny random checkpoints."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import tiny_recognisers
from s2st_bench.audio import ready, windows
from s2st_bench.errors import DependencyError, InputError
from s2st_bench.parts import RecogniserModel
from s2st_bench.registry import Registry
from s2st_bench.systems.asr.whisper import spread
from s2st_bench.systems.asr.whole import timed
from s2st_bench.transcripts import Transcriber
from s2st_bench.types import Samples, Speech, Word

REGISTRY = Registry()
RATE = 16_000
NOISE: Samples = (0.1 * np.random.default_rng(0).standard_normal(40 * RATE)).astype(np.float32)


def test_windows_end_where_it_is_quiet() -> None:
    sound = NOISE.copy()
    sound[27 * RATE : 27 * RATE + 1_600] = 0.0
    (first, cut), (again, last) = windows(sound, RATE)
    assert (first, again, last) == (0, cut, 40 * RATE)
    assert 27 * RATE <= cut <= 27 * RATE + 1_600
    assert windows(sound[: 30 * RATE], RATE) == [(0, 30 * RATE)] and windows(sound[:0], RATE) == []
    pieces = windows(np.zeros(1_800 * 100, np.float32), 100)
    assert all(0 < b - a <= 3_000 for a, b in pieces) and pieces[-1][1] == 180_000
    assert all(one[1] == two[0] for one, two in zip(pieces[:-1], pieces[1:], strict=True))


def test_audio_is_mended_for_models() -> None:
    bad = np.array([np.nan, np.inf, -np.inf, 0.5, 7.0], np.float32)
    assert ready(bad, RATE, RATE).tolist() == [0.0, 1.0, -1.0, 0.5, 1.0]
    assert len(ready(np.ones((480, 2), np.float32), 48_000, RATE)) == 160
    assert len(ready(np.zeros(1, np.float32), 48_000, RATE)) == 0


def test_words_have_the_times_of_their_tokens() -> None:
    # "ab", "c d" and "e": the second token ends a word and begins the next
    assert timed("abc de", [0.0, 1.0, 2.0], [2, 5, 6], 3.0) == [
        Word("abc", 0.0, 2.0), Word("de", 1.0, 3.0)]
    assert timed("你好", [0.0, 1.0], [1, 2], 2.0, spaced=False) == [
        Word("你", 0.0, 1.0), Word("好", 1.0, 2.0)]
    assert timed("ab", [5.0, 1.0], [1, 2], 2.0) == [Word("ab", 2.0, 2.0)]  # never past the end
    assert timed("", [], [], 1.0) == []


def test_tokens_share_their_segment_evenly() -> None:
    # <0.00> a b <1.00> <2.00> c
    assert spread([100, 1, 2, 150, 200, 3], 100, 4.0) == pytest.approx(
        [0.0, 1 / 3, 2 / 3, 1.0, 2.0, 3.0])


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch").set_num_threads(1)
    pytest.importorskip("transformers")
    return tmp_path_factory.mktemp("checkpoints")


def made(name: str, folder: Path) -> RecogniserModel:
    """A recogniser on its tiny checkpoint below ``folder``."""
    plugin = REGISTRY.get("recognisers", name)
    if plugin.missing():
        pytest.skip(f"{name}: {plugin.pip_line}")
    place = folder / name
    if name == "whisper" and not place.exists():
        tiny_recognisers.whisper(place)
    elif name == "ctc" and not place.exists():
        tiny_recognisers.ctc(place)
    elif name == "faster-whisper" and not place.exists():
        source = tiny_recognisers.whisper(folder / "english", english=True)
        tiny_recognisers.ctranslate2(source, place)
    more = {"lang": "en"} if name == "ctc" else {}
    found: RecogniserModel = plugin.load()(checkpoint=str(place), device="cpu", **more)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["whisper", "faster-whisper", "ctc"])
def test_recognisers_hear_long_and_hostile_audio(name: str, checkpoints: Path) -> None:
    model = made(name, checkpoints)
    signature = model.signature()
    assert signature["asr"] == name and len(signature["weights"]) == 12
    assert all(isinstance(v, str) and v for v in signature.values())
    words = model.transcribe(NOISE, RATE, "en")
    assert words and words[-1].start_s > 20.0  # the second window's are where it is
    assert all(0.0 <= w.start_s <= w.end_s <= 40.01 for w in words)
    assert model.transcribe(NOISE, RATE, "en") == words and model.signature() == signature
    for samples, rate_hz in [
        (NOISE[:0], RATE), (NOISE[:1], RATE), (0 * NOISE[:RATE], RATE),
        (np.full(8_000, np.nan, np.float32), RATE), (90 * NOISE[:8_000], 8_000),
        (np.stack([NOISE[:9_600]] * 2, axis=1), 48_000),
    ]:
        length_s = len(samples) / rate_hz
        assert all(0 <= w.start_s <= w.end_s <= length_s + 0.05
                   for w in model.transcribe(samples, rate_hz, "en"))
    assert model.transcribe(NOISE[:0], RATE, "en") == ()
    listener = model.open("en")
    assert listener.accept(NOISE[: 2 * RATE]) == ()
    assert listener.finish() == tuple(w.text for w in
                                      model.transcribe(NOISE[: 2 * RATE], RATE, "en"))
    assert listener.finish() == ()
    listener.close()


@pytest.mark.slow
def test_whisper_in_batches_languages_and_without_alignment_heads(checkpoints: Path) -> None:
    model = made("whisper", checkpoints)
    parts = [Speech(NOISE[i * RATE : (i + 3) * RATE], RATE) for i in range(3)]
    together = model.transcribe_many(parts, "de-AT")
    alone = [model.transcribe(p.samples, RATE, "de") for p in parts]
    assert [[w.text for w in words] for words in together] == \
        [[w.text for w in words] for words in alone]
    characters = model.transcribe(NOISE[:RATE], RATE, "ja")
    assert characters and all(len(w.text) == 1 for w in characters)
    with pytest.raises(InputError, match="knows no es; it knows de, en, ja"):
        model.transcribe(NOISE[:RATE], RATE, "es")
    plugin = REGISTRY.get("recognisers", "whisper").load()
    headless = tiny_recognisers.whisper(checkpoints / "headless", heads=False)
    found = plugin(checkpoint=str(headless), device="cpu").transcribe(NOISE[: 4 * RATE], RATE, "de")
    assert found and all(0 <= w.start_s <= w.end_s <= 4.0 for w in found)
    english = tiny_recognisers.whisper(checkpoints / "en", english=True)
    only = plugin(checkpoint=str(english), device="cpu", precision="bfloat16")
    assert only.transcribe(NOISE[:RATE], RATE, "en") and only.languages == {"en"}
    with pytest.raises(InputError, match="knows no de; it knows en"):
        only.transcribe(NOISE[:RATE], RATE, "de")


@pytest.mark.slow
def test_whisper_names_the_language(checkpoints: Path) -> None:
    made("whisper", checkpoints)
    plugin = REGISTRY.get("identifiers", "whisper").load()
    model = plugin(checkpoint=str(checkpoints / "whisper"), device="cpu")
    found = model.identify(NOISE[:RATE], 8_000)
    assert set(found) == {"en", "de", "ja"} and sum(found.values()) == pytest.approx(1.0)
    assert model.signature()["identifier"] == "whisper"


@pytest.mark.slow
def test_transcripts_are_kept_by_weights(checkpoints: Path, tmp_path: Path) -> None:
    model = made("whisper", checkpoints)
    words = Transcriber(model).words(NOISE[:RATE], RATE, "de")
    again = made("whisper", checkpoints)
    assert Transcriber(again).words(NOISE[:RATE], RATE, "de") == words
    assert again._model is None  # type: ignore[attr-defined]
    other = tiny_recognisers.whisper(tmp_path / "other", seed=1)
    assert REGISTRY.get("recognisers", "whisper").load()(
        checkpoint=str(other)).signature()["weights"] != model.signature()["weights"]


def test_a_checkpoint_that_is_none(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    whisper = REGISTRY.get("recognisers", "whisper").load()
    with pytest.raises(InputError, match="no such file or folder"):
        whisper(checkpoint=str(tmp_path / "missing"))
    assert REGISTRY.get("recognisers", "faster-whisper").load()(checkpoint="large-v3").languages \
        == frozenset()
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="recogniser whisper: .*cannot be loaded"):
        whisper(checkpoint=str(tmp_path)).load()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugin = REGISTRY.get("recognisers", "faster-whisper")
    model = plugin.load()(checkpoint=str(tmp_path))
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(DependencyError, match=r'pip install "s2st-bench\[faster-whisper\]"'):
        model.load()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert plugin.pip_line == 'pip install "s2st-bench[faster-whisper]"'
