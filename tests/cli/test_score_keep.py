"""`score` of a run: by its own metrics, kept beside others on demand; what is missing is said."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from s2st_bench import scoring
from s2st_bench.cli import app
from s2st_bench.records import decode_run, encode_run

SHEET = "item,rater,score\n" + "".join(f"r{i},a,{50 + i}\nr{i},b,{60 + i}\n" for i in range(8))


@pytest.fixture
def run(tmp_path: Path, point_runs: ModuleType) -> Path:
    """A run made with two metrics, scored."""
    path: Path = point_runs.make_run(tmp_path / "run", 1.0, 0.8, n=8, silent=(3,))
    record = decode_run((path / "run.json").read_text("utf-8"))
    config = {**record.config, "metrics": ["chrF", "LAAL"]}
    (path / "run.json").write_text(
        encode_run(type(record)(**{**_fields(record), "config": config})), "utf-8")
    scoring.score_run(path, ["chrF", "LAAL"])
    return path


def _fields(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}  # type: ignore[attr-defined]


def names(run: Path) -> list[str]:
    return [row["metric"] for row in json.loads((run / "scores.json").read_text())["corpus"]]


def call(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["score", *map(str, args)])
    return result.exit_code, result.output


def test_a_run_is_scored_by_its_own_metrics(run: Path) -> None:
    before = (run / "scores.json").read_text()
    code, output = call(run)
    assert code == 0 and names(run) == ["chrF", "LAAL"] and "BLEU" not in output
    assert json.loads((run / "scores.json").read_text()) == json.loads(before)


def test_named_metrics_are_kept_on_demand_beside_the_others(run: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "da.csv"
    sheet.write_text(SHEET)
    human = ("--metrics", "HumanDA,LAAL", "--metric-option", f"HumanDA.sheet={sheet}")
    assert call(run, *human)[0] == 0 and names(run) == ["chrF", "LAAL"]
    code, output = call(run, *human, "--keep")
    assert code == 0, output
    assert names(run) == ["chrF", "HumanDA", "LAAL"]
    table = json.loads((run / "scores.json").read_text())
    assert set(table["recordings"][0]["scores"]) == {"chrF", "LAAL", "HumanDA"}
    assert set(table["left_out"]["metrics"]) >= {"chrF", "HumanDA"}
    (row,) = [row for row in table["corpus"] if row["metric"] == "HumanDA"]
    assert "sheet:" in row["signature"] and row["value"] == pytest.approx(58.5)


def test_other_sheets_have_other_signatures(run: Path, tmp_path: Path) -> None:
    found = []
    for i in range(2):
        sheet = tmp_path / f"{i}.csv"
        sheet.write_text(SHEET.replace("r0,a,50", f"r0,a,{50 + i}"))
        call(run, "--metrics", "HumanDA", "--metric-option", f"HumanDA.sheet={sheet}", "--json",
             tmp_path / "out.json")
        found.append(json.loads((tmp_path / "out.json").read_text())["corpus"][0]["signature"])
    assert found[0] != found[1]


@pytest.mark.parametrize("args, said", [
    (("--metrics", "BLEU", "--keep", "--unit", "char"), "as replayed is kept"),
    (("--metrics", ","), "names none"),
])
def test_what_is_not_kept(run: Path, args: tuple[str, ...], said: str) -> None:
    code, output = call(run, *args)
    assert code == 2 and said in output and names(run) == ["chrF", "LAAL"]


def test_recordings_without_a_value_are_named(run: Path) -> None:
    _, output = call(run)
    (line,) = [line for line in output.splitlines() if "no output" in line]
    assert line.split() == ["r3", "no", "output", "LAAL"]


def test_a_damaged_table_of_scores(run: Path) -> None:
    (run / "scores.json").write_text("[]")
    code, output = call(run, "--metrics", "BLEU", "--keep")
    assert code == 2 and "not scores" in output
    shown = CliRunner().invoke(app, ["show", str(run)])
    assert shown.exit_code == 2 and "not scores" in shown.output
