"""Runs Python files and imports packages that lie outside the environment."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from s2st_bench.errors import ConfigError


@contextmanager
def on_path(*folders: Path) -> Iterator[None]:
    """``folders`` at the front of the import path inside the block."""
    before = list(sys.path)
    sys.path[:0] = [str(folder) for folder in folders]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def _other_release(path: Path) -> str:
    """A hint where an agent's text is of the other interface than the one it was imported by."""
    text = path.read_text(encoding="utf-8", errors="replace")
    is_old = "READ_ACTION" in text or "simuleval.states" in text
    is_new = "ReadAction" in text or "simuleval.agents.actions" in text
    if is_old == is_new:
        return ""
    return (f"; it looks written for SimulEval {'1.0' if is_old else '1.1'}, which "
            f"system={'simuleval_v1' if is_old else 'simuleval'} runs")


def module_of_file(path: Path) -> ModuleType:
    """``path``, run as a module of its own.

    Raises
    ------
    ConfigError
        It is not there, or running it fails.
    """
    if not path.is_file():
        raise ConfigError(f"system.agent={path}: no such file")
    # The resolved path keeps two files of one name apart.
    name = f"simuleval_agent_{path.stem.replace('.', '_')}_{abs(hash(str(path.resolve()))):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"system.agent={path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickling look a class' module up by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ConfigError(
            f"system.agent={path}: importing it failed ({type(error).__name__}: {error})"
            f"{_other_release(path)}"
        ) from error
    return module
