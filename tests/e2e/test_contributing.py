"""The examples of CONTRIBUTING.md work as they stand, from a folder outside the checkout."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = re.compile(r"^`([^`\n]+)`\n```\w+\n(.*?)^```$", re.M | re.S)
COMMANDS = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with the files of the page, its commands run."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    folder = tmp_path_factory.mktemp("contributing")
    for name, content in FILE.findall(text):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    outputs = []
    for line in COMMANDS.findall(text)[0].splitlines():
        program, *args = shlex.split(line)
        assert program == "s2st-bench"
        done = subprocess.run([sys.executable, "-m", "s2st_bench", *args], cwd=folder, env=env,
                              text=True, capture_output=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        outputs.append(done.stdout)
    (folder / "outputs.json").write_text(json.dumps(outputs), "utf-8")
    return folder


def test_the_page_has_a_system_a_corpus_and_a_metric(folder: Path) -> None:
    kinds = {path.parts[-3] for path in folder.glob("my_plugins/*/*/plugin.toml")}
    assert kinds == {"systems", "datasets", "metrics"}


def test_the_run_scored_what_the_plugins_define(folder: Path) -> None:
    scores = json.loads((folder / "runs/first/scores.json").read_text("utf-8"))
    values = {row["metric"]: row["value"] for row in scores["corpus"] if row["group"] == "all"}
    assert values["WordRatio"] == 1.0
    assert values["BLEU"] == pytest.approx(100.0)


def test_the_other_commands_show_them(folder: Path) -> None:
    ls, run, score, show, timeline = json.loads((folder / "outputs.json").read_text("utf-8"))
    assert all(name in ls for name in ("echo", "lines", "WordRatio"))
    assert run.splitlines()[-1] == "runs/first"
    assert "WordRatio" in score
    assert "2 answered, 0 failed, of 2" in show and "WordRatio" in show
    said = [line.split()[2] for line in timeline.splitlines() if " > " in line]
    assert said == ["please", "speak", "slowly"]
