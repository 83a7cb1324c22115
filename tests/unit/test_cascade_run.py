"""The cascade end to end through the replay, with its real parts."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr

from s2st_bench import trace as traces
from s2st_bench.audio import write_wav
from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError, InputError, UsageError
from s2st_bench.parts import TranslatorModel
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.replay.one import task_for
from s2st_bench.speech import espeak
from s2st_bench.stages import stage_seconds, stage_text
from s2st_bench.system import System
from s2st_bench.systems.cascade.apertium import Apertium
from s2st_bench.systems.cascade.cascade import Cascade
from s2st_bench.systems.cascade.sphinx import PocketSphinx, read_dictionary
from s2st_bench.systems.eager.eager import Eager
from s2st_bench.systems.offline.offline import Offline
from s2st_bench.timeline import final_text, text_events
from s2st_bench.types import AudioSource, Recording, Segment, Task, Trace

for package in ("pocketsphinx", "onnxruntime"):
    pytest.importorskip(package, reason=f"{package} is not installed")

RATE_HZ = 16_000
TEXT = "the talk begins in the lecture hall and then we will meet in the canteen"
OTHERS = ("please give your name badges back at the exit", "the coffee break ends at three")
CMN = (49.51, 2.91, -0.94, 9.86, -7.49, 2.81, -6.53, -5.14, -2.29, -1.47, 1.95, -3.21, 1.07)
IDEAL = ReplayOptions(clock="ideal")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    if importlib.util.find_spec("espeakng_loader") is None:
        pytest.skip("espeakng-loader is not installed")
    spoken = espeak.speak(TEXT, "en-us", 140)
    speech = soxr.resample(spoken.samples, spoken.sample_rate_hz, RATE_HZ)
    samples = np.concatenate([
        np.zeros(4000, np.float32), speech.astype(np.float32),
        np.zeros(12_000, np.float32),
    ])
    path = tmp_path_factory.mktemp("cascade") / "clip.wav"
    write_wav(path, samples, RATE_HZ)
    segment = Segment("0", 0.0, len(samples) / RATE_HZ, TEXT, {"de": ("?",)})
    return Recording("clip", AudioSource(path), "en", ("de",), (segment,))


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Sentences of a domain so small that the recogniser cannot but understand."""
    path = tmp_path_factory.mktemp("domain") / "sentences.txt"
    path.write_text("\n".join((TEXT, *OTHERS)))
    return str(path)


class WordByWord(TranslatorModel):
    """A dictionary."""

    WORDS = {"talk": "Vortrag", "canteen": "Mensa"}

    def missing(self, source_lang: str, target_lang: str) -> str | None:
        return None if (source_lang, target_lang) == ("en", "de") else "no phrase book"

    def open(self, source_lang: str, target_lang: str) -> WordByWord:
        return self

    def translate(self, text: str, is_over: bool = True) -> str:
        return " ".join(self.WORDS.get(word, word) for word in text.split())

    def close(self) -> None: ...


def a_cascade(domain: str, **settings: object) -> Cascade:
    asr = PocketSphinx(lm=domain, cmn=CMN)
    system = Cascade(**{"asr": asr, "mt": WordByWord(), "asr_agreement": 3, **settings})  # type: ignore[arg-type]
    system.load()
    return system


@pytest.fixture(scope="module")
def cascade(domain: str) -> Cascade:
    return a_cascade(domain)


def run(system: System, recording: Recording, folder: Path, options: ReplayOptions) -> Trace:
    for name in ("pieces", "spool"):
        (folder / name).mkdir(exist_ok=True)
    trace = traces.decode(replay(system, recording, "de", options, folder).line())
    assert trace.error is None, trace.error
    return trace


def test_english_speech_becomes_german_text_and_speech_in_time(
    cascade: Cascade, recording: Recording, tmp_path: Path
) -> None:
    trace = run(cascade, recording, tmp_path, IDEAL)
    events = text_events(trace)
    assert [event.retract_chars for event in events] == [0] * len(events)
    delays = [event.delay_s for event in events]
    assert delays == sorted(delays) and delays[0] < 0.6 * trace.source_length
    text = final_text(trace)
    assert text[0].isupper() and text.endswith(".") and "  " not in text
    assert "Vortrag" in text and "Mensa" in text
    assert text.index("Vortrag") < text.index("Mensa")
    assert "talk" in stage_text(trace, "asr").split()
    assert set(stage_seconds(trace)) >= {"vad", "asr", "mt", "tts"}
    assert len(trace.pieces) > 1
    spoken = [w.text for s in trace.steps for write in s.writes for w in write.words]
    assert " ".join(spoken) == text


def test_ideal_is_deterministic_and_forgets_other_recordings(
    cascade: Cascade, domain: str, recording: Recording, tmp_path: Path
) -> None:
    """The decoder has adapted to a recording; the next one must not notice."""
    first = run(cascade, recording, tmp_path, IDEAL)
    again = run(a_cascade(domain), recording, tmp_path, IDEAL)
    assert [[(w.text, w.speech_s) for w in s.writes] for s in first.steps] == [
        [(w.text, w.speech_s) for w in s.writes] for s in again.steps]


