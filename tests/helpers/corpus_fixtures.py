"""Small corpora as pytest fixtures: made once a module, copied for each test that damages one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from corpus_damage import moved
from s2st_bench.corpora.fixtures import make
from s2st_bench.errors import DependencyError

Made = tuple[Path, dict[str, Any]]
"""Where a corpus is, and the options it is read with."""


def made_once(parts: Mapping[str, str]) -> Any:
    """Fixture ``made``: the corpora of a module in one folder, each below the path it is given
    (``.``: the folder itself).
    """
    @pytest.fixture(scope="module")
    def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("corpus")
        try:
            for name, below in parts.items():
                make(name, folder / below)
        except DependencyError as error:
            pytest.skip(str(error))
        return folder

    return made


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of ``made`` to damage."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


def all_made_once(names: Sequence[str]) -> Any:
    """Fixture ``made``: several corpora, each in a folder of its own, with their options."""
    @pytest.fixture(scope="module")
    def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
        pytest.importorskip("espeakng_loader", reason="fixtures are spoken: pip install …[cascade]")
        root = tmp_path_factory.mktemp("corpora")
        return {name: (root / name, make(name, root / name)) for name in names}

    return made


@pytest.fixture
def copied(made: dict[str, Made], tmp_path: Path) -> Callable[[str], Made]:
    """Copies one of ``made`` to damage."""
    def copy(name: str) -> Made:
        old, options = made[name]
        shutil.copytree(old, tmp_path / name)
        return tmp_path / name, moved(options, old, tmp_path / name)

    return copy
