"""Where plugins and shipped configurations lie: in a checkout, in a wheel, in a user's folder."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

PLUGIN_PATH_VARIABLE = "S2ST_BENCH_PLUGINS"
"""Environment variable: folders of plugins, separated like ``PATH``."""


def package_roots(package: str) -> list[Path]:
    """The folders of an importable package (a namespace package may have several).

    A top-level package is located without importing it.

    Raises
    ------
    ImportError
        If there is no such package, or it is a plain module.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"no package {package!r}")
    return [Path(root) for root in spec.submodule_search_locations]


def shipped_configs() -> Path:
    """The folder of the configurations that come with the package."""
    import s2st_bench

    for root in s2st_bench.__path__:
        if (folder := Path(root, "configs")).is_dir():
            return folder.resolve()
    raise ImportError("s2st_bench was installed without its configs folder; reinstall it")


def plugin_dirs(given: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Folders of the user's plugins: those given, then those of the environment; resolved, once
    each.  They are not checked for existence here.
    """
    named = [Path(entry) for entry in os.environ.get(PLUGIN_PATH_VARIABLE, "").split(os.pathsep)
             if entry]
    return tuple(dict.fromkeys(path.expanduser().resolve() for path in (*given, *named)))
