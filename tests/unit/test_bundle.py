"""Bundles: what was packed is what is shown; everything else is refused, and nothing escapes."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from s2st_bench import scoring
from s2st_bench.bundle import Limits, pack, rescored, same_references, unpack
from s2st_bench.cli import app
from s2st_bench.errors import InputError, TraceError
from s2st_bench.store import RunFolder
from s2st_bench.types import AudioSource

METRICS = ["BLEU", "chrF", "LAAL", "LAAL_pen"]
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, board_runs: ModuleType) -> Path:
    """A run with speech, scored for what it is."""
    path: Path = board_runs.make_run(tmp_path_factory.mktemp("runs") / "mine", board_runs.RunSpec())
    scoring.score_run(path, METRICS)
    return path


@pytest.fixture(scope="module")
def bundle(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack(run, tmp_path_factory.mktemp("out") / "mine.s2st.zip")


def contents(bundle: Path) -> Files:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sealed(files: Files) -> Files:
    """With a manifest that fits: what somebody who edits knows to do."""
    rest = {name: data for name, data in files.items() if name != "bundle.json"}
    listed = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
              for name, data in rest.items()}
    return {**rest, "bundle.json": json.dumps({"version": 1, "files": listed}).encode()}


def written(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_packed_run_is_the_run(run: Path, bundle: Path, tmp_path: Path) -> None:
    found = unpack(bundle, tmp_path)
    assert (found / "traces.jsonl").read_bytes() == (run / "traces.jsonl").read_bytes()
    assert sorted(p.name for p in (found / "pieces").iterdir()) == sorted(
        p.name for p in (run / "pieces").iterdir())
    table, notes = rescored(found, "mine")
    assert notes == [] and same_references(found, "mine", [run]) == []
    said = {row["metric"]: row["value"] for row in RunFolder(run).scores()["corpus"]}
    assert {s.metric: s.value for s in table.corpus if s.group == "all"} == said


def test_the_same_run_gives_the_same_bundle_and_no_folder_of_this_machine(
    run: Path, bundle: Path, tmp_path: Path
) -> None:
    again = pack(run, tmp_path / "again.zip")
    assert again.read_bytes() == bundle.read_bytes()
    assert str(run.parent).encode() not in b"".join(contents(bundle).values())
    for recording in RunFolder(unpack(bundle, tmp_path / "x")).recordings():
        assert isinstance(recording.source, AudioSource)
        assert recording.source.path.name == str(recording.source.path)


def test_a_board_shows_it(bundle: Path, run: Path, tmp_path: Path) -> None:
    out = tmp_path / "board"
    result = CliRunner().invoke(app, ["board", str(run), "--add", str(bundle), "--out", str(out)])
    assert result.exit_code == 0 and "note" not in result.output, result.output
    assert (out / "index.html").read_text("utf-8").count("waitk") >= 2
    alone = CliRunner().invoke(app, ["board", "--add", str(bundle), "--out", str(out)])
    assert alone.exit_code == 0 and "is not checked" in alone.output
    assert CliRunner().invoke(app, ["board"]).exit_code == 2


def changed(name: str, old: str, new: str) -> Callable[[Files], Files]:
    def change(files: Files) -> Files:
        text = files[name].decode()
        assert old in text
        return {**files, name: text.replace(old, new, 1).encode()}
    return change


@pytest.mark.parametrize("change, said", [
    (changed("traces.jsonl", "Wir", "Ihr"), "was edited or damaged"),
    (lambda files: {k: v for k, v in files.items() if k != "bundle.json"}, "holds no bundle.json"),
    (lambda files: {k: v for k, v in files.items() if k != "traces.jsonl"}, "is missing"),
    (lambda files: {**files, "pieces/extra.wav": b"x"}, "is not named in"),
    (lambda files: {**files, "bundle.json": b"{"}, "bundle.json is damaged"),
    (lambda files: {**files, "bundle.json": b"[" * 100_000}, "bundle.json is damaged"),
    (lambda files: {**files, "bundle.json": b'{"version": 9, "files": {}}'}, "version 9"),
    (lambda files: sealed({k: v for k, v in files.items() if k != "run.json"}),
     "holds no run.json"),
    (lambda files: sealed({**files, "../escaped.txt": b"x"}), "leads out of the bundle"),
    (lambda files: sealed({**files, "/etc/escaped": b"x"}), "leads out of the bundle"),
    (lambda files: sealed({**files, "pieces/../../escaped.wav": b"x"}), "leads out of the bundle"),
    (lambda files: sealed({**files, "pieces\\..\\escaped.wav": b"x"}), "leads out of the bundle"),
    (lambda files: sealed({**files, "logs/system.log": b"x"}), "does not belong in it"),
    (lambda files: sealed({**files, "pieces/bomb.wav": bytes(30 << 20)}), "zip bomb"),
    (lambda files: sealed(changed("traces.jsonl", "pieces/", "../../../")(files)),
     "outside pieces/"),
    (lambda files: sealed(changed("recordings.jsonl", '"audio":"', '"audio":"/etc/')(files)),
     "names audio by the path"),
    (lambda files: sealed(changed("run.json", '"finished"', '"running"')(files)), "not finished"),
    (lambda files: sealed({**files, "run.json": b"\xff\xfe"}), "mine"),
])
def test_what_is_wrong_with_a_bundle_is_said(
    change: Callable[[Files], Files], said: str, bundle: Path, tmp_path: Path
) -> None:
    path = written(tmp_path / "mine.zip", change(contents(bundle)))
    into = tmp_path / "deep" / "into"
    with pytest.raises(InputError, match="mine") as error:
        unpack(path, into)
    assert said in str(error.value)
    assert not list(tmp_path.rglob("escaped*")) and not Path("/etc/escaped").exists()


def test_links_and_doubled_entries(bundle: Path, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("pieces/link.wav")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = written(tmp_path / "a.zip", contents(bundle))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="a link or a folder"):
        unpack(path, tmp_path / "a")
    path = written(tmp_path / "b.zip", contents(bundle))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("run.json", "{}")
    with pytest.raises(InputError, match="is there twice"):
        unpack(path, tmp_path / "b")


@pytest.mark.parametrize("limits, said", [
    (Limits(files=3), "at most 3 are taken"), (Limits(bytes=1000), "at most 1000 are taken"),
])
def test_oversized_bundles(limits: Limits, said: str, bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        unpack(bundle, tmp_path / "x", limits)


def test_a_header_that_lies_about_the_size_gains_nothing(bundle: Path, tmp_path: Path) -> None:
    """The size in the zip's directory says little, the data is much."""
    files = sealed({**contents(bundle), "pieces/big.wav": bytes(50 << 20)})
    path = written(tmp_path / "mine.zip", files)
    data = bytearray(path.read_bytes())
    size = (50 << 20).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(bytes(data).replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(InputError, match="mine"):
        unpack(path, tmp_path / "x")
    assert not any(p.stat().st_size > 2 << 20 for p in (tmp_path / "x").rglob("*.wav"))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no zip at all" * 100])
def test_what_is_no_zip(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a bundle, or a damaged one"):
        unpack(path, tmp_path / "x")
    with pytest.raises(InputError, match="No such file"):
        unpack(tmp_path / "gone.zip", tmp_path / "x")


def claimed(files: Files, metric: str, value: float) -> Files:
    table: dict[str, Any] = json.loads(files["scores.json"])
    for row in table["corpus"]:
        if row["metric"] == metric:
            row["value"] = value
    return sealed({**files, "scores.json": json.dumps(table).encode()})


def test_claimed_scores_are_held_against_the_traces(bundle: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "mine.zip", claimed(contents(bundle), "BLEU", 99.0))
    result = CliRunner().invoke(app, ["board", "--add", str(path), "--out", str(tmp_path / "b")])
    assert result.exit_code == 2 and "claims BLEU 99.0, its traces give" in result.output
    assert not (tmp_path / "b").exists()


def test_easier_references_are_found_out(bundle: Path, run: Path, tmp_path: Path) -> None:
    files = changed("recordings.jsonl", "Konferenz", "Tagung")(contents(bundle))
    found = unpack(written(tmp_path / "mine.zip", sealed(files)), tmp_path / "x")
    with pytest.raises(InputError, match="has not the references"):
        same_references(found, "mine", [run])


def test_only_a_whole_run_is_packed(run: Path, tmp_path: Path, board_runs: ModuleType) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        pack(tmp_path, tmp_path / "a.zip")
    raw = board_runs.make_run(tmp_path / "raw", board_runs.RunSpec(speech=False))
    (raw / "scores.json").unlink()
    with pytest.raises(InputError, match="score the run first"):
        pack(raw, tmp_path / "a.zip")
    result = CliRunner().invoke(app, ["pack", str(run), "--out", str(tmp_path / "b" / "b.zip")])
    assert result.exit_code == 0 and (tmp_path / "b" / "b.zip").is_file()
    assert list((tmp_path / "b").iterdir()) == [tmp_path / "b" / "b.zip"]


def test_a_metric_that_cannot_be_computed_here_is_no_reason_to_refuse(
    run: Path, tmp_path: Path
) -> None:
    """Source audio stays where the run was made, so an echo of it cannot be looked for."""
    scoring.score_run(run, [*METRICS, "SourceEcho"])
    try:
        found = unpack(pack(run, tmp_path / "mine.zip"), tmp_path / "x")
    finally:
        scoring.score_run(run, METRICS)
    _, notes = rescored(found, "mine")
    assert len(notes) == 1 and "SourceEcho: cannot be computed here" in notes[0]


def test_speech_that_is_not_there_is_not_packed(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    piece = next((copy / "pieces").iterdir())
    piece.write_bytes(piece.read_bytes()[:1000])
    with pytest.raises(InputError, match=piece.name):
        pack(copy, tmp_path / "a.zip")
    piece.unlink()
    with pytest.raises(InputError, match="no such file"):
        pack(copy, tmp_path / "a.zip")


@pytest.mark.parametrize("old, new", [(",16000,", ",0,"), ('"arrived_s":', '"arrived_s":NaN,"x":')])
def test_numbers_that_are_none_in_a_trace(
    old: str, new: str, bundle: Path, tmp_path: Path
) -> None:
    path = written(tmp_path / "mine.zip",
                   sealed(changed("traces.jsonl", old, new)(contents(bundle))))
    with pytest.raises((InputError, TraceError), match="traces.jsonl:1"):
        unpack(path, tmp_path / "x")


@pytest.mark.parametrize(("name", "place", "value", "field"), [
    ("traces.jsonl", ("steps", 0, "source_s"), "soon", "steps.0.source_s cannot be 'soon'"),
    ("traces.jsonl", ("steps", 0, "arrived_s"), 10**30, "steps.0.arrived_s"),
    ("traces.jsonl", ("repeat",), True, "repeat cannot be True"),
    ("traces.jsonl", ("clock",), 1.5, "clock cannot be 1.5"),
    ("traces.jsonl", ("load",), {"streams": [float("1e300")]}, "load.streams.0"),
    ("recordings.jsonl", ("segments", 0, "references"), {"de": [None]}, "references.de.0"),
    ("recordings.jsonl", ("id",), ["a"], "id cannot be"),
    ("run.json", ("fingerprint",), -1, "fingerprint cannot be -1"),
    ("run.json", ("card",), {"summary": "\ud800"}, "card.summary"),
    ("scores.json", ("corpus", 0, "value"), "good", "claims BLEU good"),
])
def test_a_field_of_another_type_is_refused(
    bundle: Path, tmp_path: Path, name: str, place: tuple[str | int, ...], value: Any, field: str,
) -> None:
    files = contents(bundle)
    head, *rest = files[name].splitlines(keepends=True)
    row = json.loads(files[name] if name.endswith(".json") else head)
    below: Any = row
    for key in place[:-1]:
        below = below[key]
    below[place[-1]] = value
    text = json.dumps(row).encode()
    files[name] = text if name.endswith(".json") else b"".join([text + b"\n", *rest])
    with pytest.raises(InputError) as refused:
        unpacked = unpack(written(tmp_path / "b.zip", sealed(files)), tmp_path / "out")
        rescored(unpacked, "b.zip")
    assert field in str(refused.value) and "\n" not in str(refused.value)
