"""What others wrote, made safe to show."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.leaderboards.site.ogg import checksum
from s2st_bench.standings.text import MAX_LABEL, file_key, label, passage, script


def test_a_label_is_one_visible_line() -> None:
    assert label("a\x00b\x1b[31m\nc\u202ed\u2066e") == "a�b�[31m�c�d�e"
    assert len(label("x" * 500)) == MAX_LABEL
    assert label("Übersetzer 通訳") == "Übersetzer 通訳"


def test_a_passage_is_cut_with_its_whole_length() -> None:
    assert passage("x" * 1_000_000, 10) == "xxxxxxxxxx… [cut; 1,000,000 characters in all]"
    assert passage("one\ntwo\x07") == "one\ntwo�"


@pytest.mark.parametrize("text", [
    "../../etc/passwd", "javascript:alert(1)", "", "a" * 5000, "\ud800", "CON", "ä/ö\\ü", "..",
])
def test_a_file_key_is_a_plain_stem(text: str) -> None:
    key = file_key(text, index=3)
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert key.startswith("0003-")
    assert len(key) < 60


def test_file_keys_of_different_texts_differ() -> None:
    texts = ["a b", "a-b", "A b", "a  b", "ä b"]
    assert len({file_key(t) for t in texts}) == len(texts)


@given(st.text() | st.lists(st.text()))
def test_a_script_holds_its_values_and_nothing_that_runs(value: object) -> None:
    written = script("S2ST.x", value)
    assert written.isascii()
    assert not set("<>&") & set(written)
    assert json.loads(written.removeprefix("S2ST.x(").removesuffix(");\n")) == value


def test_ogg_checksum_is_the_unreflected_crc() -> None:
    def slow(data: bytes) -> int:
        register = 0
        for byte in data:
            register ^= byte << 24
            for _ in range(8):
                high = register & 0x80000000
                register = (register << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if high else 0)
        return register

    for data in (b"", b"OggS", bytes(range(256)), b"123456789"):
        assert checksum(data) == slow(data)
    assert checksum(b"123456789") != zlib.crc32(b"123456789")
