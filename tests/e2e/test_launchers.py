"""Sweeps through hydra's launchers: every point is made, all stand on one board."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from s2st_bench.store import RunFolder

ROOT = Path(__file__).parents[2]
PLUGINS = Path(__file__).parents[1] / "plugins"


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "ray", "submitit_local"])
def test_twelve_points_end_on_one_board(tmp_path: Path, launcher: str) -> None:
    module = {"joblib": "hydra_plugins.hydra_joblib_launcher", "submitit_local":
              "hydra_plugins.hydra_submitit_launcher", "ray": "hydra_plugins.hydra_ray_launcher"}
    pytest.importorskip(module[launcher], reason=f"hydra's launcher {launcher} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "s2st_bench", "run", "-m", f"hydra/launcher={launcher}", "-q",
         "--plugin-dir", str(PLUGINS), "system=echo", "dataset=clips",
         f"dataset.path={tmp_path / 'clips'}", "dataset.count=3", "chunk_s=0.2,0.3,0.4,0.6",
         "seed=1,2,3", "clock=ideal", "metrics=[BLEU,LAAL]", f"out={tmp_path / 'runs'}",
         "--board", str(tmp_path / "board")],
        cwd=ROOT, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
    *points, page = [line for line in done.stdout.splitlines() if line.startswith(str(tmp_path))]
    assert Path(page) == tmp_path / "board" / "index.html" and len(points) == 12
    settings = {(c["chunk_s"], c["seed"]) for point in points
                for c in [RunFolder(Path(point)).record().config]}
    assert len(settings) == 12
    shown = Path(page).read_text("utf-8")
    assert all(f"runs/{key.stem}.html" in shown
               for key in (tmp_path / "board" / "runs").glob("*.html"))
    assert len(list((tmp_path / "board" / "runs").glob("*.html"))) == 12
