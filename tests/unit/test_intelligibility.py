"""ASR-BLEU and its kin on speech whose words are known, and on espeak-ng's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sacrebleu

from level_speech import Levels, answered
from s2st_bench.default_asr import ByLanguage
from s2st_bench.errors import ConfigError, UnknownPluginError, UsageError
from s2st_bench.metric import Item, Metric, Unscored
from s2st_bench.metrics.intelligibility.anchors import ASRBLEUCeiling, ASRFloor
from s2st_bench.metrics.intelligibility.language import LanguageRight
from s2st_bench.metrics.intelligibility.normalisers import Normaliser
from s2st_bench.metrics.intelligibility.scores import ASRBLEU, ASRCER, ASRWER, ASRChrF
from s2st_bench.metrics.intelligibility.silence import InsertionsOnSilence
from s2st_bench.parts import IdentifierModel
from s2st_bench.registry import Registry
from s2st_bench.scoring import make_metrics, score
from s2st_bench.signature import Signature
from s2st_bench.types import Failure

REGISTRY = Registry()
SENTENCE = [(1.0, "ein kleiner"), (6.0, "Test")]


def value(metric: Metric, items: list[Item]) -> float:
    metric.prepare(items)
    found = metric.stats_batch(items)
    assert found.scored.any(), found.missing
    return float(metric.value(found.rows[found.scored].sum(axis=0)))


def test_scores_are_sacrebleus_of_the_transcripts(tmp_path: Path) -> None:
    one = answered(tmp_path, SENTENCE, ["Ein kleiner Test."])
    two = answered(tmp_path, [(1.0, "vielen Dank heute ein Test")],
                   ["Vielen Dank, guten Morgen heute!"], name="q")
    heard = ["ein kleiner test", "vielen dank heute ein test"]
    refs = [["ein kleiner test", "vielen dank guten morgen heute"]]
    asr = Levels()
    assert value(ASRBLEU(asr=asr), one + two) == pytest.approx(
        sacrebleu.corpus_bleu(heard, refs).score)
    assert value(ASRChrF(asr=asr), one + two) == pytest.approx(
        sacrebleu.corpus_chrf(heard, refs).score)
    # what was heard is what was written, but for nothing
    assert value(ASRWER(asr=asr), one + two) == value(ASRCER(asr=asr), one + two) == 0.0
    against = ASRWER(asr=asr, against="reference")
    assert value(against, one + two) == pytest.approx(100 * 3 / 8)


def test_a_character_is_a_token_where_words_are_not_spaced(tmp_path: Path) -> None:
    items = answered(tmp_path, [(1.0, "你 好")], ["你好。"], lang="zh-CN")
    metric = ASRBLEU(asr=Levels())
    assert value(metric, items) == pytest.approx(
        sacrebleu.corpus_bleu(["你好"], [["你好"]], tokenize="char").score)
    assert metric.signature()["tok"] == "char"
    assert value(ASRWER(asr=Levels(), against="reference"), items) == 0.0


def test_silence_and_failure_cost_and_text_alone_has_no_value(tmp_path: Path) -> None:
    good = answered(tmp_path, SENTENCE, ["ein kleiner Test"])
    silent = answered(tmp_path, [], ["guten Morgen"], name="q")
    failed = answered(tmp_path, SENTENCE, ["guten Morgen"], name="f",
                      error=Failure("died", "exit 1"))
    metric = ASRBLEU(asr=Levels())
    assert value(metric, good + silent + failed) == pytest.approx(sacrebleu.corpus_bleu(
        ["ein kleiner test", "", ""], [["ein kleiner test", "guten morgen", "guten morgen"]]).score)
    wer = ASRWER(asr=Levels())
    assert wer.stats(failed[0]) == Unscored("the recording failed")
    text = answered(tmp_path, [], ["guten Morgen"], name="t", outputs=("text",))
    assert metric.stats(text[0]) == Unscored("no speech output")
    speech = answered(tmp_path, SENTENCE, ["ein kleiner Test"], name="s", text=False)
    assert isinstance(metric.stats(speech[0]), np.ndarray)
    assert wer.stats(speech[0]) == Unscored("speech only: the system gives no text of its own")
    spanish = answered(tmp_path, SENTENCE, ["uno"], name="e", lang="es")
    assert isinstance(found := metric.stats(spanish[0]), Unscored)
    assert "name another asr" in found.reason
    assert isinstance(ASRBLEU().stats(good[0]), Unscored)


def test_long_form_is_cut_into_its_segments(tmp_path: Path) -> None:
    items = answered(tmp_path, [(1.0, "ein kleiner Test"), (6.0, "guten Morgen")],
                     ["ein kleiner Test", "guten Morgen"])
    for silence in ("without", "with"):
        metric = ASRBLEU(asr=Levels(), silence=silence)
        metric.prepare(items)
        heard = [metric.heard(item) for item in items]
        assert [h.hypothesis for h in heard if isinstance(h, Item)] == \
            ["ein kleiner Test", "guten Morgen"]
    wer = ASRWER(asr=Levels())
    assert value(wer, items) == 0.0
    assert wer.stats(items[1]) == Unscored("counted with the first segment")


def test_silence_between_pieces_is_heard_only_where_asked_for(tmp_path: Path) -> None:
    items = answered(tmp_path, SENTENCE, ["ein kleiner Test"])  # 1.5-3.5 s, 6.5-7.5 s
    asr = Levels(ghost="heute")
    assert value(ASRWER(asr=asr), items) == 0.0
    assert value(ASRWER(asr=asr, silence="with"), items) == pytest.approx(100 * 3 / 3)
    assert value(InsertionsOnSilence(asr=asr), items) == pytest.approx(60 * 3 / 3.0)
    assert value(InsertionsOnSilence(asr=Levels()), items) == 0.0
    close = answered(tmp_path, [(1.0, "ein Test"), (3.0, "heute")], ["ein Test"], name="q")
    assert InsertionsOnSilence(asr=asr).stats(close[0]) == Unscored("no silence between pieces")


def test_floor_and_ceiling_on_the_corpus_own_speech(tmp_path: Path) -> None:
    items = answered(tmp_path, [], ["ein kleiner Test", "vielen Dank"],
                     reference_audio="ein guten Test vielen Dank")
    floor, ceiling = ASRFloor(asr=Levels()), ASRBLEUCeiling(asr=Levels())
    assert value(floor, items) == pytest.approx(100 * 1 / 5)
    assert value(ceiling, items) == pytest.approx(sacrebleu.corpus_bleu(
        ["ein guten test", "vielen dank"], [["ein kleiner test", "vielen dank"]]).score)
    assert floor.marks(items) == () and floor.signature()["speech"] == "reference-audio"
    said = answered(tmp_path, SENTENCE, ["ein kleiner Test", "vielen Dank"],
                    reference_audio="ein guten Test vielen Dank", name="q")
    judged = ASRBLEU(asr=Levels())
    value(judged, said)
    assert "20.0 %" in judged.unranked(said) and "above 15 %" in judged.unranked(said)
    good = answered(tmp_path, SENTENCE, ["ein kleiner Test"], name="g",
                    reference_audio="ein kleiner Test")
    value(judged, good)
    assert judged.unranked(good) == ""


def test_a_recogniser_that_learned_the_voice_is_marked(tmp_path: Path) -> None:
    asr = Levels(voices=("espeak-ng de+f1",))
    options = {"reference_audio": "ein kleiner Test"}
    own = answered(tmp_path, SENTENCE, ["ein kleiner Test"], voices=("espeak-ng",), **options)
    metric = ASRBLEU(asr=asr)
    value(metric, own)
    assert metric.marks(own) == ("circular",) and metric.unranked(own) == ""
    for name, voices in (("other", ("piper thorsten",)), ("unknown", ())):
        items = answered(tmp_path, SENTENCE, ["ein kleiner Test"], name=name, voices=voices,
                         **options)
        metric = ASRBLEU(asr=asr)
        value(metric, items)
        assert metric.marks(items) == ()
        assert "only learned the voices of espeak-ng" in metric.unranked(items)
    free = ASRBLEU(asr=Levels())
    value(free, own)
    assert free.marks(own) == () and free.unranked(own) == ""


def test_a_part_of_the_corpus_has_a_floor_of_its_own(tmp_path: Path) -> None:
    good = answered(tmp_path, SENTENCE, ["ein kleiner Test"],
                    reference_audio="ein kleiner Test")
    bad = answered(tmp_path, SENTENCE, ["guten Morgen"], name="q", reference_audio="vielen Dank")
    metric = ASRBLEU(asr=Levels())
    value(metric, good + bad)
    assert "40.0 %" in metric.unranked(good + bad) and "100.0 %" in metric.unranked(bad)
    assert metric.unranked(good) == ""


def test_systems_say_what_makes_their_speech() -> None:
    interpreter = REGISTRY.get("systems", "interpreter").load()
    assert interpreter(voice="espeak").voices == {"espeak-ng"}
    assert interpreter(voice="tone").voices == {"tone"}
    assert interpreter().voices == frozenset()
    reference = REGISTRY.get("systems", "reference").load()
    assert reference(tts="none").voices == frozenset()


def test_each_audio_is_heard_once_by_all_metrics_and_scorings(tmp_path: Path) -> None:
    items = answered(tmp_path, SENTENCE, ["ein kleiner Test"], reference_audio="guten Morgen")
    first, second = Levels("once"), Levels("once")
    for metric in (ASRBLEU(asr=first), ASRChrF(asr=first), ASRWER(asr=first)):
        value(metric, items)
    assert first.asked == 1
    value(ASRFloor(asr=first), items)
    assert first.asked == 2
    value(ASRBLEU(asr=second), items)
    assert ASRBLEU(asr=second).unranked(items) == "" and second.asked == 0


def test_a_recogniser_stands_behind_an_at() -> None:
    pytest.importorskip("onnxruntime")
    names = ["ASR-BLEU", "ASR-BLEU@reference", "ASR-BLEU@mine", "ASR-WER@reference"]
    options = {"@mine": {"asr": {"name": "reference"}}, "ASR-BLEU@mine": {"normalise": "none"},
               "ASR-BLEU": {"silence": "with"}}
    default, reference, mine, wer = make_metrics(names, REGISTRY, options)
    assert [m.name for m in (default, reference, mine, wer)] == names
    assert isinstance(default, ASRBLEU) and isinstance(default.asr, ByLanguage)
    assert isinstance(reference, ASRBLEU) and isinstance(mine, ASRBLEU)
    assert isinstance(wer, ASRWER) and wer.asr is reference.asr is mine.asr
    assert mine.normalise.name == "none" and reference.normalise.name == "cvss"
    assert mine.silence == reference.silence == "with" and wer.silence == "without"
    with pytest.raises(UsageError, match="hears nothing"):
        make_metrics(["AL@reference"], REGISTRY)
    with pytest.raises(UnknownPluginError, match="no recogniser named 'whispr'"):
        make_metrics(["ASR-BLEU@whispr"], REGISTRY)
    with pytest.raises(ConfigError, match="checkpoint is missing"):
        make_metrics(["ASR-BLEU@whisper"], REGISTRY)
    with pytest.raises(ConfigError, match="not asked for"):
        make_metrics(["ASR-BLEU"], REGISTRY, {"@mine": {}})


def test_the_default_recogniser_follows_the_language() -> None:
    pytest.importorskip("onnxruntime")
    default = ByLanguage(lambda name: REGISTRY.get("recognisers", name))
    assert default.of("de") is default.of("en") and default.of("de").signature()["asr"] == \
        "reference"
    assert default.of("es") is default and default.languages == {"de", "en"}


class Counted(IdentifierModel):
    """Takes what is loud for German."""

    def load(self) -> None:
        """Nothing to load."""

    def signature(self) -> dict[str, str]:
        return {"identifier": "counted"}

    def identify(self, samples, rate_hz):
        loud = float(np.abs(samples).mean()) > 0.05
        return {"de": float(loud), "en": 0.5}


def test_share_of_speech_in_the_target_language(tmp_path: Path) -> None:
    loud = answered(tmp_path, [(1.0, "guten Morgen heute")], ["x"])
    soft = answered(tmp_path, [(1.0, "ein")], ["x"], name="q")
    metric = LanguageRight(identifier=Counted())
    assert value(metric, loud + soft) == pytest.approx(100 * 3 / 4)
    assert isinstance(none := LanguageRight().stats(loud[0]), Unscored)
    assert "LanguageRight.identifier" in none.reason


def test_normal_forms() -> None:
    assert Normaliser("cvss")("Don't -- it's 3 o'clock, Ms. Lee!", "en") == \
        "don't it's 3 o'clock ms lee"
    assert Normaliser("none")("A, b", "en") == "A, b"


@pytest.mark.slow
def test_whispers_normal_form_is_openais() -> None:
    pytest.importorskip("transformers")
    whisper = Normaliser("whisper")
    # openai/whisper tests/test_normalizer.py
    for text, wanted in {
        "Let's": "let us", "he's like": "he is like", "she's been like": "she has been like",
        "10km": "10 km", "RC232": "rc 232", "Mobilisation": "mobilization",
        "cancelation": "cancellation", "Mr. Park visited Assoc. Prof. Kim Jr.":
        "mister park visited associate professor kim junior",
        "twenty-five thousand dollars": "$25000",
    }.items():
        assert whisper(text, "en-US") == wanted
    assert whisper("Das ist, ähm, Straße!", "de") == "das ist ähm straße"
    assert whisper.signature().startswith("whisper+transformers-")


def test_settings_stand_in_the_signature(tmp_path: Path) -> None:
    items = answered(tmp_path, SENTENCE, ["ein kleiner Test"])
    metric = ASRBLEU(asr=Levels(), silence="with")
    value(metric, items)
    found = Signature.of({"metric": metric.name}, metric.signature())
    assert (found["asr"], found["norm"], found["silence"], found["tok"]) == \
        ("levels", "cvss", "with", "13a")
    table = score([items[0].trace], [items[0].recording], [ASRBLEU(asr=Levels())])
    assert table.corpus[0].reason == "the speech is not at hand: score the run folder that holds it"
