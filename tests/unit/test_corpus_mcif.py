"""MCIF: talks with times from a list or without, and damage told with file and line."""

from __future__ import annotations

import gzip
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
from s2st_bench.types import AudioSource

ONE, TWO = "AbCdEfGhIj", "KlMnOpQrSt"
REF, LIST = "MCIF.long.de.ref.xml", "segments.yaml"
Damage = Callable[[Path], object]


made = corpus_fixtures.made_once({"mcif": "."})
folder = corpus_fixtures.folder


def corpus(folder: Path, **params: Any) -> Corpus:
    options = {"path": folder, "segments": folder / LIST, "source_lang": "en",
               "target_lang": "de", "form": "long", **params}
    return build_corpus(Choice("mcif", options), Registry())


@pytest.mark.parametrize("lang", ["de", "zh"])
def test_talks_with_times(folder: Path, lang: str) -> None:
    first, second = corpus(folder, target_lang=lang).recordings()
    assert (first.id, second.id) == (ONE, TWO)
    assert [s.id for s in first.segments] == [f"{ONE}-{k}" for k in (1, 2, 3)]
    assert [s.references[lang][0] for s in second.segments] == [
        SENTENCES[lang][k] for k in (4, 5)]
    assert [s.transcript for s in second.segments] == [SENTENCES["en"][k] for k in (4, 5)]
    assert first.segments[0].start_s == pytest.approx(0.4)
    assert spoil.told(corpus(folder, target_lang=lang)) == set()


def test_single_segments(folder: Path) -> None:
    found = list(corpus(folder, form="short").recordings())
    assert [r.id for r in found] == [f"{ONE}-1", f"{ONE}-2", f"{ONE}-3", f"{TWO}-1", f"{TWO}-2"]
    assert [r.cluster for r in found] == [ONE] * 3 + [TWO] * 2
    source = found[0].source
    assert isinstance(source, AudioSource) and source.duration_s is not None
    whole, _ = soundfile.read(source.path, dtype="float32")
    heard = read_audio(source.path, source.offset_s, source.duration_s)
    assert np.array_equal(heard, whole[6400 : 6400 + int(source.duration_s * 16_000)])


def test_without_times_a_talk_is_one_segment(folder: Path) -> None:
    found = list(corpus(folder, segments=None).recordings())
    (segment,) = found[1].segments
    assert segment.references["de"] == (f"{SENTENCES['de'][4]} {SENTENCES['de'][5]}",)
    assert segment.end_s == soundfile.info(
        folder / "MCIF_DATA/LONG_AUDIOS" / f"{TWO}.wav").duration
    assert "mean nothing" in corpus(folder, segments=None).card().notice
    with pytest.raises(ConfigError, match="has no times"):
        corpus(folder, segments=None, form="short")


def test_languages_and_documents(folder: Path) -> None:
    with pytest.raises(ConfigError, match="has de, zh"):
        list(corpus(folder, target_lang="it").recordings())
    with pytest.raises(ConfigError, match="spoken in en"):
        corpus(folder, source_lang="de")
    with pytest.raises(CorpusError, match="MCIF….long"):
        list(corpus(folder / "MCIF_DATA").recordings())
    (folder / f"{TWO}.txt").write_text("A paper.")
    first, second = corpus(folder, documents=folder).recordings()
    assert (first.context.documents, second.context.documents) == ((), ("A paper.",))


def audio(folder: Path) -> Path:
    return folder / "MCIF_DATA" / "LONG_AUDIOS" / f"{ONE}.wav"


DAMAGE: list[tuple[Damage, str, str, int | None]] = [
    (lambda f: (f / LIST).unlink(), "missing-file", LIST, None),
    (lambda f: spoil.cut(f / REF), "not-xml", REF, None),
    (lambda f: (f / REF).write_text("<testset/>"), "no-segments", REF, None),
    (lambda f: (f / REF).write_bytes(b"\xff" + (f / REF).read_bytes()), "not-xml", REF, 1),
    (lambda f: spoil.line(f / REF, 2, '<!DOCTYPE x [<!ENTITY a "b">]><testset>'), "not-xml",
     REF, 2),
    (lambda f: spoil.line(f / REF, 11, None), "counts-differ", REF, 8),
    (lambda f: spoil.line(f / LIST, 2, None), "counts-differ", REF, 8),
    (lambda f: spoil.line(f / REF, 11, ""), "empty-reference", REF, 11),
    (lambda f: spoil.line(f / REF, 9, "<audio_path>../x.wav</audio_path>"), "bad-path", REF, 8),
    (lambda f: spoil.line(f / LIST, 2, f"- {{offset: x, duration: 1, wav: {ONE}.wav}}"),
     "bad-entry", LIST, 2),
    (lambda f: spoil.line(f / LIST, 2, f"- {{offset: 1.0, duration: 0.0, wav: {ONE}.wav}}"),
     "zero-duration", LIST, 2),
    (lambda f: spoil.line(f / LIST, 2, f"- {{offset: 100.0, duration: 1.0, wav: {ONE}.wav}}"),
     "segment-past-end", LIST, 2),
    (lambda f: spoil.line(f / LIST, 3, f"- {{offset: 0.1, duration: 1.0, wav: {ONE}.wav}}"),
     "out-of-order", LIST, 3),
    (lambda f: audio(f).unlink(), "missing-audio", LIST, 1),
    (lambda f: spoil.cut(audio(f)), "damaged-audio", LIST, 1),
]


@pytest.mark.parametrize(("damage", "kind", "file", "line"), DAMAGE)
def test_damage_is_told(
    folder: Path, damage: Damage, kind: str, file: str, line: int | None
) -> None:
    damage(folder)
    found = spoil.told(corpus(folder))
    if line is None:
        assert (kind, file) in {(k, name) for k, name, _ in found}
    else:
        assert (kind, file, line) in found
    with pytest.raises(CorpusError, match=file):
        list(corpus(folder).recordings())


def test_damaged_archives_are_told(folder: Path) -> None:
    path = folder / "MCIF.long.zh.ref.xml.gz"
    spoil.cut(path)
    assert ("unreadable-file", path.name, None) in spoil.told(corpus(folder, target_lang="zh"))
    path.write_bytes(b"no archive")
    assert ("unreadable-file", path.name, None) in spoil.told(corpus(folder, target_lang="zh"))


def test_a_damaged_talk_can_be_left_out(folder: Path) -> None:
    spoil.line(folder / LIST, 2, None)
    chosen = corpus(folder, skip_damaged=True)
    assert [r.id for r in chosen.recordings()] == [TWO]
    assert list(chosen.left_out()) == [ONE]


def test_harmless_oddities_pass(folder: Path) -> None:
    path = folder / REF
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    spoil.line(folder / LIST, 2, lambda row: f"{row}  # checked")
    assert spoil.told(corpus(folder)) == set()
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    (folder / f"{REF}.gz").write_bytes(packed)
    assert len(list(corpus(folder).recordings())) == 2
