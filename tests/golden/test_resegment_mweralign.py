"""mweralign as a resegmenter: its own segments, and what it cannot be given as it is."""

import logging
import os
import random
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from s2st_bench.errors import BenchError, DependencyError
from s2st_bench.resegmenters import NAMES, resegmenter
from s2st_bench.signature import Signature
from s2st_bench.softalign import NOWHERE
from s2st_bench.types import Segment

needed = pytest.mark.skipif(
    find_spec("mweralign") is None,
    reason='mweralign is not installed: pip install "s2st-bench[peers]"',
)


def assign(references, said, unit="word"):
    segments = [Segment(str(i), float(i), i + 1.0) for i in range(len(references))]
    codes = resegmenter("mweralign").assign(
        said, np.zeros(len(said)), segments, references, "de", unit)
    assert codes.dtype == np.intp and len(codes) == len(said)
    return codes.tolist()


def theirs(references, said):
    """What the package itself answers, as the segment of each word."""
    from mweralign import align_texts

    lines = align_texts("\n".join(references), " ".join(said), is_tokenized=True).split("\n")
    return [i for i, line in enumerate(lines) for _ in line.split()]


@needed
def test_segments_are_the_packages_own() -> None:
    draws = random.Random(3)
    words = ["a", "A", "b", "ab", "ü", "Ü", ",", "c!", "…", "東京", "d"]
    for _ in range(300):
        references = [" ".join(draws.choices(words, k=draws.randint(1, 5)))
                      for _ in range(draws.randint(1, 5))]
        said = draws.choices(words, k=draws.randint(1, 14))
        assert assign(references, said) == theirs(references, said)


@needed
@pytest.mark.parametrize("references, said, expected", [
    (["guten Morgen", "vielen Dank"], [], []),
    (["guten Morgen", "vielen Dank"], ["Dank"], [0]),  # minimum WER has 1
    (["guten Morgen", "vielen Dank"], ["Morgen", "Dank"], [0, 1]),
    (["a a", "a a"], ["a"] * 6, [0, 0, 1, 1, 1, 1]),
    (["", "a b"], ["a", "b"], [1, 1]),
    (["a b", "", "c"], ["a", "b", "c"], [0, 0, 2]),
    (["a b", ""], ["a", "b", "c"], [0, 0, 0]),  # the package answers one line for the two
    (["", " \t"], ["a"], [NOWHERE]),  # the package crashes
    (["größe 東京", "über"], ["Größe", "東京", "über"], [0, 0, 1]),
    (["a ### b", "c"], ["a", "###", "b", "c"], [0, 0, 0, 1]),  # its sign of an alternative
    (["a \ud800", "c"], ["a", "\ud800", "c"], [0, 0, 1]),
    (["a b", "c"], ["a", "x\u00a0y", "b\x00", "c"], [0, 0, 0, 1]),
])
def test_edge_cases(references, said, expected) -> None:
    assert assign(references, said) == expected


@needed
def test_characters_are_units_too() -> None:
    assert assign(["東京 都", "大阪"], list("東京都大阪"), unit="char") == [0, 0, 0, 1, 1]


@needed
def test_it_is_quiet_and_hides_nothing_else(capfd, monkeypatch) -> None:
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    cut = resegmenter("mweralign")
    assert (logging.getLogger().handlers, logging.getLogger().level) == (handlers, level)
    segments = [Segment("0", 0.0, 1.0), Segment("1", 1.0, 2.0)]
    cut.assign(["a", "b"], np.zeros(2), segments, ["a", "b"], "de", "word")
    assert capfd.readouterr().err == ""

    def failing(reference, hypothesis):
        os.write(2, b"AS-WER (automatic segmentation mWER): 0\nbad allocation\n")
        raise MemoryError

    monkeypatch.setattr(cut, "_align", failing)
    with pytest.raises(MemoryError):
        cut.assign(["a"], np.zeros(1), segments, ["a", "b"], "de", "word")
    assert capfd.readouterr().err == "bad allocation\n"
    monkeypatch.setattr(cut, "_align", lambda reference, hypothesis: hypothesis)
    with pytest.raises(BenchError, match="1 units in 1 segments for 1 units and 2 references"):
        cut.assign(["a"], np.zeros(1), segments, ["a", "b"], "de", "word")


@needed
def test_its_version_is_in_the_signature() -> None:
    from importlib.metadata import version

    fields = resegmenter("mweralign").signature()
    assert fields == {"reseg": f"mweralign({version('mweralign')})"}
    made = Signature.of({"metric": "LAAL"}, fields)
    assert Signature.parse(made.short()) == Signature.parse(made.verbose()) == made


def test_without_the_package_the_pip_line_is_said(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "mweralign", None)
    with pytest.raises(DependencyError, match=r'pip install "s2st-bench\[peers\]"'):
        resegmenter("mweralign")


def test_every_name_makes_one_and_no_two_sign_alike() -> None:
    installed = [name for name in NAMES if name != "mweralign"]
    assert len({resegmenter(name).signature()["reseg"] for name in installed}) == len(installed)
    with pytest.raises(BenchError, match="soft, soft-moses, timed, min-wer, mweralign"):
        resegmenter("mwer")
