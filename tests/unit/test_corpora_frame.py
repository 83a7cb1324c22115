"""The parts that readers of corpora share, one by one."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.audio import write_wav
from s2st_bench.build import build_corpus
from s2st_bench.config import Choice
from s2st_bench.corpora import FileCorpus, Finding, Lines, Place, Row, Selection, entries
from s2st_bench.corpora.reader import chosen
from s2st_bench.corpora.scripts import SCRIPTS, expected, foreign
from s2st_bench.corpora.silence import speech_span
from s2st_bench.corpora.words import COMMON, guess
from s2st_bench.corpus import Corpus, CorpusCard, fingerprint
from s2st_bench.errors import ConfigError, CorpusError, DamagedCorpus
from s2st_bench.registry import Registry
from s2st_bench.types import AudioSource, Recording, Segment, TextSource

# --- lines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("data", "wanted"), [
    (b"", []), (b"a", ["a"]), (b"a\n", ["a"]), (b"a\n\n", ["a", ""]), (b"\n", [""]),
    (b"a\r\nb\r\n", ["a", "b"]), (b"a\rb\n", ["a\rb"]), (b"a\r\r\n", ["a\r"]),
    ("a\u2028b\u2029c\x85d\x0ce\x0bf\x1cg\n".encode(), ["a\u2028b\u2029c\x85d\x0ce\x0bf\x1cg"]),
    (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
])
def test_lines_end_where_they_end(tmp_path: Path, data: bytes, wanted: list[str]) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    lines = Lines(path)
    assert list(lines) == wanted and lines.number == len(wanted)
    assert next(lines, None) is None


def test_what_was_tolerated_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\n")
    lines = Lines(path)
    assert list(lines.notes()) == []
    list(lines)
    assert [(f.kind, f.severity) for f in lines.notes()] == [("byte-order-mark", "note"),
                                                             ("crlf", "note")]


@pytest.mark.parametrize(("data", "message"), [
    (b"a\nb\xff\nc\n", r"t, line 2: not UTF-8 \(byte 0xff at position 2 of the line\)"),
    ("ab\n".encode("utf-16"), "t, line 1: UTF-16, not UTF-8"),
    (b"a\n" + b"x" * (2 << 20), "t, line 2: a line of more than 1048576 bytes"),
])
def test_what_is_no_text(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(DamagedCorpus, match=message):
        list(Lines(path))


def test_damage_survives_pickling() -> None:
    error = Finding("k", Place(Path("f"), 3), "wrong", "mend it", recording="r").damage()
    copy = pickle.loads(pickle.dumps(error))
    assert copy.finding == error.finding and str(copy) == "f, line 3: wrong; mend it"
    assert isinstance(copy, CorpusError)
    assert error.finding.to_dict()["line"] == 3


# --- scripts and languages -----------------------------------------------------------------------


@pytest.mark.parametrize(("text", "lang", "n"), [
    ("Größe, naïve – œuvre!", "de", 0), ("Привет", "ru", 0), ("Привет", "de", 6),
    ("こんにちは世界カナ", "ja", 0), ("世界", "zh-CN", 0), ("안녕", "ko", 0), ("안녕", "ja", 2),
    ("Hello", "zh", 5), ("नमस्ते", "hi", 0), ("srpski", "sr-Latn", 0), ("српски", "sr-Latn", 6),
    ("你好", "cmn_hans_cn", 0), ("123 !?", "ar", 0), ("مرحبا", "ar", 0), ("Łódź", "pl", 0),
])
def test_letters_of_another_script(text: str, lang: str, n: int) -> None:
    assert foreign(text, lang) == n


def test_scripts_do_not_overlap() -> None:
    import re

    patterns = {name: re.compile(f"[{ranges}]") for name, ranges in SCRIPTS.items()}
    for sample, name in (("a", "Latn"), ("ж", "Cyrl"), ("ω", "Grek"), ("字", "Hani"),
                         ("か", "Hira"), ("カ", "Kana"), ("한", "Hang"), ("ש", "Hebr"),
                         ("ع", "Arab"), ("ก", "Thai"), ("ა", "Geor"), ("ህ", "Ethi")):
        assert [n for n, p in patterns.items() if p.fullmatch(sample)] == [name]
    assert expected("ja") == ("Hira", "Kana", "Hani") and expected("xx") == ("Latn",)


def test_a_language_is_guessed_only_where_it_is_sure() -> None:
    german = ["Das ist nicht der Weg, und ich bin auch nicht die Frage."] * 3
    assert guess(german, "en") == "de" and guess(german, "de") is None
    assert guess(german[:1], "tlh") is None and guess(["Hola."], "de") is None
    assert guess(["Der the and of das"] * 10, "de") is None
    for one, words in COMMON.items():
        for other, others in COMMON.items():
            assert one == other or len(words & others) <= 3, (one, other)


# --- selection -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "message"), [
    ({"limit": 0}, r"dataset\.limit=0"), ({"ids": ()}, r"dataset\.ids=\[\]"),
    ({"split": "../x"}, r"dataset\.split"), ({"source_lang": "a/b"}, "source_lang"),
    ({"form": "long", "strip_silence": True}, "strip_silence"),
])
def test_a_selection_that_cannot_be(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Selection(**options)  # type: ignore[arg-type]


def test_options_of_the_selection_arrive_from_flat_ones() -> None:
    made = build_corpus(Choice("mustc", {"path": "x", "limit": 3, "ids": ["a"], "form": "long"}),
                        Registry(), source_lang="en", target_lang="de")
    assert isinstance(made, FileCorpus)
    assert made.selection == Selection(limit=3, ids=("a",), form="long", source_lang="en",
                                       target_lang="de")
    with pytest.raises(ConfigError, match=r"dataset\.limit: expected a whole number"):
        build_corpus(Choice("mustc", {"path": "x", "limit": "three"}), Registry())


def test_all_rows_are_read_for_what_they_tell_of_the_corpus() -> None:
    def rows() -> Iterator[Row | Finding]:
        for name in "abc":
            yield Row(name, name, Place(Path("f"), 1), "en", None)
            yield Finding("odd", None, "p", "r", recording=name)
        yield Finding("whole", None, "p", "r")
    found = list(chosen(rows(), Selection(limit=1)))
    assert [f.id if isinstance(f, Row) else f.kind for f in found] == ["a", "odd", "whole"]


# --- lists ---------------------------------------------------------------------------------------


def test_an_entry_in_one_line_and_by_the_parser_are_the_same(tmp_path: Path) -> None:
    fast = "- {duration: 3.5, offset: 16.080000, rW: 1, uW: 0, speaker_id: spk.1, wav: t_1.wav}\n"
    slow = fast.replace("t_1.wav", '"t_1.wav"')
    path = tmp_path / "l.yaml"
    path.write_text(fast + slow)
    one, two = entries(path)
    assert not isinstance(one, Finding) and not isinstance(two, Finding)
    assert (one.wav, one.offset_s, one.duration_s, one.speaker) == ("t_1.wav", 16.08, 3.5, "spk.1")
    assert (two.wav, two.offset_s, two.duration_s, two.speaker) == ("t_1.wav", 16.08, 3.5, "spk.1")
    assert (one.line, two.line, one.written_offset) == (1, 2, "16.080000")


# --- silence -------------------------------------------------------------------------------------


def test_speech_span() -> None:
    rate = 1000
    samples = np.zeros(2000, np.float32)
    samples[500:1200] = 0.5
    assert speech_span(samples, rate) == pytest.approx((0.4, 1.3))
    assert speech_span(np.zeros(2000, np.float32), rate) == (0.0, 2.0)
    assert speech_span(np.zeros(3, np.float32), rate) == (0.0, 0.003)


# --- any corpus ----------------------------------------------------------------------------------


class Plain(Corpus):
    def __init__(self, found: list[Recording], stop: Exception | None = None) -> None:
        self.found = found
        self.stop = stop

    def card(self) -> CorpusCard:
        return CorpusCard("plain", "CC0")

    def recordings(self) -> Iterator[Recording]:
        yield from self.found
        if self.stop is not None:
            raise self.stop


def recording(path: Path, identity: str = "r", end_s: float = 1.0, text: str = "eins",
              rate_hz: int = 16_000) -> Recording:
    segment = Segment("1", 0.0, end_s, "one", {"de": (text,)})
    return Recording(identity, AudioSource(path), "en", ("de",), (segment,),
                     sample_rate_hz=rate_hz)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    write_wav(tmp_path / "a.wav", np.zeros(16_000, np.float32), 16_000)
    return tmp_path / "a.wav"


def test_every_corpus_can_be_checked(wav: Path) -> None:
    text = Recording("t", TextSource(("a", "b")), "en", ("de",),
                     (Segment("1", 0.0, 0.0, "a b", {"de": ("c",)}),))
    assert list(Plain([recording(wav), text]).check()) == []
    assert [f.kind for f in Plain([]).check()] == ["no-segments"]
    for wrong, kind in ((recording(wav, end_s=2.0), "segment-past-end"),
                        (recording(wav, text=""), "empty-reference"),
                        (recording(wav, rate_hz=8_000), "sample-rate"),
                        (recording(wav.with_name("b.wav")), "missing-audio")):
        (found,) = Plain([wrong]).check()
        assert found.kind == kind and found.is_error and found.recording == "r"
    assert [f.kind for f in Plain([recording(wav), recording(wav)]).check()] == ["duplicate-id"]


def test_target_speech_is_checked_and_named(wav: Path) -> None:
    spoken = replace(recording(wav), reference_audio={"de": AudioSource(wav)})
    assert list(Plain([spoken]).check()) == []
    assert fingerprint([spoken]) != fingerprint([recording(wav)])
    gone = replace(spoken, reference_audio={"de": AudioSource(wav.with_name("gone.wav"))})
    (found,) = Plain([gone]).check()
    assert found.kind == "missing-audio" and "gone.wav" in found.problem
    late = replace(spoken, reference_audio={"de": AudioSource(wav, 0.5, 1.0)})
    assert [f.kind for f in Plain([late]).check()] == ["segment-past-end"]


def test_a_check_ends_where_reading_does(wav: Path) -> None:
    damage = Finding("bad-row", Place(wav, 7), "x", "y").damage()
    assert list(Plain([recording(wav)], damage).check()) == [damage.finding]
    (found,) = Plain([recording(wav)], CorpusError("half a file")).check()
    assert (found.kind, found.problem, found.is_error) == ("damaged", "half a file", True)
    with pytest.raises(ConfigError):
        list(Plain([], ConfigError("no such split")).check())


def test_the_fingerprint_knows_headers_and_not_folders(wav: Path, tmp_path: Path) -> None:
    name = fingerprint([recording(wav)])
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / "a.wav"
    write_wav(copy, np.ones(16_000, np.float32), 16_000)
    assert fingerprint([recording(copy)]) == name
    write_wav(copy, np.zeros(16_001, np.float32), 16_000)
    assert fingerprint([recording(copy)]) != name
    assert fingerprint([recording(copy)], headers=False) == fingerprint([recording(wav)],
                                                                        headers=False)
    copy.unlink()
    assert fingerprint([recording(copy)]) != name
