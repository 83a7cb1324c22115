"""Finds the agent class that the options name: a file, a dotted class, or a system folder."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from s2st_bench.errors import ConfigError

from .imports import module_of_file, on_path


def from_file(path: Path, class_name: str | None) -> Any:
    """The agent class of a Python file: the one marked ``@entrypoint``, or ``class_name``.

    Raises
    ------
    ConfigError
        The file cannot be run, or does not say which class is meant.
    """
    module, marked = _run_file(path)
    if class_name is not None:
        wanted = class_name.rpartition(".")[2]
        found = getattr(module, wanted, None)
        if not isinstance(found, type):
            raise ConfigError(f"system.agent_class={class_name}: {path} has no class {wanted}")
        return found
    return only(marked, f"system.agent={path}")


def only(marked: list[Any], where: str) -> Any:
    """The one class of ``marked``.

    Raises
    ------
    ConfigError
        There is none, or more than one.
    """
    if len(marked) != 1:
        names = ", ".join(each.__name__ for each in marked) or "no class"
        raise ConfigError(
            f"{where}: {names} marked with simuleval's @entrypoint, one is wanted; "
            "say which with system.agent_class=NAME"
        )
    return marked[0]


def from_name(dotted: str) -> Any:
    """The class at ``package.module.Class``.

    Raises
    ------
    ConfigError
        It cannot be imported.
    """
    module_name, _, class_name = dotted.rpartition(".")
    if not module_name:
        raise ConfigError(
            f"system.agent_class={dotted}: a dotted path (package.module.Class) is wanted"
        )
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise ConfigError(
            f"system.agent_class={dotted}: importing {module_name} failed "
            f"({type(error).__name__}: {error}); a package outside the environment is named with "
            "system.user_dir=FOLDER"
        ) from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise ConfigError(f"system.agent_class={dotted}: {module_name} has no class {class_name}")
    return found


def read_folder(folder: Path, config_name: str) -> dict[str, Any]:
    """The config file of a system folder, which names its ``agent_class`` and arguments.

    Raises
    ------
    ConfigError
        It is missing or not such a file.
    """
    path = folder / config_name
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"system.system_dir: cannot read {path} ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not YAML ({error})") from None
    if not isinstance(config, dict) or not isinstance(config.get("agent_class"), str):
        raise ConfigError(f"{path}: a mapping with agent_class: package.module.Class is wanted")
    return config


def import_user_dir(folder: Path) -> list[Any]:
    """Import a package of agents by its folder; returns its classes marked ``@entrypoint``.

    Raises
    ------
    ConfigError
        There is no such folder, importing it fails, or another package has its name.
    """
    from simuleval.utils import EVALUATION_SYSTEM_LIST

    folder = folder.resolve()
    if not folder.is_dir():
        raise ConfigError(f"system.user_dir={folder}: no such folder")
    with on_path(folder.parent):
        try:
            package = importlib.import_module(folder.name)
        except Exception as error:
            raise ConfigError(
                f"system.user_dir={folder}: importing it failed ({type(error).__name__}: {error})"
            ) from error
    if folder not in map(Path, getattr(package, "__path__", ())):
        raise ConfigError(
            f"system.user_dir={folder}: another module named {folder.name} is already imported "
            f"({getattr(package, '__file__', 'built in')}); rename the folder"
        )
    return [
        marked for marked in EVALUATION_SYSTEM_LIST
        if marked.__module__.partition(".")[0] == folder.name
    ]


def _run_file(path: Path) -> tuple[ModuleType, list[Any]]:
    """The file as a module, and the classes it marked with ``@entrypoint``."""
    from simuleval.utils import EVALUATION_SYSTEM_LIST

    already = list(EVALUATION_SYSTEM_LIST)
    try:
        module = module_of_file(path)
        return module, EVALUATION_SYSTEM_LIST[len(already):]
    finally:
        EVALUATION_SYSTEM_LIST[:] = already
