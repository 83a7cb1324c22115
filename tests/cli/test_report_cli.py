"""`report`: every file of it, from runs with friendly and with hostile names."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from s2st_bench.cli import app
from s2st_bench.reports.paper.latex import escaped
from s2st_bench.reports.paper.methods import base_name, cited, references

EVIL = "=cmd|' /C calc'!A0 \\input{/etc/passwd} $x_1$ % {}}{ & ~ ^ # | <b>\u202e\x07"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, board_runs: ModuleType) -> Path:
    """A report of the board's gallery."""
    folder = tmp_path_factory.mktemp("report")
    board_runs.gallery(folder / "runs")
    result = CliRunner().invoke(app, ["report", str(folder / "runs"), "--out", str(folder / "out")])
    assert result.exit_code == 0, result.output
    files = result.output.rpartition("\n\n")[2].splitlines()
    assert files and all(Path(line).is_file() for line in files)
    return folder / "out"


def rows_of(tex: str) -> list[str]:
    body = tex[tex.index(r"\toprule"):tex.index(r"\bottomrule")]
    return [line for line in body.splitlines() if line.endswith(r"\\")]


def cells_of(row: str) -> int:
    """Columns that a row fills."""
    wide = re.findall(r"\\multicolumn\{(\d+)\}", row)
    return len(re.findall(r"(?<!\\)&", row)) + 1 + sum(int(n) - 1 for n in wide)


def balanced(tex: str) -> bool:
    bare = re.sub(r"\\[\\{}]", "", tex)
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0


def test_latex_is_well_formed(report: Path) -> None:
    files = sorted(report.glob("*.tex"))
    assert len(files) == 4  # two test sets, unaware and aware
    for file in files:
        tex = file.read_text("utf-8")
        assert balanced(tex) and tex.count(r"\begin{") == tex.count(r"\end{")
        spec = re.search(r"\\begin\{tabular\}\{(.*)\}$", tex, re.MULTILINE)
        assert spec is not None
        columns = len(re.sub(r"\[[^\]]*\]", "", spec.group(1)))
        assert {cells_of(row) for row in rows_of(tex)} == {columns}
    best = next(file for file in files if "unaware" in file.name).read_text("utf-8")
    assert r"cascade {\footnotesize hold=3} & 31.2 & {\scriptsize [29.6--32.8]}" in best


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="TeX is not installed")
def test_latex_compiles(report: Path, tmp_path: Path) -> None:
    body = "\n".join(rf"\input{{{file}}}" for file in sorted(report.glob("*.tex")))
    (tmp_path / "a.tex").write_text(
        "\\documentclass[landscape]{article}\\usepackage[T1]{fontenc}\\usepackage{textcomp}"
        "\\usepackage{booktabs}\\usepackage[detect-weight,mode=text]{siunitx}"
        f"\\begin{{document}}\n{body}\n\\end{{document}}\n", "utf-8")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]


def test_csv_has_every_number_once(report: Path) -> None:
    with (report / "numbers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = [(r["fingerprint"], r["view"], r["table"], r["system"], r["point"], r["metric"])
            for r in rows]
    assert len(set(keys)) == len(keys)
    one = next(r for r in rows if (r["system"], r["point"], r["metric"]) ==
               ("cascade", "hold=3", "BLEU") and r["view"] == "unaware")
    assert (one["value"], one["ci95_low"], one["n_scored"]) == ("31.2", "29.6", "8")


def test_plots_are_written_alike_twice(report: Path, tmp_path: Path) -> None:
    made = sorted(report.glob("*.svg"))
    assert len(made) == len(list(report.glob("*.pdf"))) == 2  # one test set has a single system
    again = CliRunner().invoke(app, ["report", str(report.parent / "runs"), "--out",
                                     str(tmp_path / "again")])
    assert again.exit_code == 0
    for file in report.iterdir():
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name


def test_methods_and_bibliography_agree(report: Path) -> None:
    text = (report / "methods.txt").read_text("utf-8")
    bib = (report / "references.bib").read_text("utf-8")
    assert "12 runs" in text and "sacreBLEU 2.6.0" in text and "synthetic" in text
    keys = set(re.findall(r"@\w+\{([^,]+),", bib))
    named = {key for group in re.findall(r"\[([^\]]+)\]\n", text) for key in group.split(", ")}
    assert named == keys and "papi-etal-2022-generation" in keys


def test_the_bibliography_is_sound() -> None:
    found = references()
    assert len({one.key for one in found}) == len(found) > 10
    assert all(balanced(one.text) for one in found)
    assert base_name("ASR-BLEU@whisper_CA_pen") == "ASR-BLEU"
    assert {r.key for r in cited(["LAAL_CA_pen"])} == {"s2st_bench", "papi-etal-2022-generation"}


def test_hostile_names_stay_names(tmp_path: Path, board_runs: ModuleType) -> None:
    for i in range(2):
        board_runs.make_run(tmp_path / f"r{i}", board_runs.RunSpec(
            system=EVIL, params={"k": EVIL + str(i)}, corpus=EVIL, n=2, speech=False,
            unranked={"BLEU": EVIL}, marks={"BLEU": [EVIL]}))
    result = CliRunner().invoke(app, ["report", str(tmp_path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    for file in (tmp_path / "out").glob("*.tex"):
        tex = file.read_text("utf-8")
        assert balanced(tex) and r"\input" not in tex and "\u202e" not in tex
        assert len({cells_of(row) for row in rows_of(tex)}) == 1
    with (tmp_path / "out" / "numbers.csv").open(encoding="utf-8", newline="") as file:
        assert all(not cell.startswith(("=", "+", "@")) for row in csv.reader(file)
                   for cell in row)
    for block in (tmp_path / "out" / "tables.md").read_text("utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) <= 1


def test_what_was_left_out_as_damaged_is_told(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "r", board_runs.RunSpec(speech=False))
    record = json.loads((run / "run.json").read_text("utf-8"))
    record["corpus_card"]["left_out"] = {"recordings": 3}
    (run / "run.json").write_text(json.dumps(record), "utf-8")
    CliRunner().invoke(app, ["report", str(run), "--out", str(tmp_path / "out")])
    assert "Left out as damaged: 3" in (tmp_path / "out" / "methods.txt").read_text("utf-8")


def test_escaping_leaves_letters() -> None:
    assert escaped("Größe → 5 % \U0001f600 \\") == r"Größe $\rightarrow$ 5 \% ? \textbackslash{}"


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["report", str(tmp_path / "gone")])
    assert result.exit_code == 2 and "not a run folder" in result.output
