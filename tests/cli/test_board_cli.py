"""`board`: its options, what it leaves out with a note, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner, Result

from s2st_bench.cli import app


@pytest.fixture
def runs(tmp_path: Path, board_runs: ModuleType) -> Path:
    for name in ("a", "b"):
        board_runs.make_run(tmp_path / "runs" / name, board_runs.RunSpec(name, n=1),
                            tmp_path / "audio")
    return tmp_path / "runs"


def board(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["board", *map(str, arguments)])


def test_a_run_without_scores_is_left_out_with_a_note(tmp_path: Path, runs: Path) -> None:
    (runs / "a" / "scores.json").unlink()
    done = board(runs, "--out", tmp_path / "site")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [str(tmp_path / "site" / "index.html")]
    assert f"note: left out: {runs / 'a'}: not scored yet" in done.stderr
    (runs / "b" / "scores.json").unlink()
    done = board(runs, "--out", tmp_path / "site")
    assert done.exit_code == 2 and "not scored yet" in done.stderr


def test_presets_and_files_define_a_board(tmp_path: Path, runs: Path) -> None:
    (tmp_path / "mine.toml").write_text('title = "Mine"\ncolumns = ["BLUE"]\n')
    done = board(runs, "--out", tmp_path / "site", "--board", tmp_path / "mine.toml")
    assert done.exit_code == 0
    assert "<h1>Mine</h1>" in Path(done.stdout.strip()).read_text("utf-8")
    assert "note: mine: no run has the metrics BLUE (did you mean BLEU?)" in done.stderr
    done = board(runs, "--out", tmp_path / "site", "--board", "procurement", "--title", "Ours")
    assert "<h1>Ours</h1>" in Path(done.stdout.strip()).read_text("utf-8")
    done = board(runs, "--board", "fancy")
    assert done.exit_code == 2 and "no such preset; iwslt2026" in done.stderr


def test_published_rows_are_there_on_demand(tmp_path: Path, runs: Path) -> None:
    for options, there in (([], False), (["--published"], True)):
        assert board(runs, "--out", tmp_path / "site", *options).exit_code == 0
        assert (tmp_path / "site" / "published.html").is_file() == there


def test_a_single_file_is_written_or_refused(tmp_path: Path, runs: Path) -> None:
    done = board(runs, "--out", tmp_path / "one", "--single-file")
    assert done.stdout.splitlines() == [str(tmp_path / "one.html")]
    assert (tmp_path / "one.html").is_file() and not (tmp_path / "one").exists()
    done = board(runs, "--out", tmp_path / "two.html", "--single-file", "--max-mb", "0.01")
    assert done.exit_code == 2 and "over --max-mb 0.01; raise it" in done.stderr
    assert not (tmp_path / "two.html").exists()
