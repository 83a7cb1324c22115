"""Tokens as text: the joins of simulstream's detokenizers, bytes, tokens that come and go."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.formats.tokens import TokenStack, guess

TOKENS = st.lists(st.sampled_from(["▁a", "b", "▁", ".", "é", "▁▁c", " d", ""]), max_size=6)


def joined(joining, *tokens):
    return TokenStack(joining).add(tokens)


@settings(deadline=None)
@given(TOKENS, st.sampled_from(["word", "char", "spm"]))
def test_equals_simulstreams_detokenizer(tokens, unit) -> None:
    module = pytest.importorskip("simulstream.metrics.detokenizers")
    config = SimpleNamespace(detokenizer_type="simuleval", latency_unit=unit)
    assert joined(unit, *tokens) == module.get_detokenizer(config)(tokens)


@given(st.lists(st.tuples(TOKENS, st.integers(0, 8)), max_size=6),
       st.sampled_from(["word", "char", "spm"]))
def test_edits_give_the_text_of_what_stands(edits, joining) -> None:
    stack, text, standing = TokenStack(joining), "", []
    for new, n in edits:
        gone = standing[max(0, len(standing) - n) :]
        retract = stack.take_back(gone)
        text = text[: len(text) - retract] + stack.add(new)
        standing = standing[: len(standing) - len(gone)] + new
        assert text == joined(joining, *standing)


def test_bytes_wait_for_their_character() -> None:
    stack = TokenStack("spm")
    assert [stack.add([t]) for t in ("▁na", "<0xC3>", "<0xAF>", "ve")] == ["na", "", "ï", "ve"]
    assert stack.take_back(["<0xAF>", "ve"]) == 3 and stack.add(["<0xA9>"]) == "é"
    assert joined("spm", "a", "<0xC3>", "b") == "a\ufffdb"
    # GPT-2's alphabet: Ġ is a space, ä¸Ń the three bytes of 中
    assert joined("bytes", "Hi", "Ġyou", "Ġä¸", "Ń") == "Hi you 中"
    assert joined("bytes", "Ġ", "é") == " "


def test_other_tokens_than_stand_cannot_be_taken_back() -> None:
    stack = TokenStack("word")
    stack.add(["a", "b"])
    for wrong in (["a"], ["a", "b", "c"], ["c", "b"]):
        with pytest.raises(ValueError, match="not the last"):
            stack.take_back(wrong)
    assert stack.take_back(["a", "b"]) == 3


@pytest.mark.parametrize("tokens, expected", [
    (["▁a", "b"], ("spm", True)), (["a", "Ġb"], ("bytes", True)), (["a ", "b"], ("char", True)),
    (["das", "ist"], ("word", False)), (["你", "好"], ("char", False)), ([], ("char", False)),
])
def test_how_tokens_look(tokens, expected) -> None:
    assert guess(tokens) == expected
