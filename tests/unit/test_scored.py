"""scores.parquet says what scores.json says, serves only beside it, and is not needed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from s2st_bench.errors import InputError
from s2st_bench.leaderboards.site import build
from s2st_bench.scored import JSON, PARQUET, Scores, read_scores, write_scores
from s2st_bench.standings.entries import read_entries
from s2st_bench.store import RunFolder

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

METRICS = ("BLEU", "ASR-BLEU@v1.5", "ASR-BLEU@v1", "id", "LAAL_CA")


def scores(n: int = 6) -> dict[str, Any]:
    """Awkward ones: nulls, failures, repeats, names that are columns' own or end in one another."""
    rows: list[dict[str, Any]] = []
    for i in range(n):
        row = {"id": f"r\n{i // 2}é", "target_lang": "de", "repeat": i % 2,
               "cluster": f"c{i // 3}", "origin": "",
               "scores": {m: None if i == 1 or (i == 2 and m == "id") else i + k / 7
                          for k, m in enumerate(METRICS)}, "error": None}
        if i == 1:
            row["error"] = {"kind": "hung", "message": "no answer\u2028for 2 s"}
        if i in (1, 2):
            row["reasons"] = {"id": "because"}
        rows.append(row)
    corpus = [{"metric": m, "value": 1.5, "unit": "", "ci95": [1.0, 2.0], "n_scored": 5,
               "n_total": 6, "n_clusters": 2, "coverage": None, "signature": "s",
               "higher_is_better": True, "group": "all"} for m in METRICS]
    left_out = {"clusters": ["c0", "c1"],
                "metrics": {"BLEU": {"n": [2, 3], "values": [0.1 + 0.2, 1e-300]}}}
    return {"version": 1, "optimistic": False, "recordings": rows, "corpus": corpus,
            "left_out": left_out}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run.json").write_text("{}")
    assert write_scores(tmp_path, scores()) == (JSON, PARQUET)
    return tmp_path


def content(found: Scores) -> tuple[Any, ...]:
    columns = {m: found.recordings.column(m).tobytes() for m in METRICS}
    left_out = {name: (one.clusters, one.n_items.tolist(), one.values.tolist())
                for name, one in found.left_out.items()}
    return (found.corpus, list(found.recordings), columns, found.recordings.failures, left_out,
            found.recordings.n_repeats, found.recordings.find("r\n1é", "de", 1))


def damaged_json(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make reading scores.json an error."""
    def scores(self: RunFolder) -> dict[str, Any]:
        raise AssertionError("scores.json was read")
    monkeypatch.setattr(RunFolder, "scores", scores)


def test_both_files_say_the_same(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        damaged_json(run, patch)
        columns = content(read_scores(RunFolder(run)))
    (run / PARQUET).unlink()
    assert columns == content(read_scores(RunFolder(run)))
    failed = columns[3]
    assert [(one.recording_id, one.repeat, one.kind) for one in failed] == [("r\n0é", 1, "hung")]
    assert columns[1][2].values["id"] is None and columns[1][2].reasons == {"id": "because"}


def test_other_tools_find_metrics_by_name(run: Path) -> None:
    from pyarrow import parquet

    table = parquet.read_table(run / PARQUET)
    assert table.column("BLEU").to_pylist() == [0.0, None, 2.0, 3.0, 4.0, 5.0]
    assert table.column("id").to_pylist()[0] == "r\n0é"
    assert table.column("metric:id").null_count == 2


@pytest.mark.parametrize("damage", ["changed", "cut", "rubbish", "fewer columns", "other types"])
def test_what_does_not_belong_is_passed_over(run: Path, damage: str) -> None:
    from pyarrow import parquet

    if damage == "changed":
        text = (run / JSON).read_text().replace('"hung"', '"died"')
        (run / JSON).write_text(text)
        assert read_scores(RunFolder(run)).recordings.failures[0].kind == "died"
    elif damage in ("fewer columns", "other types"):
        table = parquet.read_table(run / PARQUET)
        at = table.schema.names.index("BLEU")
        changed = (table.drop_columns(["BLEU"]) if damage == "fewer columns"
                   else table.set_column(at, "BLEU", table.column("id")))
        parquet.write_table(changed, run / PARQUET)
    else:
        whole = (run / PARQUET).read_bytes()
        (run / PARQUET).write_bytes(whole[:-40] if damage == "cut" else b"PAR1" * 9)
    assert read_scores(RunFolder(run)).recordings.column("BLEU")[5] == 5.0


def test_a_column_that_cannot_be_read_is_named(run: Path) -> None:
    found = read_scores(RunFolder(run)).recordings
    (run / PARQUET).write_bytes(b"")
    with pytest.raises(InputError, match=r"scores\.parquet: cannot be read .* remove it"):
        found.column("BLEU")


def test_pyarrow_is_not_needed(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(read_scores(RunFolder(run)))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert content(read_scores(RunFolder(run))) == before
    assert write_scores(run, scores()) == (JSON,)


def test_a_metric_that_was_not_scored_has_no_values(run: Path) -> None:
    found = read_scores(RunFolder(run))
    assert np.isnan(found.recordings.column("none")).all()
    assert "none" not in found.left_out and found.left_out.get("none") is None


def test_the_board_is_the_same_from_either(
    tmp_path: Path, board_runs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [board_runs.make_run(tmp_path / f"run-{i}", board_runs.RunSpec(
        "waitk", {"k": i}, failed=(2,) * i, n=3, speech=False)) for i in (0, 1)]
    build(runs, tmp_path / "from-json")
    for run in runs:
        write_scores(run, json.loads((run / JSON).read_bytes()))
    with monkeypatch.context() as patch:
        damaged_json(runs[0], patch)
        assert len(read_entries(runs)) == 2
        build(runs, tmp_path / "from-columns")
    one, two = ({path.relative_to(tmp_path / name): path.read_bytes()
                 for path in (tmp_path / name).rglob("*.*")} for name in
                ("from-json", "from-columns"))
    assert one == two
