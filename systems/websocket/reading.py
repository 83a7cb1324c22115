"""A protocol from a YAML file or from what a run's configuration holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s2st_bench.config import REDACTED
from s2st_bench.errors import ConfigError
from s2st_bench.params import construct

from .protocol import Protocol


def read_protocol(given: Any, where: str = "system.protocol") -> Protocol:
    """A protocol from a mapping, or from the YAML file of a path.

    Raises
    ------
    ConfigError
        Naming the file or option, the key, what was expected and the nearest known key.
    """
    if isinstance(given, str | Path) and str(given):
        where = str(given)
        given = _read_file(Path(given))
    if given is None:
        raise ConfigError(f"{where} is missing: give {where}=FILE, a YAML that says how the "
                          "service is spoken to (`s2st-bench show websocket`)")
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where}: expected a mapping with url, audio, receive; or a file")
    if _holds(given, REDACTED):
        raise ConfigError(f"{where}: a value stands as {REDACTED}, as run folders keep secrets; "
                          f"give the file again: {where}=FILE")
    return construct(Protocol, given, where)


def _holds(value: Any, text: str) -> bool:
    if isinstance(value, Mapping):
        return any(_holds(item, text) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_holds(item, text) for item in value)
    return bool(value == text)


def _read_file(path: Path) -> Any:
    import yaml

    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"system.protocol={path}: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from error
    if isinstance(values, Mapping) and isinstance(inner := values.get("protocol"), Mapping):
        return inner  # a system's own config file, as it ships
    return values
