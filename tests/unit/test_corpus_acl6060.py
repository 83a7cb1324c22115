"""ACL 60/60: gold sentences, their times found again, and damage told with file and line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import corpus_fixtures
import spoil
from s2st_bench.audio import read_audio
from s2st_bench.build import build_corpus
from s2st_bench.config import Choice
from s2st_bench.corpora.fixtures import SENTENCES
from s2st_bench.corpus import Corpus
from s2st_bench.errors import ConfigError, CorpusError
from s2st_bench.registry import Registry
from s2st_bench.types import AudioSource, Recording

NUMBERS = (0, 1, 2, 4, 5, 3)
TALKS = ("2022.acl-long.268", "2022.acl-long.110")
Damage = Callable[[Path], object]
EN, DE = "ACL.6060.dev.en-xx.en", "ACL.6060.dev.en-xx.de"


made = corpus_fixtures.made_once({"acl6060": "."})
folder = corpus_fixtures.folder


def split(folder: Path) -> Path:
    return folder / "2" / "acl_6060" / "dev"


def corpus(folder: Path, **params: Any) -> Corpus:
    options = {"path": folder, "split": "dev", "source_lang": "en", "target_lang": "de", **params}
    return build_corpus(Choice("acl6060", options), Registry())


def samples(recording: Recording, start_s: float = 0.0, end_s: float | None = None) -> Any:
    source = recording.source
    assert isinstance(source, AudioSource)
    length = source.duration_s if end_s is None else end_s - start_s
    return read_audio(source.path, source.offset_s + start_s, length)


def gold(folder: Path, number: int) -> Any:
    path = split(folder) / "segmented_wavs" / "gold" / f"sent_{number}.wav"
    return soundfile.read(path, dtype="float32")[0]


@pytest.mark.parametrize("texts", ["txt", "xml"])
def test_gold_sentences(folder: Path, texts: str) -> None:
    found = list(corpus(folder, texts=texts).recordings())
    assert [r.id for r in found] == [f"sent_{k}" for k in range(1, 7)]
    assert [r.cluster for r in found] == [TALKS[0]] * 3 + [TALKS[1]] * 3
    for k, recording in enumerate(found):
        (segment,) = recording.segments
        assert segment.transcript == SENTENCES["en"][NUMBERS[k]]
        assert segment.references == {"de": (SENTENCES["de"][NUMBERS[k]],)}
        assert np.array_equal(samples(recording), gold(folder, k + 1))
        assert segment.end_s == len(gold(folder, k + 1)) / 16_000
    assert spoil.told(corpus(folder, texts=texts)) == set()


@pytest.mark.parametrize("has_xml", [True, False])
def test_times_are_found_again(folder: Path, has_xml: bool) -> None:
    if not has_xml:
        shutil.rmtree(split(folder) / "text" / "xml")
    found = list(corpus(folder, form="long").recordings())
    assert [r.id for r in found] == list(TALKS)
    number = 0
    for recording in found:
        for segment in recording.segments:
            number += 1
            assert segment.id == f"sent_{number}"
            heard = samples(recording, segment.start_s, segment.end_s)
            assert np.array_equal(heard, gold(folder, number)[: len(heard)])
            assert abs(len(heard) - len(gold(folder, number))) <= 1  # end minus start rounds
    first, second = found[0].segments[:2]
    assert second.start_s < first.end_s  # gold sentences overlap
    assert spoil.told(corpus(folder, form="long")) == set()


def test_times_from_a_list(folder: Path) -> None:
    given = split(folder) / "acl6060.yaml"
    matched, listed = (list(corpus(folder, form="long", segments=where).recordings())
                       for where in (None, given))
    for one, other in zip(matched, listed, strict=True):
        assert [s.start_s for s in one.segments] == pytest.approx(
            [s.start_s for s in other.segments], abs=1e-6)
    short = list(corpus(folder, segments=given).recordings())
    assert short[3].id == f"{TALKS[1]}-1"
    assert np.array_equal(samples(short[3]), gold(folder, 4))


def test_the_split_without_a_translation_of_its_own_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="has de, ja"):
        list(corpus(folder, target_lang="fr").recordings())
    with pytest.raises(ConfigError, match="has dev, eval"):
        list(corpus(folder, split="test").recordings())
    with pytest.raises(CorpusError, match="acl_6060"):
        list(corpus(folder / "2" / "acl_6060" / "dev" / "text").recordings())
    with pytest.raises(ConfigError, match="spoken in en"):
        corpus(folder, source_lang="de")


def test_documents_reach_the_system_and_nothing_else_does(folder: Path) -> None:
    papers = folder / "papers"
    papers.mkdir()
    (papers / f"{TALKS[1]}.txt").write_text("We measure.")
    first, second = corpus(folder, form="long", documents=papers).recordings()
    assert (first.context.documents, second.context.documents) == ((), ("We measure.",))
    short = list(corpus(folder, documents=papers).recordings())
    assert [bool(r.context.documents) for r in short] == [False] * 3 + [True] * 3
    with pytest.raises(ConfigError, match="no such folder"):
        list(corpus(folder, documents=folder / "none").recordings())


def txt(p: Path, name: str) -> Path:
    return p / "text" / "txt" / f"{name}.txt"


def no_sentence(p: Path) -> None:
    (p / "segmented_wavs/gold/sent_3.wav").unlink()


SHORT: list[tuple[Damage, str, str, int | None]] = [
    (lambda p: txt(p, EN).unlink(), "missing-file", f"{EN}.txt", None),
    (no_sentence, "missing-audio", f"{EN}.txt", 3),
    (lambda p: spoil.cut(p / "segmented_wavs/gold/sent_2.wav"), "damaged-audio", f"{EN}.txt", 2),
    (lambda p: spoil.line(txt(p, DE), 2, ""), "empty-reference", f"{DE}.txt", 2),
    (lambda p: spoil.line(txt(p, DE), 6, None), "counts-differ", f"{EN}.txt", 6),
    (lambda p: spoil.line(txt(p, EN), 6, None), "counts-differ", f"{DE}.txt", 6),
    (lambda p: (p / "segmented_wavs/gold/sent_7.wav").write_bytes(b""), "counts-differ",
     f"{EN}.txt", 7),
    (lambda p: spoil.line(p / "text/xml" / f"{EN}.xml", 6, None), "counts-differ", f"{EN}.xml", 6),
    (lambda p: spoil.line(txt(p, DE), 4, "Wir\x08"), "control-character", f"{DE}.txt", 4),
    (lambda p: txt(p, DE).write_bytes("Grüße\n".encode("utf-16")), "not-utf8", f"{DE}.txt", 1),
    (lambda p: shutil.copy(txt(p, "ACL.6060.dev.en-xx.ja"), txt(p, DE)), "wrong-language",
     f"{DE}.txt", None),
    (lambda p: shutil.copy(txt(p, EN), txt(p, DE)), "not-translated", f"{DE}.txt", None),
    (lambda p: spoil.swap(p / "text/xml" / f"{EN}.xml", TALKS[0], "../x"), "bad-path",
     f"{EN}.xml", 4),
]


@pytest.mark.parametrize(("damage", "kind", "file", "line"), SHORT)
def test_damage_of_sentences_is_told(
    folder: Path, damage: Damage, kind: str, file: str, line: int | None
) -> None:
    damage(split(folder))
    assert (kind, file, line) in spoil.told(corpus(folder))
    with pytest.raises(CorpusError, match=file):
        list(corpus(folder).recordings())


def shifted(p: Path) -> None:
    path = p / "segmented_wavs/gold/sent_2.wav"
    data, rate = soundfile.read(path, dtype="int16")
    soundfile.write(path, data + 1, rate)


def slow(p: Path) -> None:
    data, _ = soundfile.read(p / "segmented_wavs/gold/sent_2.wav", dtype="int16")
    soundfile.write(p / "segmented_wavs/gold/sent_2.wav", data, 8_000)


LONG: list[tuple[Damage, str, str, int | None]] = [
    (lambda p: (p / f"full_wavs/{TALKS[1]}.wav").unlink(), "missing-audio", f"{EN}.txt", 4),
    (lambda p: spoil.cut(p / f"full_wavs/{TALKS[0]}.wav"), "damaged-audio", f"{EN}.txt", 1),
    (shifted, "not-in-talk", f"{EN}.txt", 2),
    (slow, "sample-rate", f"{EN}.txt", 2),
    (no_sentence, "missing-audio", f"{EN}.txt", 3),
]


@pytest.mark.parametrize(("damage", "kind", "file", "line"), LONG)
def test_damage_of_talks_is_told(
    folder: Path, damage: Damage, kind: str, file: str, line: int | None
) -> None:
    damage(split(folder))
    assert (kind, file, line) in spoil.told(corpus(folder, form="long"))
    with pytest.raises(CorpusError, match=file):
        list(corpus(folder, form="long").recordings())


def test_a_damaged_talk_can_be_left_out(folder: Path) -> None:
    shifted(split(folder))
    chosen = corpus(folder, form="long", skip_damaged=True)
    assert [r.id for r in chosen.recordings()] == [TALKS[1]]
    assert list(chosen.left_out()) == [TALKS[0]]


@pytest.mark.parametrize("damage", [
    lambda p: spoil.line(p, 5, lambda row: row.replace("</seg>", "")),
    lambda p: spoil.line(p, 7, '<seg id="3">Why do we'),
])
def test_an_open_seg_is_told(folder: Path, damage: Damage) -> None:
    path = split(folder) / "text" / "xml" / f"{DE}.xml"
    damage(path)
    kinds = {(kind, file) for kind, file, _ in spoil.told(corpus(folder, texts="xml"))}
    assert ("bad-entry", path.name) in kinds


def test_harmless_oddities_pass(folder: Path) -> None:
    there = split(folder)
    path = there / "text" / "xml" / f"{DE}.xml"
    spoil.swap(path, "Vielen herzlichen Dank.", "Danke & Grüße &lt;3 &amp; mehr.")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    (there / "FILE_ORDER").unlink()
    found = list(corpus(folder, texts="xml").recordings())
    assert found[5].segments[0].references["de"] == ("Danke & Grüße <3 & mehr.",)
    assert spoil.told(corpus(folder, texts="xml")) == set()
    assert {kind for kind, *_ in spoil.told(corpus(folder, texts="xml"), "note")} == {
        "byte-order-mark", "crlf"}
    text = txt(there, DE)
    text.write_bytes(text.read_bytes() + b"\n\n")
    assert spoil.told(corpus(folder)) == set()
