"""The row-wise alignment equals the scalar recursion of SoftSegmenter."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.errors import ConfigError
from s2st_bench.resegment import NOWHERE, PUNCTUATION, SoftSegmenter, assign_tokens
from s2st_bench.types import Segment

_tokens = st.lists(st.sampled_from(["ab", "abc", "b", "ca", ".", ",", "d", "", "dd"]), max_size=12)


def similarity(a, b, char_level):
    if (a in PUNCTUATION) != (b in PUNCTUATION):
        return -math.inf
    if char_level:
        return float(a == b)
    either = set(a) | set(b)
    return len(set(a) & set(b)) / len(either) if either else 0.0


def scalar(reference, segments, hypothesis, char_level):
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
                codes[hyp] = segments[ref]
            continue
        after = next((r for r, _ in path[at:] if r is not None), None)
        if not forward:
            ahead, back = (-math.inf if r is None else
                           similarity(hypothesis[hyp], reference[r], char_level)
                           for r in (after, before))
            forward = ahead > back
        owner = after if forward else before
        codes[hyp] = NOWHERE if owner is None else segments[owner]
    return codes


@settings(max_examples=300, deadline=None)
@given(reference=_tokens, hypothesis=_tokens, char_level=st.booleans())
def test_rows_equal_cells(reference, hypothesis, char_level) -> None:
    segments = list(np.arange(len(reference)) // 2)
    found = assign_tokens(reference, segments, hypothesis, char_level).tolist()
    assert found == (scalar(reference, segments, hypothesis, char_level) if reference
                     else [NOWHERE] * len(hypothesis))


def test_sentences_are_found_again() -> None:
    references = ["Guten Morgen, liebe Gäste.", "Der Bus fährt um neun.", "Vielen Dank!"]
    segments = [Segment(str(i), i * 5.0, i * 5.0 + 4) for i in range(3)]
    said = "Guten Morgen Gäste . Der große Bus fährt um zehn. Dank!".split()
    codes = SoftSegmenter().assign(said, np.zeros(len(said)), segments, references, "de", "word")
    assert codes.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2]


def test_without_references_nothing_is_placed() -> None:
    segments = [Segment("0", 0, 1), Segment("1", 1, 2)]
    codes = SoftSegmenter().assign(["a"], np.zeros(1), segments, ["", ""], "de", "word")
    assert codes.tolist() == [NOWHERE]
    with pytest.raises(ConfigError):
        SoftSegmenter("other")  # type: ignore[arg-type]
