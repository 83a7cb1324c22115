"""Words found in speech whose word times espeak-ng itself knows; and in what is no such speech."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.audio import open_frames
from s2st_bench.build import nested
from s2st_bench.errors import InputError, NotAligned, UsageError
from s2st_bench.parts import AlignerModel
from s2st_bench.registry import Registry
from s2st_bench.speech import espeak
from s2st_bench.speech.words import Utterance
from s2st_bench.systems.cascade.arpabet import arpabet
from s2st_bench.systems.cascade.sphinx_align import SphinxAligner
from s2st_bench.systems.cascade.windows import LONGEST_S
from s2st_bench.systems.reference.aligner import ReferenceAligner
from s2st_bench.types import Word

pytest.importorskip("espeakng_loader", reason="espeakng-loader is not installed")

SPEECH = Path(__file__).parents[3] / "shared" / "speech"
SAID = {
    "de": "Der Zeitplan hat sich geändert, bitte achten Sie auf die Anzeige.",
    "en": "The timetable has changed, please take a look at the S2ST-Bench display.",
    "es": "El horario ha cambiado, por favor presten atención a la pantalla.",
}
VOICES = {"de": "de+f2", "en": "en-us+m3", "es": "es+f1"}

SPHINX = "pocketsphinx"
CTC = "reference"


def aligner(name: str) -> AlignerModel:
    for package in {SPHINX: ("pocketsphinx",), CTC: ("onnxruntime", "sentencepiece")}[name]:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    return SphinxAligner() if name == SPHINX else ReferenceAligner()


def errors_ms(found: tuple[Word, ...], truth: tuple[Word, ...]) -> np.ndarray:
    assert [word.text for word in found] == [word.text for word in truth]
    edges = np.array([[word.start_s, word.end_s] for word in found])
    assert (np.diff(edges.reshape(-1)) >= -1e-9).all()  # in order, not overlapping
    return np.array([1000.0 * (a.end_s - b.end_s) for a, b in zip(found, truth, strict=True)])


def long_speech(lang: str, least_s: float, pause_s: float) -> Utterance:
    """The sentence again and again, with pauses in between."""
    one = espeak.speak(SAID[lang], VOICES[lang])
    each = np.concatenate([one.samples, np.zeros(round(pause_s * espeak.RATE_HZ), np.float32)])
    each_s = len(each) / espeak.RATE_HZ
    n = int(least_s / each_s) + 1
    words = tuple(Word(w.text, w.start_s + i * each_s, w.end_s + i * each_s)
                  for i in range(n) for w in one.words)
    return Utterance(np.tile(each, n), espeak.RATE_HZ, words)


@pytest.mark.parametrize(("name", "lang"), [
    (SPHINX, "de"), (SPHINX, "en"), (SPHINX, "es"), (CTC, "de"), (CTC, "en"),
])
def test_word_ends_within_60_ms(name: str, lang: str) -> None:
    spoken = espeak.speak(SAID[lang], VOICES[lang], 160)
    found = aligner(name).align(
        spoken.samples, spoken.sample_rate_hz, [w.text for w in spoken.words], lang
    )
    assert np.median(np.abs(errors_ms(found, spoken.words))) <= 60.0


@pytest.mark.parametrize(("name", "pause_s"), [
    (SPHINX, 0.6), pytest.param(SPHINX, 0.0, marks=pytest.mark.slow), (CTC, 0.6),
])
def test_long_speech_is_aligned_to_its_end(name: str, pause_s: float) -> None:
    spoken = long_speech("de", LONGEST_S + 8.0, pause_s)
    words = [word.text for word in spoken.words]
    found = aligner(name).align(spoken.samples, spoken.sample_rate_hz, words, "de")
    errors = np.abs(errors_ms(found, spoken.words))
    assert np.median(errors) <= 60.0
    assert np.median(errors[-10:]) <= 60.0
    assert errors.max() < 700.0


@pytest.mark.slow
@pytest.mark.parametrize("name", [SPHINX, CTC])
def test_thirty_minutes(name: str) -> None:
    spoken = long_speech("en", 1800.0, 0.7)
    words = [word.text for word in spoken.words]
    found = aligner(name).align(spoken.samples, spoken.sample_rate_hz, words, "en")
    errors = np.abs(errors_ms(found, spoken.words))
    assert np.median(errors) <= 60.0
    assert np.median(errors[-10:]) <= 60.0


@pytest.mark.slow
def test_much_silence_before_between_and_after() -> None:
    one = espeak.speak(SAID["de"], VOICES["de"])
    quiet = np.zeros(45 * espeak.RATE_HZ, np.float32)
    quiet += np.random.default_rng(0).normal(0, 1e-4, len(quiet)).astype(np.float32)
    samples = np.concatenate([quiet, one.samples, quiet, one.samples, quiet])
    shifts = (45.0, 90.0 + len(one.samples) / espeak.RATE_HZ)
    truth = tuple(Word(w.text, w.start_s + s, w.end_s + s) for s in shifts for w in one.words)
    found = aligner(SPHINX).align(samples, espeak.RATE_HZ, [w.text for w in truth], "de")
    assert np.median(np.abs(errors_ms(found, truth))) <= 60.0


@pytest.mark.parametrize("name", [SPHINX, CTC])
def test_what_is_not_said_takes_no_time(name: str) -> None:
    spoken = espeak.speak("Guten Tag — meine Damen", "de")
    found = aligner(name).align(
        spoken.samples, spoken.sample_rate_hz, ["—", "Guten", "Tag", "...", "meine", "Damen"], "de"
    )
    edges = [(word.start_s, word.end_s) for word in found]
    assert edges[0] == (0.0, 0.0) if name == SPHINX else edges[0][0] <= edges[0][1]
    assert found[-1].end_s > found[1].start_s
    assert aligner(name).align(spoken.samples, spoken.sample_rate_hz, [], "de") == ()


HOSTILE = {
    "empty": np.zeros(0, np.float32),
    "one sample": np.ones(1, np.float32),
    "zeros": np.zeros(16_000, np.float32),
    "not numbers": np.full(16_000, np.nan, np.float32),
    "infinite": np.full(16_000, np.inf, np.float32),
    "too loud": 50.0 * np.sign(np.sin(np.arange(16_000, dtype=np.float32))),
    "noise": np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32),
}


@pytest.mark.parametrize("name", [SPHINX, CTC])
@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_audio_gives_words_or_a_reason(name: str, what: str) -> None:
    samples = HOSTILE[what]
    for rate_hz in (8_000, 48_000):
        try:
            found = aligner(name).align(samples, rate_hz, ["guten", "Morgen"], "de")
        except NotAligned:
            continue
        edges = np.array([[word.start_s, word.end_s] for word in found])
        assert np.isfinite(edges).all()
        assert (np.diff(edges.reshape(-1)) >= 0).all()
        assert edges.max() <= len(samples) / rate_hz + 0.1


def test_words_that_do_not_fit_are_refused() -> None:
    spoken = espeak.speak("ja", "de")
    many = ["Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"] * 40
    for name in (SPHINX, CTC):
        with pytest.raises(NotAligned, match="words|labels"):
            aligner(name).align(spoken.samples, spoken.sample_rate_hz, many, "de")
    with pytest.raises(NotAligned, match="silent"):
        aligner(SPHINX).align(np.zeros(16_000, np.float32), 16_000, ["ja"], "de")
    with pytest.raises(NotAligned, match="cannot be pronounced"):
        aligner(SPHINX).align(spoken.samples, spoken.sample_rate_hz, ["x"], "tlh-unknown")


def test_sounds_of_other_languages() -> None:
    (gruesse, nothing, number) = espeak.phonemes(["Grüße,", "—", "2024"], "de")
    assert arpabet(gruesse)[:2] == ("G", "R") and arpabet(gruesse)[-2:] == ("S", "AH")
    assert nothing == ()
    assert len(arpabet(number)) > 10
    assert arpabet(("ˈaɪ", "ts", "ʔ", "ɲ", "tʃ")) == ("AY", "T", "S", "N", "Y", "CH")
    with pytest.raises(UsageError, match="no voice"):
        espeak.phonemes(["a"], "no-such-voice")


def test_the_default_is_by_language() -> None:
    build = nested(Registry())
    auto = build(AlignerModel, {"name": "auto"}, "aligner")
    if importlib.util.find_spec("pocketsphinx") is not None:
        assert {auto.of(lang).signature()["aligner"] for lang in ("de", "en", "es", "zh")} == {
            SPHINX
        }
    assert build(AlignerModel, {"name": CTC}, "aligner").languages == {"de", "en"}
    with pytest.raises(InputError, match="no such file or folder"):
        build(AlignerModel, {"name": "ctc", "checkpoint": "no/such/path"}, "aligner")


def test_agrees_with_another_aligner_on_people() -> None:
    """Read English, aligned by another tool; its ends are no truth."""
    if not SPEECH.is_dir():
        pytest.skip("../shared/speech is not there")
    errors = []
    for path in sorted(SPEECH.glob("librivox_*.json")):
        rows = [w for w in json.loads(path.read_text())["w"] if w["t"][0] not in "<["]
        words = [w["t"].split("(")[0] for w in rows]
        with open_frames(path.with_suffix(".wav"), 0) as reader:
            samples = reader.read(60 * reader.sample_rate_hz)
            found = aligner(SPHINX).align(samples, reader.sample_rate_hz, words, "en")
        errors += [a.end_s - (w["b"] + w["d"]) for a, w in zip(found, rows, strict=True)]
    assert np.median(np.abs(errors)) <= 0.03