@pytest.mark.parametrize("policy", [Offline, Eager])
def test_policies_around_the_cascade_end_alike(
    policy: type[Offline] | type[Eager], cascade: Cascade, recording: Recording, tmp_path: Path
) -> None:
    trace = run(policy(cascade), recording, tmp_path, ReplayOptions(clock="simulated"))
    text = final_text(trace)
    assert "Vortrag" in text and text.endswith(".")
    if policy is Offline:
        assert text_events(trace)[0].delay_s == trace.source_length
    else:
        assert text_events(trace)[0].delay_s < 0.5 * trace.source_length
    assert {"vad", "asr", "mt"} <= set(stage_seconds(trace))


def test_retraction_shows_more_and_ends_with_the_offline_text(
    cascade: Cascade, domain: str, recording: Recording, tmp_path: Path
) -> None:
    system = a_cascade(domain, retract=True, tts="none")
    trace = run(system, recording, tmp_path, IDEAL)
    assert any(event.retract_chars for event in text_events(trace))
    offline = run(Offline(cascade), recording, tmp_path, IDEAL)
    assert final_text(trace) == final_text(offline)
    assert trace.outputs == ("text",) and not trace.pieces


def test_what_cannot_be_done_is_said_before_anything_is_loaded(recording: Recording) -> None:
    system = Cascade(asr=PocketSphinx(), mt=(Apertium(), WordByWord()))
    with pytest.raises(ConfigError, match="recogniser knows en, not de"):
        german = Recording("g", recording.source, "de", ("en",), recording.segments)
        task_for(system, german, "en", IDEAL)
    with pytest.raises(ConfigError, match="apt-get install apertium-eng-tlh.*no phrase book"):
        task_for(system, recording, "tlh", IDEAL)
    with pytest.raises(ConfigError, match="sample_rate_hz=16000"):
        task_for(system, recording, "de", ReplayOptions(sample_rate_hz=8000))


@pytest.mark.parametrize(("settings", "message"), [
    ({"vad": "ears"}, "system.vad: no vad named .ears.. Available: energy, silero"),
    ({"asr": "ears"}, "system.asr: no recogniser named 'ears'.*pocketsphinx"),
    ({"mt": "aperitum"}, "system.mt: no translator named 'aperitum'. Did you mean 'apertium'"),
    ({"mt": []}, "at least one translator"),
    ({"asr": {"name": "pocketsphinx", "lm": "no/such.lm"}}, "system.asr: lm=no/such.lm"),
    ({"asr": {"name": "pocketsphinx", "cmn": [1.0]}}, "system.asr: cmn: 13 numbers"),
    ({"asr": {"name": "pocketsphinx", "lmm": "x"}}, "system.asr.lmm.*system.asr.lm"),
    ({"asr_agreement": 0}, "agreement"),
    ({"partial_every_s": 0.0}, "partial_every_s"),
    ({"tts_min_words": 0}, "tts_min_words"),
])
def test_wrong_settings_are_named(settings: dict[str, object], message: str) -> None:
    params = {"asr": "pocketsphinx", "mt": "apertium", **settings}
    with pytest.raises(UsageError, match=message):
        build_system(Choice("cascade", params), Registry())


def test_a_users_folder_brings_a_translator(tmp_path: Path) -> None:
    folder = tmp_path / "systems" / "book"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(
        '[[translator]]\nname = "book"\ntarget = "book:Book"\nsummary = "a phrase book"\n')
    (folder / "book.py").write_text(
        "from s2st_bench.parts import TranslatorModel\n"
        "class Book(TranslatorModel):\n"
        "    def __init__(self, lang: str = 'de'):\n"
        "        self.lang = lang\n"
        "    def missing(self, source_lang, target_lang):\n"
        "        return None if target_lang == self.lang else 'not in this book'\n"
        "    def open(self, source_lang, target_lang): ...\n")
    registry = Registry([tmp_path])
    assert registry.problems == ()
    params = {"asr": "pocketsphinx", "mt": ["book", {"name": "book", "lang": "fi"}]}
    system = build_system(Choice("cascade", params), registry)
    task = Task("en", "fi")
    assert system.supports(task) is None
    assert system.supports(replace(task, target_lang="sv")) == "; ".join(["not in this book"] * 2)


def test_words_outside_the_dictionary_are_listed_and_can_be_added(tmp_path: Path) -> None:
    sentences = tmp_path / "domain.txt"
    sentences.write_text("Hello, Lindqvist and Okafor!\nHello again.\n")
    dictionary = tmp_path / "names.dict"
    dictionary.write_text("lindqvist L IH N D K V IH S T\n")
    added = PocketSphinx(lm=str(sentences), dictionary=dictionary)
    added.load()
    assert added.out_of_vocabulary == {"okafor"}
    dictionary.write_text("lindqvist\n")
    with pytest.raises(InputError, match=r"names\.dict:1"):
        list(read_dictionary(dictionary))
    dictionary.write_text("lindqvist XX YY\n")
    with pytest.raises(InputError, match="lindqvist"):
        PocketSphinx(lm=str(sentences), dictionary=dictionary).load()


def test_a_broken_language_model_is_an_input_error(tmp_path: Path) -> None:
    model = tmp_path / "broken.lm"
    model.write_text("nothing\n")
    with pytest.raises(InputError, match="broken.lm"):
        PocketSphinx(lm=str(model)).load()
