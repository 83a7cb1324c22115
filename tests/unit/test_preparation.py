"""Making what a corpus needs: splits of CoVoST as pandas makes them, archives, interrupts."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus_damage import corpus
from s2st_bench.corpora.archives import unpack
from s2st_bench.corpora.preparation import Step, prepared, written
from s2st_bench.datasets.covost2.preparing import make_splits
from s2st_bench.errors import CorpusError, DamagedCorpus

VALIDATED = "\n".join("\t".join(row) for row in [
    ("client_id", "path", "sentence", "up_votes", "down_votes", "age", "gender", "accent"),
    ("s1", "c3.mp3", 'Un "mot" sans fin', "2", "0", "", "", ""),
    ("s2", "c1.mp3", r"Une barre \\ oblique", "2", "0", "", "", ""),
    ("s1", "c9.mp3", "Sans traduction", "2", "0", "", "", ""),
    ("s3", "c2.mp3", '"Il ne ferme pas', "2", "0", "", "", ""),
    ("s3", "c4.mp3", "NA", "2", "0", "", "", ""),
    ("s4", "c5.mp3", "Deux fois", "2", "0", "", "", ""),
    ("s4", "c6.mp3", "Hors jeu", "2", "0", "", "", ""),
]) + "\n"
TRANSLATIONS = "\n".join("\t".join(row) for row in [
    ("path", "translation", "split"),
    ("c1.mp3", r"A back\\slash", "test"), ("c2.mp3", r'"It does \"not\" close', "train_covost"),
    ("c3.mp3", "An unended 'word'", "train"), ("c4.mp3", "null", "dev"),
    ("c5.mp3", "Twice", "test"), ("c6.mp3", "Out", "test_covost"), ("c7.mp3", "No clip", "dev"),
]) + "\n"


def silent(done: int, total: int | None) -> None:
    pass


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "validated.tsv").write_text(VALIDATED, "utf-8")
    (tmp_path / "covost_v2.fr_en.tsv").write_text(TRANSLATIONS, "utf-8")
    return tmp_path


def lists(folder: Path) -> dict[str, Path]:
    return {s: folder / f"covost_v2.fr_en.{s}.tsv" for s in ("train", "dev", "test")}


def split(folder: Path) -> str:
    return make_splits(folder / "validated.tsv", folder / "covost_v2.fr_en.tsv", lists(folder),
                       silent)


def test_splits_are_those_of_pandas(tables: Path) -> None:
    pandas = pytest.importorskip("pandas")
    said = split(tables)
    assert said.startswith("2 train, 1 dev, 2 test; 1 of 7 translations have no clip in ")

    # the published procedure: an inner join on the path, in the order of validated.tsv
    def read(name: str) -> Any:
        return pandas.read_csv(tables / name, sep="\t", quoting=csv.QUOTE_NONE, escapechar="\\",
                               na_filter=False)
    joined = pandas.merge(read("validated.tsv"), read("covost_v2.fr_en.tsv"), on="path")
    for name, path in lists(tables).items():
        labels = ["train", "train_covost"] if name == "train" else [name]
        rows = joined[joined.split.isin(labels)][["path", "sentence", "translation", "client_id"]]
        expected = rows.to_csv(sep="\t", index=False, quoting=csv.QUOTE_NONE, escapechar="\\")
        # pandas 2.2 and later escape quotes, those before do not: both read the same
        assert path.read_bytes().decode() == expected.replace('\\"', '"')
        again = read(path.name)
        assert again.to_csv() == rows.reset_index(drop=True).to_csv()
    assert "c2.mp3" in lists(tables)["train"].read_text("utf-8")


def test_interrupted_and_started_again_gives_the_same_files(tables: Path) -> None:
    split(tables)
    whole = {path.name: path.read_bytes() for path in tables.iterdir()}
    for path in lists(tables).values():
        path.unlink()
    big = (tables / "validated.tsv").read_text("utf-8") + "s\tx.mp3\tx\t2\t0\t\t\t\n" * 5000
    (tables / "validated.tsv").write_text(big, "utf-8")
    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        make_splits(tables / "validated.tsv", tables / "covost_v2.fr_en.tsv", lists(tables), stop)
    # nothing half-made is there, under no name that a reader takes
    assert sorted(p.name for p in tables.iterdir()) == ["covost_v2.fr_en.tsv", "validated.tsv"]
    # a process that was killed leaves more
    (tables / ".covost_v2.fr_en.dev.tsv.part").write_bytes(b"path\tsent")
    split(tables)
    assert {p.name: p.read_bytes() for p in lists(tables).values()} == {
        p.name: whole[p.name] for p in lists(tables).values()}


def test_a_damaged_table_makes_no_splits(tables: Path) -> None:
    (tables / "validated.tsv").write_text(VALIDATED + "s\tx.mp3\n", "utf-8")
    with pytest.raises(DamagedCorpus, match=r"validated.tsv(:9|, line 9): 2 columns instead of 8"):
        split(tables)
    assert not any(path.exists() for path in lists(tables).values())


# --- archives ------------------------------------------------------------------------------------


def archive(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


WAVS = {f"test/{k}.wav": bytes([k]) * 5000 for k in range(5)}


def test_unpacking_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    packed = archive(tmp_path / "test.tar.gz", {**WAVS, "dev/1.wav": b"x"})
    calls = 0
    def stop(done: int, total: int | None) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        unpack(packed, tmp_path / "test", stop, member="test")
    assert not (tmp_path / "test").exists()
    kept = tmp_path / ".test.unpacking" / "0.wav"
    before = kept.stat().st_mtime_ns
    said = unpack(packed, tmp_path / "test", silent, member="test")
    assert said == f"{tmp_path / 'test'}: 5 files"
    assert (tmp_path / "test" / "0.wav").stat().st_mtime_ns == before
    assert {f"test/{p.name}": p.read_bytes() for p in (tmp_path / "test").iterdir()} == WAVS
    assert not (tmp_path / ".test.unpacking").exists()


def test_a_single_file_and_a_whole_archive(tmp_path: Path) -> None:
    packed = archive(tmp_path / "t.tar.gz", {"./a.tsv": b"a", "b/c.wav": b"c"})
    unpack(packed, tmp_path / "a.tsv", silent, member="a.tsv")
    unpack(packed, tmp_path / "all", silent)
    assert (tmp_path / "a.tsv").read_bytes() == b"a"
    assert (tmp_path / "all/a.tsv").read_bytes() == b"a"
    assert (tmp_path / "all/b/c.wav").read_bytes() == b"c"


def test_hostile_archives(tmp_path: Path) -> None:
    def hostile() -> Iterator[tuple[str, bytes, str]]:
        whole = archive(tmp_path / "w.tar.gz", WAVS).read_bytes()
        yield "cut", whole[: len(whole) // 2], "not a whole tar archive"
        yield "none", b"<html>Access denied</html>", "not a whole tar archive"
        yield "empty", b"", "not a whole tar archive"
        yield "gz", gzip.compress(b"x" * 3000), "not a whole tar archive"
        yield "out", archive(tmp_path / "o.tar.gz", {
            "../test/a": b"x", "/test/b": b"x"}).read_bytes(), "holds no test"
    for name, data, message in hostile():
        (tmp_path / f"{name}.tar.gz").write_bytes(data)
        with pytest.raises(DamagedCorpus, match=message):
            unpack(tmp_path / f"{name}.tar.gz", tmp_path / name / "test", silent, member="test")
        assert not (tmp_path / name / "test").exists()
    assert not (tmp_path / "test").exists()


# --- steps ---------------------------------------------------------------------------------------


def test_steps_are_made_told_or_wait(tmp_path: Path) -> None:
    def make(path: Path) -> str:
        with written(path) as file:
            file.write(b"made")
        return "one file"
    steps = [
        Step("get", (tmp_path / "got",), by_hand="Download it. Licence: CC0."),
        Step("first", (tmp_path / "a",), make=lambda report: make(tmp_path / "a")),
        Step("second", (tmp_path / "b",), (tmp_path / "a",), lambda report: make(tmp_path / "b")),
        Step("third", (tmp_path / "c",), (tmp_path / "got",), lambda report: make(tmp_path / "c")),
    ]
    def states() -> list[str]:
        return [outcome.state for outcome in prepared(steps, lambda *_: None)]
    assert states() == ["by hand", "made", "made", "waits"]
    (tmp_path / "got").touch()
    assert states() == ["done", "done", "done", "made"]


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CorpusError, match="cannot be written"), written(tmp_path / "file/x"):
        raise AssertionError("not reached")
    with pytest.raises(ZeroDivisionError), written(tmp_path / "x") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_cvss_and_fleurs_unpack_what_they_are_distributed_in(tmp_path: Path) -> None:
    audio = archive(tmp_path / "fr_fr/audio/test.tar.gz", WAVS)
    archive(tmp_path / "en_us/audio/test.tar.gz", WAVS)
    options = {"path": tmp_path, "source_lang": "fr_fr", "target_lang": "en_us"}
    outcomes = list(prepared(corpus("fleurs", options).preparation(), lambda *_: None))
    assert [outcome.state for outcome in outcomes] == ["by hand", "made"] * 2
    assert "CC BY 4.0" in outcomes[0].said
    assert sorted(p.name for p in (audio.parent / "test").iterdir())[0] == "0.wav"

    (tmp_path / "clips").mkdir()
    archive(tmp_path / "cvss_t_sv_en_v1.0.tar.gz", {"test.tsv": b"c.mp3\tx\n", **WAVS})
    options = {"path": tmp_path, "clips": tmp_path / "clips", "voice": "T", "source_lang": "sv-SE"}
    steps = corpus("cvss", options).preparation()
    assert [o.state for o in prepared(steps, lambda *_: None)] == ["made", "done"]
    assert (tmp_path / "cvss_t_sv_en_v1.0/test/1.wav").read_bytes() == WAVS["test/1.wav"]
    # unpacked under another name it is found too
    shutil.move(tmp_path / "cvss_t_sv_en_v1.0", tmp_path / "sv-en")
    assert corpus("cvss", options).preparation()[0].is_done
