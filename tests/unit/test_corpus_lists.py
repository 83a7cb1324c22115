"""SimulEval's lists and fairseq's manifests: what lies there is read, what is damaged is told."""

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
from s2st_bench.types import AudioSource, Recording, TextSource

PAIR = {"source_lang": "en", "target_lang": "de"}
NUMBERS = (0, 3, 5)
Damage = Callable[[Path], object]


made = corpus_fixtures.made_once({"simuleval": "se", "fairseq": "fs"})
folder = corpus_fixtures.folder


def corpus(name: str, **params: Any) -> Corpus:
    return build_corpus(Choice(name, {**PAIR, **params}), Registry())


def lists(folder: Path, **params: Any) -> Corpus:
    there = folder / "se"
    return corpus("simuleval", **{"source": there / "source.txt", "target": there / "target.txt",
                                  "transcripts": there / "transcripts.txt", **params})


def manifest(folder: Path, name: str = "test", **params: Any) -> Corpus:
    return corpus("fairseq", path=folder / "fs" / f"{name}.tsv", **params)


def samples(recording: Recording) -> Any:
    source = recording.source
    assert isinstance(source, AudioSource)
    return read_audio(source.path, source.offset_s, source.duration_s)


def written(path: Path) -> Any:
    return soundfile.read(path, dtype="float32")[0]


# --- SimulEval ----------------------------------------------------------------------------------


def test_lists_give_indices_texts_and_audio_in_order(folder: Path) -> None:
    found = list(lists(folder).recordings())
    assert [r.id for r in found] == ["0", "1", "2"]
    for k, recording in enumerate(found):
        (segment,) = recording.segments
        audio = written(folder / "se" / "wavs" / f"{k}.wav")
        assert segment.references == {"de": (SENTENCES["de"][NUMBERS[k]],)}
        assert segment.transcript == SENTENCES["en"][NUMBERS[k]]
        assert (segment.start_s, segment.end_s) == (0.0, len(audio) / 16_000)
        assert np.array_equal(samples(recording), audio)
    assert spoil.told(lists(folder)) == set() == spoil.told(lists(folder), "note")


def test_text_lists(folder: Path) -> None:
    there = folder / "se"
    found = list(lists(folder, source=there / "transcripts.txt", transcripts=None,
                       source_type="text").recordings())
    assert found[1].source == TextSource(("Thank", "you", "very", "much."))
    assert found[1].segments[0].references == {"de": ("Vielen herzlichen Dank.",)}


def test_lines_in_another_language_are_passed_over(folder: Path) -> None:
    (folder / "langs.txt").write_text("de\nes\nde\n")
    found = lists(folder, target_langs=folder / "langs.txt").recordings()
    assert [r.id for r in found] == ["0", "2"]


def test_several_references(folder: Path) -> None:
    target = folder / "se" / "target.txt"
    found = list(lists(folder, target=[target, target]).recordings())
    assert found[0].segments[0].references == {"de": (SENTENCES["de"][0],) * 2}


def test_absolute_paths(folder: Path) -> None:
    there = folder / "se"
    (folder / "other.txt").write_text("".join(f"{there}/wavs/{k}.wav\n" for k in range(3)))
    found = list(lists(folder, source=folder / "other.txt").recordings())
    assert np.array_equal(samples(found[2]), written(there / "wavs" / "2.wav"))


