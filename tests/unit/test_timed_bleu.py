"""BLEU of what was out in time, and of what had been said so far, worked by hand."""

from pathlib import Path

import pytest
import sacrebleu

from s2st_bench.scoring import Options, score
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Recording,
    Segment,
    Step,
    TextSource,
    TimedWrite,
    Trace,
    Word,
)

REFERENCE = "das ist ein kleiner Test hier"
WORDS = tuple(Word(w, i, i + 1.0) for i, w in enumerate("this is a small".split()))
SEGMENT = Segment("0", 0.0, 4.0, "this is a small", {"de": (REFERENCE,)}, words=WORDS)
SPOKEN = Recording("r", AudioSource(Path("x.wav"), 0, 4.0), "en", ("de",), (SEGMENT,))
WRITTEN = Recording("r", TextSource(("this", "is", "a", "small")), "en", ("de",), (SEGMENT,))
WRITES = [(1.0, "das ist "), (3.0, "ein kleiner "), (4.0, "Test "), (7.0, "hier")]


def said(writes=WRITES, **changes) -> Trace:
    steps = tuple(Step(at, at, (Job(i, "s", at, at + 1.5),), (TimedWrite(i, 1.5, text),))
                  for i, (at, text) in enumerate(writes))
    return Trace("s", "r", "de", 4.0, steps, **changes)


def value(name: str, trace: Trace, recording: Recording = SPOKEN, **options):
    plain = name.removesuffix("_CA")
    return score([trace], [recording], [name], metric_options={plain: options}).get(name)


def bleu(text: str, brevity: bool = True) -> float:
    found = sacrebleu.sentence_bleu(text, [REFERENCE])  # exponential, effective order
    return found.score if brevity else found.score / found.bp


TWO, FOUR, FIVE = "das ist", "das ist ein kleiner", "das ist ein kleiner Test"


def test_units_out_too_late_are_as_if_never_said() -> None:
    whole = value("BLEU", said()).value
    assert whole == pytest.approx(100.0)
    in_time = sacrebleu.corpus_bleu([FIVE], [[REFERENCE]]).score
    assert value("BLEU@delta", said()).value == pytest.approx(in_time)
    assert value("BLEU@delta", said(), delta_s=3.0).value == whole
    assert value("BLEU@delta", said(), delta_s=float("inf")).value == whole
    # live 1.5 s later: 5.5 is within 4 + 2, 8.5 is not; within 4 + 1 s are four words
    assert value("BLEU@delta_CA", said()).value == pytest.approx(in_time)
    four = sacrebleu.corpus_bleu([FOUR], [[REFERENCE]]).score
    assert value("BLEU@delta_CA", said(), delta_s=1.0).value == pytest.approx(four)
    assert "delta:1s" in value("BLEU@delta", said(), delta_s=1.0).signature
    failed = value("BLEU@delta", said(error=Failure("died", "x")))
    assert (failed.value, failed.n_scored) == (0.0, 1)
    assert value("BLEU@delta_CA", said(clock="ideal")).reason == "compute was not measured"


def test_time_mean_of_what_had_been_said() -> None:
    # nothing for 1 s, two words for 2 s, four for 1 s
    expected = (2 * bleu(TWO) + 1 * bleu(FOUR)) / 4
    assert value("LatencyBLEU", said()).value == pytest.approx(expected)
    # live: two words from 2.5 to 4 s
    assert value("LatencyBLEU_CA", said()).value == pytest.approx(1.5 * bleu(TWO) / 4)
    assert value("LatencyBLEU", said([(4.0, REFERENCE)])).value == 0.0
    assert value("LatencyBLEU", said([(0.0, REFERENCE)])).value == pytest.approx(100.0)
    silent = value("LatencyBLEU", said([]))
    assert (silent.value, silent.n_scored) == (0.0, 1)


@pytest.mark.parametrize("recording, changes", [
    (SPOKEN, {}), (WRITTEN, {"source_unit": "tokens", "clock": "ideal"}),
])
def test_variants_of_the_papers(recording: Recording, changes) -> None:
    trace = said(WRITES[:3], **changes)
    gu = sum(bleu(text, brevity=False) for text in (TWO, TWO, FOUR, FIVE)) / 4
    assert value("LatencyBLEU@gu2017", trace, recording).value == pytest.approx(gu)
    mean = (2 * bleu(TWO) + bleu(FOUR) + bleu(FIVE)) / 4
    found = value("LatencyBLEU@grissom2014", trace, recording)
    assert found.value == pytest.approx(mean + 4 * bleu(FIVE))
    assert "bp:yes" in found.signature and "steps:words" in found.signature


def test_units_of_characters_are_cut_alike() -> None:
    table = score([said()], [SPOKEN], ["BLEU@delta"], Options(unit="char"))
    assert table.get("BLEU@delta").value == pytest.approx(value("BLEU@delta", said()).value)
