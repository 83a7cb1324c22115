"""The GitHub Action and the GitLab snippet call the gate as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from s2st_bench import scoring

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "gate" / "action.yml"
GITLAB = ROOT / "docs" / "ci" / "gitlab.yml"

pytestmark = pytest.mark.skipif(not ACTION.is_file(), reason="not in a checkout")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, point_runs: ModuleType) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    made = {"good": point_runs.make_run(folder / "good", 1.0, 0.9, seed=1, n=30),
            "worse": point_runs.make_run(folder / "worse", 1.0, 0.4, seed=2, n=30),
            "few": point_runs.make_run(folder / "few", 1.0, 0.9, seed=1, n=3),
            "few_other": point_runs.make_run(folder / "other", 1.0, 0.7, seed=5, n=3)}
    for path in made.values():
        scoring.score_run(path, ["BLEU", "LAAL_pen"])
    return made


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell in which `s2st-bench` is this one."""
    tool = tmp_path / "bin" / "s2st-bench"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m s2st_bench "$@"\n')
    tool.chmod(0o755)
    return {**os.environ, "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT), "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize("run, baseline, inconclusive, code, outcome", [
    ("good", "good", "pass", 0, "pass"), ("worse", "good", "pass", 1, "regression"),
    ("few", "good", "pass", 1, "regression"), ("few_other", "few", "pass", 0, "inconclusive"),
    ("few_other", "few", "fail", 3, "inconclusive"), ("good", "gone", "pass", 2, "cannot compare"),
])
def test_the_action(
    runs: dict[str, Path], environment: dict[str, str], tmp_path: Path, run: str, baseline: str,
    inconclusive: str, code: int, outcome: str,
) -> None:
    (step,) = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    inputs = {"RUN": str(runs[run]), "BASELINE": str(runs.get(baseline, tmp_path / "gone")),
              "RULES": "default", "METRICS": "BLEU", "INCONCLUSIVE": inconclusive}
    assert set(step["env"]) == set(inputs)
    done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, timeout=60,
                          env={**environment, **inputs}, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert (tmp_path / "output").read_text() == f"outcome={outcome}\n"
    if outcome != "cannot compare":
        assert "s2st-bench gate" in (tmp_path / "summary").read_text()
        assert (tmp_path / "s2st-gate.xml").is_file()


def test_the_snippet(runs: dict[str, Path], environment: dict[str, str], tmp_path: Path) -> None:
    job = yaml.safe_load(GITLAB.read_text())[".s2st-gate"]
    (line,) = job["script"]
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env={**environment, **job["variables"], "RUN": str(runs["worse"]),
             "BASELINE": str(runs["good"])})
    assert done.returncode == 1 and (tmp_path / job["artifacts"]["reports"]["junit"]).is_file()
    assert 1 not in job["allow_failure"]["exit_codes"]