@pytest.mark.parametrize(("options", "says"), [
    ({"source_lang": None}, "source_lang is not given"),
    ({"target_lang": None}, "target_lang is not given"),
    ({"form": "long"}, "dataset=manifest"),
    ({"source_type": "text", "strip_silence": True}, "strip_silence"),
    ({"source_type": "text"}, "its own transcript"),
])
def test_options_that_do_not_fit_are_refused(
    folder: Path, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        lists(folder, **options)


SIMULEVAL: list[tuple[Damage, str, str, int | None]] = [
    (lambda p: (p / "source.txt").unlink(), "missing-file", "source.txt", None),
    (lambda p: (p / "target.txt").unlink(), "missing-file", "target.txt", None),
    (lambda p: (p / "wavs/1.wav").unlink(), "missing-audio", "source.txt", 2),
    (lambda p: spoil.cut(p / "wavs/1.wav"), "damaged-audio", "source.txt", 2),
    (lambda p: (p / "wavs/2.wav").write_bytes(b""), "damaged-audio", "source.txt", 3),
    (lambda p: soundfile.write(p / "wavs/0.wav", np.zeros(0), 16_000), "empty-audio",
     "source.txt", 1),
    (lambda p: spoil.line(p / "source.txt", 2, ""), "bad-entry", "source.txt", 2),
    (lambda p: spoil.line(p / "source.txt", 2, "wavs/\x00.wav"), "bad-entry", "source.txt", 2),
    (lambda p: spoil.line(p / "source.txt", 2, "x" * 5000), "missing-audio", "source.txt", 2),
    (lambda p: spoil.line(p / "target.txt", 2, ""), "empty-reference", "target.txt", 2),
    (lambda p: spoil.line(p / "target.txt", 3, None), "counts-differ", "source.txt", 3),
    (lambda p: spoil.line(p / "source.txt", 3, None), "counts-differ", "target.txt", 3),
    (lambda p: spoil.line(p / "target.txt", 2, "Dank\x07"), "control-character", "target.txt", 2),
    (lambda p: spoil.line(p / "target.txt", 1, "Мы слушаем друг друга."), "wrong-script",
     "target.txt", 1),
    (lambda p: (p / "target.txt").write_bytes("Grüße\n".encode("latin-1") * 3), "not-utf8",
     "target.txt", 1),
    (lambda p: shutil.copy(p / "transcripts.txt", p / "target.txt"), "not-translated",
     "target.txt", None),
    (lambda p: (p / "source.txt").write_text(""), "counts-differ", "target.txt", 1),
]


@pytest.mark.parametrize(("damage", "kind", "file", "line"), SIMULEVAL)
def test_damaged_lists_are_told(
    folder: Path, damage: Damage, kind: str, file: str, line: int | None
) -> None:
    damage(folder / "se")
    assert (kind, file, line) in spoil.told(lists(folder))
    with pytest.raises(CorpusError, match=file):
        list(lists(folder).recordings())


@pytest.mark.parametrize(("damage", "kind"), [
    (lambda p: (p / "target.txt").write_bytes(b"\xef\xbb\xbf" + (p / "target.txt").read_bytes()),
     "byte-order-mark"),
    (lambda p: (p / "source.txt").write_bytes((p / "source.txt").read_bytes().replace(
        b"\n", b"\r\n")), "crlf"),
    (lambda p: (p / "target.txt").write_bytes((p / "target.txt").read_bytes() + b"\n\n"),
     "blank-lines"),
    (lambda p: spoil.line(p / "target.txt", 2, "Vielen\u2028Dank.\x85"), "line-separator"),
])
def test_harmless_oddities_of_lists_pass(folder: Path, damage: Damage, kind: str) -> None:
    damage(folder / "se")
    assert spoil.told(lists(folder)) == set()
    assert kind in {found[0] for found in spoil.told(lists(folder), "note")}
    assert [r.id for r in lists(folder).recordings()] == ["0", "1", "2"]


def test_damaged_lines_can_be_left_out(folder: Path) -> None:
    (folder / "se/wavs/1.wav").unlink()
    chosen = lists(folder, skip_damaged=True)
    assert [r.id for r in chosen.recordings()] == ["0", "2"]
    assert list(chosen.left_out()) == ["1"]


# --- fairseq ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["test", "slices", "zip", "s2st"])
def test_every_kind_of_address_gives_the_same_samples(folder: Path, name: str) -> None:
    found = list(manifest(folder, name).recordings())
    assert [r.id for r in found] == ["utt_0", "utt_1", "utt_2"]
    for k, recording in enumerate(found):
        (segment,) = recording.segments
        audio = written(folder / "fs" / "wav" / f"{k}.wav")
        assert segment.references == {"de": (SENTENCES["de"][NUMBERS[k]],)}
        assert segment.transcript == SENTENCES["en"][NUMBERS[k]]
        assert np.array_equal(samples(recording), audio)
        assert segment.end_s == pytest.approx(len(audio) / 16_000, abs=1e-12)
    assert spoil.told(manifest(folder, name)) == set()


def test_slices_make_a_talk(folder: Path) -> None:
    (found,) = manifest(folder, "slices", form="long").recordings()
    assert (found.id, found.cluster, found.long_form) == ("talk", "talk", True)
    assert [s.start_s for s in found.segments] == pytest.approx([0.4, 2.8, 4.34])
    with pytest.raises(ConfigError, match="whole files"):
        list(manifest(folder, form="long").recordings())


def test_reference_speech_is_a_path_and_units_are_not(folder: Path) -> None:
    first, second, _ = manifest(folder, "s2st").recordings()
    assert first.reference_audio == {}
    assert second.reference_audio == {"de": AudioSource(folder / "fs/tgt/1.wav")}


def test_a_folder_of_splits_and_rows_without_ids(folder: Path) -> None:
    there = folder / "fs"
    (there / "dev.tsv").write_text("audio\ttgt_text\nwav/2.wav\tDanke.\nwav/0.wav\tHallo.\n")
    found = list(corpus("fairseq", path=there, split="dev").recordings())
    assert [(r.id, r.segments[0].references["de"][0]) for r in found] == [
        ("0", "Danke."), ("1", "Hallo.")]


def test_speakers_and_rows_of_other_languages(folder: Path) -> None:
    spoil.line(folder / "fs/test.tsv", 3, lambda row: row[:-2] + "es")
    chosen = manifest(folder, cluster="speaker")
    assert [r.id for r in chosen.recordings()] == ["utt_0", "utt_2"]
    assert {r.cluster for r in chosen.recordings()} == {"spk"}
    assert chosen.card().cluster == "speaker"


def test_texts_as_pandas_wrote_them(folder: Path) -> None:
    spoil.swap(folder / "fs/test.tsv", "Vielen herzlichen Dank.", 'Er sagte \\"Danke\\".')
    assert ("escaped", "test.tsv", 3) in spoil.told(manifest(folder), "note")
    found = list(manifest(folder, unescape=True).recordings())
    assert found[1].segments[0].references["de"] == ('Er sagte "Danke".',)


def feature_frames(folder: Path) -> None:
    spoil.swap(folder / "test.tsv", "wav/1.wav\t18240", "wav/1.wav\t112")


FAIRSEQ: list[tuple[str, Damage, str, int | None]] = [
    ("test", lambda p: (p / "test.tsv").unlink(), "missing-file", None),
    ("test", lambda p: spoil.line(p / "test.tsv", 1, None), "bad-header", 1),
    ("test", lambda p: spoil.swap(p / "test.tsv", "tgt_text", "text"), "bad-header", 1),
    ("test", lambda p: spoil.swap(p / "test.tsv", "speaker", "audio"), "bad-header", 1),
    ("test", lambda p: spoil.line(p / "test.tsv", 3, lambda row: row + "\tmore"), "bad-entry", 3),
    ("test", lambda p: spoil.line(p / "test.tsv", 3, "utt_1"), "bad-entry", 3),
    ("test", lambda p: spoil.swap(p / "test.tsv", "wav/1.wav\t18240", "wav/1.wav\tNaN"),
     "bad-entry", 3),
    ("test", lambda p: spoil.swap(p / "test.tsv", "wav/1.wav", ""), "bad-entry", 3),
    ("test", lambda p: spoil.swap(p / "test.tsv", "wav/1.wav", "x" * 5000 + ".wav:1:2"),
     "missing-audio", 3),
    ("test", feature_frames, "audio-length", 3),
    ("test", lambda p: (p / "wav/1.wav").unlink(), "missing-audio", 3),
    ("test", lambda p: spoil.cut(p / "wav/1.wav"), "damaged-audio", 3),
    ("test", lambda p: spoil.swap(p / "test.tsv", "utt_1", "utt_0"), "duplicate-id", 3),
    ("test", lambda p: spoil.swap(p / "test.tsv", "Vielen herzlichen Dank.", ""),
     "empty-reference", 3),
    ("slices", lambda p: spoil.swap(p / "slices.tsv", ":44800:18240", ":44800:x"), "bad-entry", 3),
    ("slices", lambda p: spoil.swap(p / "slices.tsv", ":44800:18240", ":44800:0"), "bad-entry", 3),
    ("slices", lambda p: spoil.swap(p / "slices.tsv", ":44800:18240", ":44800:18000"),
     "audio-length", 3),
    ("slices", lambda p: spoil.swap(p / "slices.tsv", ":44800:18240", ":94800:18240"),
     "segment-past-end", 3),
    ("slices", lambda p: (p / "talk.wav").unlink(), "missing-audio", 2),
    ("zip", lambda p: (p / "wav.zip").unlink(), "missing-audio", 2),
    ("zip", lambda p: spoil.cut(p / "wav.zip", 0.3), "damaged-audio", 3),
    ("zip", lambda p: spoil.swap(p / "zip.tsv", "wav.zip:64114:", "wav.zip:64120:"),
     "damaged-audio", 3),
    ("zip", lambda p: spoil.swap(p / "zip.tsv", "wav.zip:64114:", "wav.tar:64114:"),
     "bad-entry", 3),
    ("s2st", lambda p: (p / "wav/2.wav").write_bytes(b"RIFF"), "damaged-audio", 4),
]


@pytest.mark.parametrize(("name", "damage", "kind", "line"), FAIRSEQ)
def test_damaged_manifests_are_told(
    folder: Path, name: str, damage: Damage, kind: str, line: int | None
) -> None:
    damage(folder / "fs")
    assert (kind, f"{name}.tsv", line) in spoil.told(manifest(folder, name))
    with pytest.raises(CorpusError, match=f"{name}.tsv"):
        list(manifest(folder, name).recordings())


def test_feature_frames_are_not_samples(folder: Path) -> None:
    feature_frames(folder / "fs")
    assert spoil.told(manifest(folder, n_frames="features")) == set()


def test_features_are_not_audio(folder: Path) -> None:
    there = folder / "fs"
    data = (there / "wav.zip").read_bytes()
    (there / "wav.zip").write_bytes(data[:35] + b"\x93NUMPY" + data[41:])
    with pytest.raises(CorpusError, match=r"features \(\.npy\), not audio"):
        list(manifest(folder, "zip").recordings())


def test_harmless_oddities_of_manifests_pass(folder: Path) -> None:
    path = folder / "fs" / "test.tsv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\n")
    spoil.swap(path, "Vielen herzlichen Dank.", "Vielen\u2028Dank\u0085.")
    assert spoil.told(manifest(folder)) == set()
    assert {found[0] for found in spoil.told(manifest(folder), "note")} == {
        "byte-order-mark", "crlf", "blank-lines", "line-separator"}
    assert len(list(manifest(folder).recordings())) == 3
