"""`gate`: exit codes, baselines, and what is written for CI."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from s2st_bench import scoring
from s2st_bench.cli import app

METRICS = ["BLEU", "chrF", "LAAL", "LAAL_pen", "LAAL_CA_pen", "UnitLag@p95"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, point_runs: ModuleType) -> dict[str, Path]:
    """One system, a worse one, a slower one, one of another machine, of another corpus."""
    folder = tmp_path_factory.mktemp("runs")
    made = {
        "good": point_runs.make_run(folder / "good", 1.0, 0.9, seed=1, n=40),
        "worse": point_runs.make_run(folder / "worse", 1.0, 0.5, seed=2, n=40),
        "slow": point_runs.make_run(folder / "slow", 1.9, 0.9, seed=1, n=40),
        "other_host": point_runs.make_run(folder / "host", 1.0, 0.9, seed=1, n=40, cpu="Other"),
        "other_corpus": point_runs.make_run(folder / "corpus", 1.0, 0.9, seed=1, n=40,
                                            fingerprint="beef"),
    }
    for path in made.values():
        scoring.score_run(path, METRICS)
    return made


def call(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["gate", *map(str, args)])
    return result.exit_code, result.output


@pytest.mark.parametrize("name, code, said", [
    ("good", 0, "pass"), ("worse", 1, "regression"), ("slow", 1, "LAAL_pen: worse by 900 ms"),
    ("other_host", 2, "measured on Other x2, the baseline on Test CPU x2"),
    ("other_corpus", 2, "corpus beef of the run, f00d of the baseline"),
])
def test_exit_codes(runs: dict[str, Path], name: str, code: int, said: str) -> None:
    found, output = call(runs[name], "--baseline", runs["good"])
    assert found == code and said in output


def test_a_shorter_run_of_another_corpus_is_not_worse(
    runs: dict[str, Path], tmp_path: Path, point_runs: ModuleType
) -> None:
    other = point_runs.make_run(tmp_path / "x", 1.0, 0.9, n=5, fingerprint="cafe")
    scoring.score_run(other, METRICS)
    code, output = call(other, "--baseline", runs["good"])
    assert code == 2 and "recordings" not in output.split("cannot compare")[0]


def test_another_host_still_gates_what_no_host_moves(runs: dict[str, Path]) -> None:
    code, output = call(runs["other_host"], "--baseline", runs["good"], "--metrics",
                        "BLEU,LAAL_pen")
    assert code == 0, output


def test_too_little_data_is_inconclusive(tmp_path: Path, point_runs: ModuleType) -> None:
    few = [point_runs.make_run(tmp_path / str(i), 1.0, 0.7, seed=i, n=4) for i in range(2)]
    for path in few:
        scoring.score_run(path, METRICS)
    code, output = call(few[0], "--baseline", few[1], "--metrics", "BLEU")
    assert code == 3 and "this much data shows one of" in output


def test_a_stored_baseline_decides_as_its_run_does(runs: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "baselines" / "good.json"
    code, output = call(runs["good"], "--baseline", path, "--update")
    assert code == 0 and "a new baseline" in output
    for name in ("good", "worse"):
        one, two = (json.loads(call(runs[name], "--baseline", b, "--json")[1])
                    for b in (path, runs["good"]))
        assert one["verdicts"] == two["verdicts"] and one["outcome"] == two["outcome"]
    code, output = call(runs["worse"], "--baseline", path, "--update")
    assert code == 0 and "BLEU" in output and "->" in output and "LAAL_pen" in output
    assert "nothing changes" in call(runs["worse"], "--baseline", path, "--update")[1]
    told = json.loads(call(runs["worse"], "--baseline", path, "--update", "--json")[1])
    assert told == {"version": 1, "baseline": str(path), "changes": ["nothing changes"]}
    assert call(runs["good"], "--baseline", runs["worse"], "--update")[0] == 2


def test_what_ci_reads(runs: dict[str, Path], tmp_path: Path,
                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"
    code, output = call(runs["worse"], "--baseline", runs["good"], "--junit", junit,
                        "--markdown", markdown)
    assert code == 1
    suite = ElementTree.fromstring(junit.read_text("utf-8"))
    cases = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert cases["BLEU"] == ["failure", "system-out"] and cases["LAAL_pen"] == ["system-out"]
    assert suite.get("failures") == "2" and suite.get("tests") == "4"
    table = markdown.read_text("utf-8")
    assert "❌ regression" in table and "| BLEU | ❌ regression |" in table
    assert "::error title=BLEU%3A regression::" in output


def test_names_that_would_be_markup_are_none(tmp_path: Path, point_runs: ModuleType) -> None:
    path = point_runs.make_run(tmp_path / "a|b](http:", 1.0, 0.9, n=8)
    scoring.score_run(path, METRICS)
    code, output = call(path, "--baseline", path, "--markdown", "-", "--metrics", "BLEU")
    assert code == 0 and "a\\|b\\]\\(http:" in output


@pytest.mark.parametrize("args, said", [
    (["--rules", "none"], "shipped rules"), (["--metrics", "MOS"], "no rule gates it"),
    (["--metrics", ","], "names none"),
])
def test_usage(runs: dict[str, Path], args: list[str], said: str) -> None:
    code, output = call(runs["good"], "--baseline", runs["good"], *args)
    assert code == 2 and said in output


def test_a_run_that_is_none_or_not_scored(runs: dict[str, Path], tmp_path: Path,
                                          point_runs: ModuleType) -> None:
    assert call(tmp_path, "--baseline", runs["good"])[0] == 2
    raw = point_runs.make_run(tmp_path / "raw", 1.0, 0.9, n=4)
    code, output = call(raw, "--baseline", runs["good"])
    assert code == 2 and "not scored yet" in output
    code, output = call(runs["good"], "--baseline", tmp_path / "gone.json")
    assert code == 2 and "--update" in output
