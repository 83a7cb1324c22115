"""Word by word the segment that OmniSTEval 0.1.10's own alignment gives.

OmniSTEval's part are its functions between loaded words and numbered segments:
``tokenization.tokenize_words``, ``alignment.align_sequences``, ``alignment.process_alignment``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.build import build_corpus
from s2st_bench.config import Choice
from s2st_bench.formats import segments, simuleval
from s2st_bench.registry import Registry
from s2st_bench.resegment import SoftSegmenter
from s2st_bench.softalign import NOWHERE
from s2st_bench.timeline import emissions
from s2st_bench.types import Segment

LOG = Path(__file__).parents[2].parent / "shared" / "logs" / "longform_acl6060_ende"
N_RANDOM = 1000
# few words, so that they repeat and similarities tie; case, NFKC and combining marks change some
WORDS = ("ab abc b ca Ab d dd . , ! - \u3002 \ufb01n fin \u00e9 e\u0301 x\u00b2 \u2026 \uff0e ... "
         "no. 7 ab, (b) \u0130 \u00df SS a\u200bb \u4f60\u597d \u30fc").split()

Case = tuple[list[str], list[str]]
"""Units said, and the segments' references."""


def theirs(said: Sequence[str], references: Sequence[str], char: bool) -> list[int]:
    """The segment of each unit, by OmniSTEval."""
    alignment = pytest.importorskip("omnisteval.alignment")
    tokenize = pytest.importorskip("omnisteval.tokenization").tokenize_words
    if char:
        references = [reference.replace(" ", "") for reference in references]
    lines = [reference.strip().lower() for reference in references]
    wanted = [alignment.Word(unit, seq_id=i) for i, line in enumerate(lines)
              for unit in (line if char else line.split())]
    if not wanted:
        return [NOWHERE] * len(said)  # it stops with an error
    # the number of a unit goes along as its time
    words = [alignment.Word(unit, emission_cu=i) for i, unit in enumerate(said)]
    (wanted,), (words,) = tokenize([wanted], None), tokenize([words], None)
    found = alignment.process_alignment(*alignment.align_sequences(wanted, words, char), char)
    codes = [NOWHERE] * len(said)
    for word in found:
        codes[word.emission_cu] = word.seq_id
    return codes


def ours(said: Sequence[str], references: Sequence[str], char: bool) -> list[int]:
    where = [Segment(str(i), float(i), i + 1.0) for i in range(len(references))]
    return SoftSegmenter().assign(said, np.zeros(len(said)), where, references, "de",
                                  "char" if char else "word").tolist()


def check(case: Case, char: bool = False) -> None:
    expected, found = theirs(*case, char), ours(*case, char)
    wrong = [i for i, (a, b) in enumerate(zip(expected, found, strict=True)) if a != b]
    assert not wrong, (case, wrong, expected, found)


def some_words(draws: random.Random, most: int) -> list[str]:
    kinds = draws.sample(WORDS, draws.choice([2, 5, len(WORDS)]))
    return draws.choices(kinds, k=draws.randint(0, most))


def random_case(draws: random.Random) -> Case:
    references = [" ".join(some_words(draws, 8)) for _ in range(draws.randint(1, 5))]
    if draws.random() < 0.5:
        return some_words(draws, 20), references
    return edited(" ".join(references).split(), draws), references


def edited(words: Sequence[str], draws: random.Random, rate: float = 0.3) -> list[str]:
    """``words`` with some left out, said twice, swapped, wrong, cut off, or punctuation between."""
    said: list[str] = []
    for word in words:
        kind = draws.choice(["drop", "twice", "swap", "other", "cut", "point"]) \
            if draws.random() < rate else ""
        said += {"": [word], "drop": [], "twice": [word] * draws.randint(2, 4),
                 "swap": [word], "other": [draws.choice(words)],
                 "cut": [word[: 1 + len(word) // 2]],
                 "point": [word, draws.choice(".,!?-:")]}[kind]
        if kind == "swap" and len(said) > 1:
            said[-2:] = said[:-3:-1]
    return said


@pytest.mark.parametrize("char", [False, True], ids=["words", "characters"])
def test_random_words(char: bool) -> None:
    draws = random.Random(3)
    for _ in range(N_RANDOM):
        said, references = random_case(draws)
        check(([*"".join(said)] if char else said, references), char)


def talks() -> Iterator[tuple[str, list[str]]]:
    """References of the demo corpus' talks."""
    for source, target in (("en", "de"), ("de", "en"), ("de", "es")):
        corpus = build_corpus(Choice("conference", {"split": "talks"}), Registry(),
                              source_lang=source, target_lang=target)
        for recording in corpus.recordings():
            yield f"{recording.id} {target}", [s.references[target][0] for s in recording.segments]


@pytest.mark.parametrize("rate", [0.1, 0.5, pytest.param(0.9, marks=pytest.mark.slow)])
def test_talks(rate: float) -> None:
    """A talk of each language pair; some segments lose their reference."""
    for number, (name, references) in enumerate(talks()):
        if number % 6 != 2:
            continue
        draws = random.Random(f"{name} {rate}")
        said = edited(" ".join(references).split(), draws, rate)
        kept = [r if draws.random() < 0.9 else "" for r in references]
        assert len(said) > 200
        check((said, kept))


def test_a_talk_in_characters() -> None:
    references = next(talks())[1][:12]
    said = edited(" ".join(references).split(), random.Random(5))
    check(([*"".join(said)], references), char=True)


@pytest.mark.skipif(not LOG.is_dir(), reason=f"no logs at {LOG}")
@pytest.mark.parametrize(("number", "part"), [
    (0, 6), *(pytest.param(i, 1, marks=pytest.mark.slow) for i in range(5))])
def test_real_talks(number: int, part: int) -> None:
    """A cascade's output of ACL 60/60, whole or the first sixth of a talk."""
    log = simuleval.read(LOG, target_lang="de")
    recordings = segments.attach(log.recordings, "de", segments=LOG / "ref_segments.yaml",
                                 references=LOG / "references.txt")
    said = [e.unit for e in emissions(log.traces[number])]
    references = [s.references["de"][0] for s in recordings[number].segments]
    check((said[: len(said) // part], references[: len(references) // part]))
