"""The wheel and the sdist hold all that a plugin carries, and work far from the checkout."""

from __future__ import annotations

import fnmatch
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("systems", "metrics", "datasets", "leaderboards", "reports", "configs")
NOT_SHIPPED = ("*/ruff.toml", "*/.gitkeep")


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, text=True, capture_output=True,
                          check=False)
    if done.returncode:
        pytest.skip("no git checkout")
    return [name for name in done.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A wheel and an sdist of what git tracks, built without the network."""
    pytest.importorskip("build", reason="needs build (extra dev)")
    source = tmp_path_factory.mktemp("source")
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, source / name, follow_symlinks=False)
    out = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--sdist", "--outdir",
         str(out), str(source)], text=True, capture_output=True, check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return {"wheel": next(out.glob("*.whl")), "sdist": next(out.glob("*.tar.gz"))}


def test_the_wheel_holds_every_tracked_file_of_every_plugin(
    distributions: dict[str, Path]
) -> None:
    names = set(zipfile.ZipFile(distributions["wheel"]).namelist())
    wanted = [
        name if name.startswith("s2st_bench/") else f"s2st_bench/{name}" for name in tracked()
        if name.startswith(("s2st_bench/", *(f"{folder}/" for folder in FOLDERS)))
        and not any(fnmatch.fnmatch(name, skip) for skip in NOT_SHIPPED)
        and (ROOT / name).is_file()
    ]
    assert [name for name in wanted if name not in names] == []
    assert not [name for name in names if name.startswith(("tests/", "datasets/", "systems/"))]
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_installed_in_an_empty_venv_and_folder_it_completes_the_demo(
    distributions: dict[str, Path], kind: str, tmp_path: Path
) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin/python"), "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "install", "-c", str(ROOT / "constraints-core.txt"),
                    f"{distributions[kind]}[demo]"], check=True)
    folder = tmp_path / "empty"
    folder.mkdir()
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run([str(venv / "bin/s2st-bench"), "run"], cwd=folder, env=env, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    board = Path(folder, done.stdout.strip().splitlines()[-1].removeprefix("the board: "))
    assert board.suffix == ".html" and "<table" in board.read_text("utf-8")
    listed = subprocess.run([str(venv / "bin/python"), "-m", "s2st_bench", "doctor"], cwd=folder,
                            env=env, text=True, capture_output=True, check=False)
    assert listed.returncode == 0, listed.stdout
