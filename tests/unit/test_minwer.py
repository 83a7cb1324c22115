"""The cut has the fewest word errors of all cuts."""

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.minwer import cuts
from s2st_bench.resegment import MinWerSegmenter
from s2st_bench.types import Segment

_words = st.lists(st.sampled_from("abcd"), max_size=4)


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(last + (x != y), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def total(references, hypothesis, ends):
    starts = [0, *ends[:-1]]
    return sum(edits(r, hypothesis[a:b]) for r, a, b in zip(references, starts, ends, strict=True))


@settings(max_examples=200, deadline=None)
@given(st.lists(_words, min_size=1, max_size=3), st.lists(st.sampled_from("abcde"), max_size=7))
def test_no_other_cut_has_fewer_errors(references, hypothesis) -> None:
    ends = cuts(references, hypothesis).tolist()
    assert ends == sorted(ends) and ends[-1] == len(hypothesis)
    choices = combinations_with_replacement(range(len(hypothesis) + 1), len(references) - 1)
    best = min(total(references, hypothesis, [*c, len(hypothesis)]) for c in choices)
    assert total(references, hypothesis, ends) == best


@pytest.mark.parametrize("said, expected", [
    ("guten morgen vielen dank", [0, 0, 1, 1]),
    ("Guten Morgen Dank", [0, 0, 1]),
    ("ja guten morgen nein vielen dank danke", [0, 0, 0, 1, 1, 1, 1]),
    ("", []),
])
def test_sentences_are_found_again(said, expected) -> None:
    segments = [Segment("0", 0, 1), Segment("1", 1, 2)]
    units = said.split()
    codes = MinWerSegmenter().assign(units, np.zeros(len(units)), segments,
                                     ["Guten Morgen", "vielen Dank"], "de", "word")
    # a surplus word between two sentences may go to either
    free = {3} if said.startswith("ja") else set()
    assert [c for i, c in enumerate(codes.tolist()) if i not in free] == \
        [c for i, c in enumerate(expected) if i not in free]
