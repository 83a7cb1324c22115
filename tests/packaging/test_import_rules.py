"""Who may import whom: the linter's rules fire where the design draws the lines."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")

pytestmark = pytest.mark.skipif(RUFF is None, reason="needs ruff (extra dev)")


def banned(path: str, line: str) -> bool:
    """Whether the linter refuses ``line`` in a file at ``path``."""
    done = subprocess.run(
        [str(RUFF), "check", "--quiet", "--no-cache", "--select", "TID251", "--stdin-filename",
         str(ROOT / path), "-"],
        cwd=ROOT, input=line + "\n", text=True, capture_output=True, check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("s2st_bench/runner.py", "from s2st_bench.systems.silent import Silent"),
        ("s2st_bench/replay/one.py", "import s2st_bench.metrics.latency"),
        ("s2st_bench/runner.py", "import hydra"),
        ("s2st_bench/config.py", "from omegaconf import DictConfig"),
        ("s2st_bench/scoring.py", "from s2st_bench.leaderboards import site"),
        ("s2st_bench/scoring.py", "from s2st_bench.cli import app"),
        ("systems/silent/silent.py", "from s2st_bench.registry import Registry"),
        ("systems/silent/silent.py", "from s2st_bench.systems.oracle import Oracle"),
        ("metrics/quality/bleu.py", "from s2st_bench.runner import run"),
        ("datasets/manifest/corpus.py", "import hydra"),
        ("metrics/quality/bleu.py", "from s2st_bench.policy import WaitK"),
        ("s2st_bench/policy/waitk.py", "from s2st_bench.system import Session"),
        ("s2st_bench/policy/waitk.py", "import torch"),
        ("leaderboards/site/build.py", "from s2st_bench.registry import Registry"),
        ("leaderboards/site/build.py", "from s2st_bench.metrics.quality import bleu"),
    ],
)
def test_refused(path: str, line: str) -> None:
    assert banned(path, line)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("s2st_bench/compose.py", "import hydra"),
        ("s2st_bench/cli/board.py", "from s2st_bench.leaderboards import site"),
        ("systems/silent/silent.py", "from s2st_bench.system import System"),
        ("systems/cascade/cascade.py", "from .stages import Asr"),
        ("systems/cascade/cascade.py", "from s2st_bench.policy import LocalAgreement"),
        # handed nothing: another program's server makes it
        ("systems/simulstream/processor.py", "from s2st_bench.registry import Registry"),
        ("leaderboards/site/build.py", "from s2st_bench.trace import read"),
    ],
)
def test_allowed(path: str, line: str) -> None:
    assert not banned(path, line)


def test_hydra_is_imported_in_one_module_only() -> None:
    found = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("s2st_bench/**/*.py")
             if any(line.strip().startswith(("import hydra", "from hydra"))
                    for line in path.read_text("utf-8").splitlines())]
    assert found == ["s2st_bench/compose.py"]


def test_policies_import_errors_and_parameters_of_the_package_only() -> None:
    found = {
        node.module
        for path in ROOT.glob("s2st_bench/policy/*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0
    }
    assert {name for name in found if name.startswith("s2st_bench")} == {
        "s2st_bench.errors", "s2st_bench.params"}
