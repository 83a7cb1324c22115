"""The row-wise alignment equals the scalar recursion of SoftSegmenter."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.errors import ConfigError
from s2st_bench.resegment import SoftSegmenter
from s2st_bench.softalign import NOWHERE, PUNCTUATION, owners
from s2st_bench.types import Segment

_tokens = st.lists(st.sampled_from(["ab", "abc", "b", "ca", ".", ",", "d", "", "dd"]), max_size=12)


def similarity(a, b, char_level):
    if (a in PUNCTUATION) != (b in PUNCTUATION):
        return -math.inf
    if char_level:
        return float(a == b)
    either = set(a) | set(b)
    return len(set(a) & set(b)) / len(either) if either else 0.0


def scalar(reference, hypothesis, char_level):
    """The published recursion, cell by cell, and its rule for unaligned words."""
    n, m = len(reference), len(hypothesis)
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            match = best[i - 1][j - 1] + similarity(reference[i - 1], hypothesis[j - 1], char_level)
            best[i][j] = max(match, best[i - 1][j], best[i][j - 1])
    path, i, j = [], n, m
    while i or j:
        match = (best[i - 1][j - 1] + similarity(reference[i - 1], hypothesis[j - 1], char_level)
                 if i and j else -math.inf)
        if i and j and match >= best[i - 1][j] and match >= best[i][j - 1]:
            i, j = i - 1, j - 1
            path.append((i, j))
        elif i and (not j or best[i - 1][j] >= best[i][j - 1]):
            i -= 1
            path.append((i, None))
        else:
            j -= 1
            path.append((None, j))
    path.reverse()
    codes, before, forward = [NOWHERE] * m, None, False
    for at, (ref, hyp) in enumerate(path):
        if ref is not None:
            before, forward = ref, False
            if hyp is not None:
                codes[hyp] = ref
            continue
        after = next((r for r, _ in path[at:] if r is not None), None)
        if not forward:
            ahead, back = (-math.inf if r is None else
                           similarity(hypothesis[hyp], reference[r], char_level)
                           for r in (after, before))
            forward = ahead > back
        owner = after if forward else before
        codes[hyp] = NOWHERE if owner is None else owner
    return codes


@settings(max_examples=300, deadline=None)
@given(reference=_tokens, hypothesis=_tokens, char_level=st.booleans())
def test_rows_equal_cells(reference, hypothesis, char_level) -> None:
    found = owners(reference, hypothesis, char_level=char_level).tolist()
    assert found == (scalar(reference, hypothesis, char_level) if reference
                     else [NOWHERE] * len(hypothesis))


def test_sentences_are_found_again() -> None:
    references = ["Guten Morgen, liebe Gäste.", "Der Bus fährt um neun.", "Vielen Dank!"]
    segments = [Segment(str(i), i * 5.0, i * 5.0 + 4) for i in range(3)]
    said = "Guten Morgen Gäste . Der große Bus fährt um zehn. Dank!".split()
    codes = SoftSegmenter().assign(said, np.zeros(len(said)), segments, references, "de", "word")
    assert codes.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2]


@settings(max_examples=200, deadline=None)
@given(reference=_tokens, hypothesis=_tokens, data=st.data())
def test_no_token_belongs_beyond_its_reach(reference, hypothesis, data) -> None:
    reach = np.array([data.draw(st.integers(0, len(reference))) for _ in hypothesis], dtype=int)
    found = owners(reference, hypothesis, reach=reach)
    assert (found < np.maximum(reach, 1)).all() and (found[reach == 0] == NOWHERE).all()
    free = np.full(len(hypothesis), len(reference))
    assert (owners(reference, hypothesis, reach=free) == owners(reference, hypothesis)).all()


def test_a_sentence_that_has_not_begun_takes_no_word() -> None:
    segments = [Segment("0", 0.0, 4.0), Segment("1", 10.0, 14.0)]
    references = ["guten Morgen", "vielen Dank"]
    said, times = ["guten", "Dank", "Dank"], np.array([2.0, 3.0, 9.6])
    free = SoftSegmenter().assign(said, times, segments, references, "de", "word")
    timed = SoftSegmenter(slack_s=0.5).assign(said, times, segments, references, "de", "word")
    assert (free.tolist(), timed.tolist()) == ([0, 1, 1], [0, 0, 1])
    assert SoftSegmenter(slack_s=0.5).signature() == {"reseg": "timed-softsegmenter(none,0.5s)"}
    late = [Segment("0", 5.0, 6.0), Segment("1", 10.0, 14.0)]
    assert SoftSegmenter(slack_s=0.0).assign(
        said, times, late, references, "de", "word").tolist() == [NOWHERE, NOWHERE, 0]
    with pytest.raises(ConfigError):
        SoftSegmenter(slack_s=-1.0)


def test_without_references_nothing_is_placed() -> None:
    segments = [Segment("0", 0, 1), Segment("1", 1, 2)]
    codes = SoftSegmenter().assign(["a"], np.zeros(1), segments, ["", ""], "de", "word")
    assert codes.tolist() == [NOWHERE]
    with pytest.raises(ConfigError):
        SoftSegmenter("other")  # type: ignore[arg-type]
