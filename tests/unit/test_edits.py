"""The smallest whole-word change from one text to another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.edits import difference

TEXTS = st.text("ab \n", max_size=12)


@given(TEXTS, TEXTS)
def test_the_change_gives_the_new_text(old, new):
    retract, text = difference(old, new)
    assert 0 <= retract <= len(old)
    assert old[: len(old) - retract] + text == new


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("", "", (0, "")),
        ("", "the house", (0, "the house")),
        ("the house", "the house", (0, "")),
        ("the house", "the house is", (0, " is")),
        ("the house", "the houses are", (6, " houses are")),
        ("the house is", "the", (9, "")),
        ("a b c", "x b c", (5, "x b c")),
    ],
)
def test_words_change_whole(old, new, change):
    assert difference(old, new) == change
