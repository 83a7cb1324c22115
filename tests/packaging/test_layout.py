"""What must hold for the package to be whole in a checkout, a wheel and an sdist."""

from __future__ import annotations

import fnmatch
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("systems", "metrics", "datasets", "leaderboards", "reports", "configs")
NOT_SHIPPED = ("*.py", "*/ruff.toml", "*/.gitkeep")

pytestmark = pytest.mark.skipif(
    not (ROOT / "pyproject.toml").is_file(), reason="these tests are of a checkout"
)


def tracked(*paths: str) -> list[str]:
    """Files that git tracks, relative to the root."""
    done = subprocess.run(["git", "ls-files", "-z", "--", *paths], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no git checkout")
    return [name for name in done.stdout.split("\0") if name]


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", FOLDERS)
def test_top_level_folders_are_linked_into_the_package(name: str) -> None:
    link = ROOT / "s2st_bench" / name
    assert link.is_symlink() and link.readlink() == Path("..", name)


@pytest.mark.parametrize("name", FOLDERS)
def test_no_init_directly_in_a_top_level_folder(name: str) -> None:
    assert not (ROOT / name / "__init__.py").exists(), (
        f"{name}/__init__.py would shadow other packages of that name when run from the checkout"
    )


def test_tests_are_no_packages() -> None:
    names = [n for n in tracked("tests") if not n.startswith("tests/plugins/")]
    assert not [name for name in names if name.endswith("__init__.py")]


def test_package_data_names_every_kind_of_file_that_is_tracked() -> None:
    patterns = project()["tool"]["setuptools"]["package-data"]["s2st_bench"]  # type: ignore[index]
    names = [name for name in tracked(*FOLDERS)
             if not any(fnmatch.fnmatch(name, skip) for skip in NOT_SHIPPED)]
    left_out = [name for name in names
                if not any(fnmatch.fnmatch(name, p.replace("**/", "*")) for p in patterns)]
    assert left_out == []


def test_a_checkout_without_links_finds_its_plugins(tmp_path: Path) -> None:
    """An archive or file system that lost the links keeps folders beside the package."""
    for name in tracked("s2st_bench", *FOLDERS):
        if (source := ROOT / name).is_file() and not source.is_symlink():
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    code = ("from s2st_bench.registry import Registry; import s2st_bench\n"
            "silent = Registry().get('systems', 'silent').load()\n"
            "print(s2st_bench.__file__, silent.__name__)\n"
            "from s2st_bench.paths import shipped_configs; print(shipped_configs())")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, text=True, check=True,
                          capture_output=True, env={"PYTHONPATH": str(tmp_path)})
    assert "Silent" in done.stdout and str(tmp_path) in done.stdout
    assert str(tmp_path / "configs") in done.stdout


def test_the_plugins_do_not_shadow_other_packages() -> None:
    """`import datasets` in the checkout must not find our folder as a regular package."""
    code = "import importlib.util as u; s = u.find_spec('datasets'); print(s.origin if s else None)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, check=True,
                          capture_output=True)
    assert str(ROOT) not in done.stdout


def test_extras_are_gathered_and_constraints_pin_what_numbers_depend_on() -> None:
    extras = project()["project"]["optional-dependencies"]  # type: ignore[index]
    inside = [name for line in extras["all"]
              for name in line.partition("[")[2].rstrip("]").split(",")]
    # nisqa: not beside comet; launchers: a sweep's, and very many packages
    assert sorted(inside) == sorted(set(extras) - {
        "all", "dev", "slow", "peers", "nisqa", "launchers"})
    for name in ("constraints.txt", "constraints-core.txt"):
        pinned = {line.partition("==")[0] for line in (ROOT / name).read_text().splitlines()
                  if "==" in line}
        assert {"numpy", "sacrebleu", "jiwer", "soundfile", "soxr", "onnxruntime"} <= pinned


def test_the_core_needs_no_heavy_package() -> None:
    needed = {line.split(">")[0] for line in project()["project"]["dependencies"]}  # type: ignore[index]
    assert needed == {"numpy", "sacrebleu", "jiwer", "soundfile", "soxr", "typer", "hydra-core",
                      "pyyaml", "jinja2"}


def test_version_is_written_once() -> None:
    import s2st_bench

    assert project()["project"]["dynamic"] == ["version"]  # type: ignore[index]
    assert s2st_bench.__version__[0].isdigit()
