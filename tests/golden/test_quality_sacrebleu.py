"""Corpus values from summed statistics equal sacrebleu's own corpus_score."""

from pathlib import Path

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.metric import Item, Unscored
from s2st_bench.metrics.quality.bleu import BLEU
from s2st_bench.metrics.quality.chrf import ChrF, ChrFPlusPlus
from s2st_bench.metrics.quality.edits import CER, TER, WER
from s2st_bench.text_forms import lower, tokenizer_for
from s2st_bench.types import AudioSource, Failure, Recording, Segment, Trace

_words = st.sampled_from("the a cat dog, sat. Sat on mat (the x-y é".split())
_sentence = st.lists(_words, max_size=12).map(" ".join)
_pairs = st.lists(st.tuples(_sentence, _sentence, _sentence), min_size=1, max_size=8)


def item(hypothesis, references, lang="de", text_norm="cased", **trace):
    segment = Segment("s", 0, 1, references={lang: tuple(references)})
    recording = Recording("r", AudioSource(Path("x.wav")), "en", (lang,), (segment,),
                          text_norm=text_norm)
    return Item("r", recording, segment, Trace("sys", "r", lang, 1.0, **trace), hypothesis,
                tuple(references), tuple(hypothesis.split()), np.zeros(0), None, 1000.0)


def corpus_value(metric, items):
    stats = np.stack([metric.stats(i) for i in items])
    return float(metric.aggregate(stats, np.ones((1, len(items))))[0])


ORACLES = {
    "BLEU": (BLEU, lambda: sacrebleu.metrics.BLEU()),
    "chrF": (ChrF, lambda: sacrebleu.metrics.CHRF()),
    "chrF++": (ChrFPlusPlus, lambda: sacrebleu.metrics.CHRF(word_order=2)),
    "TER": (TER, lambda: sacrebleu.metrics.TER()),
}


@pytest.mark.parametrize("name", ORACLES)
@settings(deadline=None, max_examples=60)
@given(rows=_pairs, two=st.booleans())
def test_corpus_value_is_sacrebleus(name, rows, two) -> None:
    ours, theirs = ORACLES[name]
    hypotheses = [h for h, _, _ in rows]
    streams = [[a for _, a, _ in rows]] + ([[b for _, _, b in rows]] if two else [])
    metric = ours()
    items = [item(h, refs) for h, refs in zip(hypotheses, zip(*streams, strict=True), strict=True)]
    expected = theirs().corpus_score(hypotheses, streams).score
    assert corpus_value(metric, items) == pytest.approx(expected, abs=1e-9)


def test_signature_names_what_sacrebleus_names() -> None:
    metric = BLEU()
    metric.stats(item("a b c d", ["a b c d"]))
    theirs = sacrebleu.metrics.BLEU()
    theirs.corpus_score(["a b c d"], [["a b c d"]])
    named = dict(field.split(":") for field in str(theirs.get_signature()).split("|"))
    ours = dict(metric.signature())
    assert ours.pop("sacrebleu") == named.pop("version")
    assert ours.pop("text_norm") == "cased"
    assert ours == named


def test_number_of_references_may_vary() -> None:
    metric = BLEU()
    metric.stats(item("a", ["a"]))
    metric.stats(item("a", ["a", "b"]))
    assert metric.signature()["nrefs"] == "var"


@pytest.mark.parametrize("lang, name", [
    ("de", "13a"), ("zh-CN", "zh"), ("zho_Hans", "zh"), ("cmn", "zh"), ("ja", "ja-mecab"),
    ("ko-KR", "ko-mecab"), ("th", "char"), ("lo", "char"), ("my", "char"), ("", "13a"),
])
def test_tokenizer_by_language(lang, name) -> None:
    assert tokenizer_for(lang) == name


def test_chinese_is_cut_into_characters() -> None:
    hypotheses, references = ["我们今天开会。", "你好世界"], ["我们今天在柏林开会。", "你好,世界"]
    metric = BLEU()
    items = [item(h, [r], "zh") for h, r in zip(hypotheses, references, strict=True)]
    expected = sacrebleu.corpus_bleu(hypotheses, [references], tokenize="zh").score
    assert corpus_value(metric, items) == pytest.approx(expected, abs=1e-9)
    assert metric.signature()["tok"] == "zh"


@pytest.mark.parametrize("lang, module", [("ja", "MeCab"), ("ko", "mecab_ko")])
def test_missing_mecab_names_the_pip_line(lang, module) -> None:
    try:
        __import__(module)
    except ImportError:
        with pytest.raises(DependencyError, match=r'pip install "s2st-bench\['):
            BLEU().stats(item("x", ["y"], lang))
    else:
        assert BLEU().stats(item("x", ["y"], lang)).shape == (10,)


def test_unknown_names_are_config_errors() -> None:
    with pytest.raises(ConfigError):
        BLEU(tokenizer="14a")
    with pytest.raises(ConfigError):
        ChrF(text_norm="upper")


def test_no_reference_and_no_text_are_unscored_but_failure_and_silence_are_not() -> None:
    for metric in (BLEU(), ChrF(), WER()):
        assert metric.stats(item("a", [])) == Unscored("no reference")
        assert metric.stats(item("a", ["a"], outputs=("speech",))) == Unscored("no text output")
        failed = item("", ["a b"], outputs=("speech",), error=Failure("died", "gone"))
        assert not isinstance(metric.stats(failed), Unscored)
        assert not isinstance(metric.stats(item("", ["a b"])), Unscored)


def test_corpora_without_case_are_compared_without_case() -> None:
    rows = [item("Hello, World! It's me.", ["hello world it's me"], text_norm="lower")]
    metric = BLEU()
    assert corpus_value(metric, rows) == pytest.approx(100.0)
    assert metric.signature()["text_norm"] == "lower"
    assert lower("  «Ja» — 'nein' ") == "ja nein"


def test_error_rates_by_hand() -> None:
    assert corpus_value(WER(), [item("a b x", ["a b c d"]), item("q", ["q", "z z"])]) == 40.0
    assert corpus_value(CER(), [item("abc", ["abd"])]) == pytest.approx(100 / 3)
    assert corpus_value(WER(), [item("a b", [""])]) == 100.0
    assert corpus_value(WER(), [item("", [""])]) == 0.0


def test_values_are_vectorised_over_leading_axes() -> None:
    metric = BLEU()
    stats = np.stack([metric.stats(item(h, [r])) for h, r in [
        ("the cat sat on the mat", "the cat sat on a mat"), ("dog", "a dog"), ("", "x y")]])
    weights = np.random.default_rng(0).integers(0, 3, (4, 5, 3)).astype(float)
    values = metric.value(weights @ stats)
    assert values.shape == (4, 5)
    for at in np.ndindex(4, 5):
        totals = (weights[at] @ stats).astype(int).tolist()
        expected = sacrebleu.metrics.BLEU.compute_bleu(
            totals[2:6], totals[6:], totals[0], totals[1], smooth_method="exp").score
        assert values[at] == pytest.approx(expected, abs=1e-9)
