"""When reference words could first be known, and what damaged alignments say."""

import pytest

from s2st_bench.alignment import due_words
from s2st_bench.errors import CorpusError
from s2st_bench.types import AudioSource, Recording, Segment, TextSource, Word


def a_recording(alignment, source=None, reference="A B C"):
    words = (Word("a", 0.0, 0.4), Word("b", 0.5, 0.9))
    segment = Segment("s1", 0.0, 1.0, "a b", {"en": (reference,)} if reference else {},
                      words=words, alignment=alignment)
    return Recording("r1", source or AudioSource("x.wav"), "de", ("en",), (segment, segment))


def test_a_word_of_several_waits_for_all_and_holds_back_what_follows():
    dues = due_words(a_recording({"en": ((0, 0), (1, 0), (0, 1))}), "en")
    assert [d.due for d in dues[:3]] == [0.9, 0.9, 0.9]
    assert [d.segment for d in dues] == [0, 0, 0, 1, 1, 1]


def test_text_positions_count_tokens_over_segments():
    dues = due_words(a_recording({"en": ((0, 0), (1, 2))}, TextSource(("a", "b") * 2)), "en")
    assert [d.due for d in dues] == [1, 1, 2, 3, 3, 4]


@pytest.mark.parametrize("pair", [(2, 0), (0, 3), (-1, 0), (0, -1)])
def test_an_alignment_outside_the_words_is_named(pair):
    with pytest.raises(CorpusError, match=r"'r1', segment 's1'.*outside 2 source and 3"):
        due_words(a_recording({"en": (pair,)}), "en")


def test_a_missing_reference_is_named():
    with pytest.raises(CorpusError, match="no reference in 'es'.*other languages: en"):
        due_words(a_recording({}), "es")
    with pytest.raises(CorpusError, match="other languages: none"):
        due_words(a_recording({}, reference=""), "en")


def test_an_empty_reference_has_no_words():
    assert due_words(a_recording({}, reference=" "), "en") == ()
