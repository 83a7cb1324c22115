"""Recogniser and translator of the reference models as parts, on tiny random models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import InputError, SystemFailure
from s2st_bench.parts import RecogniserModel, TranslatorModel
from s2st_bench.registry import Registry
from s2st_bench.types import Task

pytest.importorskip("onnxruntime", reason="extra reference")
pytest.importorskip("sentencepiece", reason="extra reference")

from s2st_bench.systems.reference.parts import (  # noqa: E402
    ReferenceRecogniser,
    ReferenceTranslator,
)
from s2st_bench.systems.reference.pieces import END  # noqa: E402
from s2st_bench.systems.reference.runtime import Models, Sentence, models_of  # noqa: E402

FOLDER = Path(__file__).parents[1] / "data" / "reference"
TEXT = "a small test a test small"
RATE_HZ = 16_000


def sound(seconds: float, seed: int = 1) -> np.ndarray:
    """Two bursts of noise, with silence before and between them."""
    draws = np.random.default_rng(seed)
    level = np.repeat(draws.uniform(0.02, 0.3, int(seconds * 20) + 1), RATE_HZ // 20)
    samples = (draws.standard_normal(len(level)) * level).astype(np.float32)
    middle = len(samples) // 2
    samples[: RATE_HZ // 2] = samples[middle - RATE_HZ // 2 : middle + RATE_HZ // 2] = 0.0
    return samples


@pytest.fixture(scope="module")
def models() -> Models:
    return models_of(FOLDER)


def read(models: Models, *parts: str) -> Sentence:
    sentence = Sentence(models, "de")
    for part in parts:
        sentence.read(part)
    return sentence


def test_a_sentence_is_the_same_however_it_was_read(models: Models) -> None:
    whole = read(models, TEXT)
    words = read(models, *TEXT.split())
    assert whole.whole() == words.whole() != ""
    words.read("", is_over=True)
    at_once = Sentence(models, "de")
    at_once.read(TEXT, is_over=True)
    assert words.whole() == at_once.whole()
    with pytest.raises(ValueError, match="another one"):
        words.read("more")
    assert Sentence(models, "de").whole() == ""


@pytest.mark.parametrize("k", [1, 3, 50])
def test_wait_k_waits_and_takes_nothing_back(models: Models, k: int) -> None:
    sentence = Sentence(models, "de")
    said = ""
    for number, word in enumerate(TEXT.split(), 1):
        sentence.read(word)
        longer = sentence.wait_k(k)
        assert longer.startswith(said) and longer == sentence.wait_k(k)
        # One word more: the random model's first piece need not begin one.
        assert len(longer.split()) <= (number - k + 2 if number >= k else 0)
        said = longer
    sentence.read("", is_over=True)
    assert sentence.wait_k(k).startswith(said)


def test_wait_k_of_a_whole_sentence_with_a_large_k_is_greedy(models: Models) -> None:
    sentence = Sentence(models, "de")
    sentence.read(TEXT, is_over=True)
    assert sentence.wait_k(50) == sentence.whole()


def test_the_translator_takes_any_text() -> None:
    model = ReferenceTranslator(FOLDER)
    assert isinstance(model, TranslatorModel)
    model.load()
    translator = model.open("en-GB", "de-AT")
    assert translator.translate("") == translator.translate("  \n") == ""
    for hostile in ("\0 \x1b[31m", "ß" * 300, "😀 مرحبا", "a " * 150):
        assert isinstance(translator.translate(hostile), str)
    assert translator.translate(TEXT) == translator.translate(f"  {TEXT} ")
    assert "not en to fi" in (model.missing("en", "fi") or "")
    assert model.missing("de", "de") and model.missing("es", "de")
    with pytest.raises(SystemFailure, match="not fr to de"):
        model.open("fr", "de")


def test_the_recogniser_only_appends_and_begins_anew() -> None:
    model = ReferenceRecogniser(FOLDER)
    assert isinstance(model, RecogniserModel) and model.append_only
    listener = model.open("de")
    samples = sound(3.0)
    before: tuple[str, ...] = ()
    for at in range(0, len(samples), 1600):
        words = listener.accept(samples[at : at + 1600])
        assert words[: len(before)] == before
        before = words
    final = listener.finish()
    assert final[: len(before)] == before and len(final) > len(before)
    listener.accept(samples)
    assert listener.finish() == final
    assert listener.finish() == ()


def test_words_have_times_inside_the_recording() -> None:
    model = ReferenceRecogniser(FOLDER)
    samples = sound(4.0)
    words = model.transcribe(samples, RATE_HZ, "en")
    assert words
    for word, after in zip(words, words[1:], strict=False):
        assert 0.0 <= word.start_s < word.end_s <= after.end_s <= len(samples) / RATE_HZ
        assert word.start_s <= after.start_s
    # By whole chunks: within one, the encoder hears another cut.
    late = np.concatenate([np.zeros(round(1.92 * RATE_HZ), np.float32), samples])
    shifted = model.transcribe(late, RATE_HZ, "en")
    assert [w.text for w in shifted] == [w.text for w in words]
    assert shifted[0].start_s == pytest.approx(words[0].start_s + 1.92)
    assert model.transcribe(samples[:0], RATE_HZ, "en") == ()
    assert model.transcribe(np.repeat(samples, 3), 48_000, "en")


def test_it_names_the_voices_that_make_it_circular() -> None:
    assert "espeak-ng de+m1" in ReferenceRecogniser.voices
    assert all(voice.startswith("espeak-ng ") for voice in ReferenceRecogniser.voices)


def test_a_cascade_is_built_of_them_by_name(tmp_path: Path) -> None:
    part = {"name": "reference", "weights": str(FOLDER)}
    system = build_system(
        Choice("cascade", {"asr": part, "mt": part, "vad": "energy", "tts": "none"}), Registry()
    )
    system.load()
    for source, target in (("de", "en"), ("de", "es"), ("en", "de"), ("en", "es")):
        assert system.supports(Task(source, target)) is None
    assert "recogniser knows de, en" in (system.supports(Task("es", "de")) or "")
    missing = build_system(
        Choice("cascade", {"asr": {"name": "reference", "weights": str(tmp_path)}, "mt": part}),
        Registry(),
    )
    with pytest.raises(InputError, match=r"reference\.json: missing"):
        missing.load()


def test_end_is_the_last_word(models: Models) -> None:
    assert models.pieces.starts_word(END)
