"""NLLB, M2M100, Marian, language models and VITS, loaded and run on tiny random checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_translators
from s2st_bench.errors import ConfigError, InputError, SystemFailure
from s2st_bench.parts import StreamingTranslator, TranslatorModel
from s2st_bench.registry import Registry

REGISTRY = Registry()


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch").set_num_threads(1)
    pytest.importorskip("transformers")
    return tmp_path_factory.mktemp("checkpoints")


def made(name: str, make: Callable[[Path], Path], folder: Path, **settings: Any) -> TranslatorModel:
    plugin = REGISTRY.get("translators", name)
    if plugin.missing():
        pytest.skip(f"{name}: {plugin.pip_line}")
    place = folder / make.__name__
    if not place.exists():
        make(place)
    found: TranslatorModel = plugin.load()(
        checkpoint=str(place), **{"device": "cpu", "max_tokens": 12, **settings})
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "make", "settings"), [
    ("nllb", tiny_translators.nllb, {"beams": 2}),
    ("m2m100", tiny_translators.m2m100, {"precision": "bfloat16"}),
    ("marian", tiny_translators.marian, {"pair": "en-de"}),
    ("causal-lm", tiny_translators.llama, {}),
])
def test_translators_take_any_text_and_repeat_themselves(
    name: str, make: Callable[[Path], Path], settings: dict[str, Any], checkpoints: Path
) -> None:
    translator = made(name, make, checkpoints, **settings).open("en-GB", "de")
    first = translator.translate("the small cat")
    assert first and first == " ".join(first.split())
    assert translator.translate(" the  small\ncat ") == first == translator.translate(
        "the small cat", is_over=False)
    assert translator.translate("") == translator.translate("  ") == ""
    for hostile in ("\0", "<|end|></s>", "\x1b[31m", "猫" * 40, "é́"):
        assert isinstance(translator.translate(hostile), str)
    with pytest.raises(SystemFailure, match=f"translator {name}: an utterance of .* tokens"):
        translator.translate("ba ß " * 2_000)
    translator.close()


@pytest.mark.slow
def test_languages_are_those_of_the_checkpoint(checkpoints: Path) -> None:
    nllb = made("nllb", tiny_translators.nllb, checkpoints)
    assert nllb.missing("en", "tlh") is None  # not known yet
    german, chinese = (nllb.open("en", lang) for lang in ("de", "zh-TW"))
    assert german.translate("hello world") != chinese.translate("hello world")
    assert nllb.missing("de", "ckb_Arab") is None
    assert "knows no tlh" in (nllb.missing("en", "tlh") or "")
    with pytest.raises(SystemFailure, match="knows no tlh"):
        nllb.open("tlh", "en")
    m2m = made("m2m100", tiny_translators.m2m100, checkpoints)
    m2m.load()
    assert m2m.missing("en-US", "zh") is None and "xx" in (m2m.missing("en", "xx") or "")
    marian = made("marian", tiny_translators.marian, checkpoints, pair="en-de")
    assert marian.missing("en", "de-AT") is None
    assert "translates en to de, not de to en" in (marian.missing("de", "en") or "")
    french: Any = made("marian", tiny_translators.marian, checkpoints, pair="en-fr",
                       prefix=">>fra<<")
    assert french.open("en", "fr").translate("hello")
    (encoded, _) = french.inputs("hello", "en", "fr")
    assert french.tokenizer.convert_ids_to_tokens(encoded["input_ids"][0].tolist())[0] == ">>fra<<"


@pytest.mark.slow
def test_checkpoints_of_another_kind_are_refused(checkpoints: Path, tmp_path: Path) -> None:
    for name, make, settings, message in [
        ("nllb", tiny_translators.m2m100, {}, "knows no eng_Latn: is it M2M100"),
        ("m2m100", tiny_translators.nllb, {}, "is it NLLB"),
        ("m2m100", tiny_translators.marian, {}, "of kind 'marian', where m2m_100 is wanted"),
        ("marian", tiny_translators.nllb, {"pair": "en-de"}, "of kind 'm2m_100'"),
        ("marian", tiny_translators.marian, {"pair": "en-de", "prefix": ">>ron<<"},
         "knows no token '>>ron<<'"),
        ("nllb", tiny_translators.llama, {}, "cannot be loaded"),
    ]:
        with pytest.raises(InputError, match=message):
            made(name, make, checkpoints, **settings).load()
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InputError, match="cannot be loaded"):
        REGISTRY.get("translators", "nllb").load()(checkpoint=str(tmp_path)).load()


@pytest.mark.slow
def test_language_models_show_their_words_as_they_come(checkpoints: Path) -> None:
    def plain(folder: Path) -> Path:
        return tiny_translators.llama(folder, chat=False)

    for make, settings in [(tiny_translators.llama, {}), (plain, {}),
                           (tiny_translators.llama, {"chat": False, "prompt": "{text} ="})]:
        model = made("causal-lm", make, checkpoints, max_tokens=20, **settings)
        translator = model.open("en", "de")
        assert isinstance(translator, StreamingTranslator)
        shown = list(translator.stream("hello"))
        assert len(shown) > 2 and shown[-1] == translator.translate("hello")
        assert all(b.startswith(a) for a, b in zip(shown[:-1], shown[1:], strict=True))
    with pytest.raises(ConfigError, match="no chat template"):
        made("causal-lm", plain, checkpoints, chat=True).load()


@pytest.mark.slow
def test_the_prompt_goes_through_the_chat_template(checkpoints: Path) -> None:
    model: Any = made("causal-lm", tiny_translators.llama, checkpoints,
                      prompt="From {source} to {target}: {text}")
    model.load()
    asked = model.tokenizer.decode(model._encoded("From English to German: hello", chat=True))
    assert asked == "<|user|>From English to German: hello<|end|><|model|>"


def test_settings_are_checked_before_anything_is_loaded(tmp_path: Path) -> None:
    def part(kind: Any, name: str, **settings: Any) -> Any:
        return REGISTRY.get(kind, name).load()(checkpoint=str(tmp_path), **settings)

    named = REGISTRY.get("translators", "marian").load()(checkpoint="Helsinki-NLP/opus-mt-en-de")
    assert named.missing("en", "de") is None and named.missing("en", "fr") is not None
    for name, settings, message in [
        ("marian", {}, "pair=None"), ("marian", {"pair": "en"}, "pair=en"),
        ("nllb", {"beams": 0}, "beams=0"), ("causal-lm", {"max_tokens": 0}, "max_tokens=0"),
        ("causal-lm", {"prompt": "translate!"}, "must hold"),
    ]:
        with pytest.raises(ValueError, match=message):
            part("translators", name, **settings)
    for settings in ({"speaking_rate": 0.0}, {"speaker": -1}):
        with pytest.raises(ValueError, match="speak"):
            part("synthesisers", "vits", lang="de", **settings)
    with pytest.raises(InputError, match="no such file or folder"):
        REGISTRY.get("translators", "nllb").load()(checkpoint="no/such/folder")


@pytest.mark.slow
def test_vits_speaks_the_same_each_time(checkpoints: Path) -> None:
    Vits: Any = REGISTRY.get("synthesisers", "vits").load()
    folder = tiny_translators.vits(checkpoints / "vits")
    voice = Vits(checkpoint=str(folder), lang="de-DE", device="cpu")
    voice.load()
    (one,), (two,) = (tuple(voice.speak("guten Tag", "de")) for _ in range(2))
    assert one.sample_rate_hz == 16_000 and len(one.samples) > 100 and one.words == ()
    assert one.samples.dtype == np.float32 and np.abs(one.samples).max() <= 1.0
    np.testing.assert_array_equal(one.samples, two.samples)
    other = Vits(checkpoint=str(folder), lang="de", seed=1, device="cpu")
    other.load()
    (third,) = other.speak("guten Tag", "de")
    assert not np.array_equal(one.samples, third.samples)
    assert list(voice.speak("123 !?", "de")) == []  # it has no letter for any of it
    assert voice.missing("de-AT") is None and "speaks de, not en" in (voice.missing("en") or "")
    assert voice.voices == {"vits vits"}


@pytest.mark.slow
def test_vits_speakers_and_foreign_checkpoints(checkpoints: Path, tmp_path: Path) -> None:
    Vits: Any = REGISTRY.get("synthesisers", "vits").load()
    folder = str(tiny_translators.vits(checkpoints / "crowd", speakers=3))
    said = []
    for speaker in (0, 2):
        voice = Vits(checkpoint=folder, lang="de", speaker=speaker, device="cpu")
        voice.load()
        said.append(next(voice.speak("hallo", "de")).samples)
    assert len(said[0]) != len(said[1]) or not np.array_equal(*said)
    with pytest.raises(InputError, match="has 3 speakers, none of number 3"):
        Vits(checkpoint=folder, lang="de", speaker=3, device="cpu").load()
    with pytest.raises(InputError, match="cannot be loaded"):
        Vits(checkpoint=str(tmp_path), lang="de").load()
