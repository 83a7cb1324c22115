"""A user's own weights: where they are, and what is wrong with an option."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from s2st_bench.errors import ConfigError, DependencyError, InputError


def local(path: str, option: str, feature: str) -> Path:
    """The file or folder that an option names.

    Raises
    ------
    ConfigError
        It names nothing.
    InputError
        There is nothing at that path.
    """
    if not path:
        raise ConfigError(f"{feature}: it needs your copy of the weights: {option}=PATH "
                          "(metrics/naturalness/README.md says which)")
    place = Path(path).expanduser()
    if not place.exists():
        raise InputError(f"{feature}: {option}={path}: no such file or folder")
    return place


def torch_for(feature: str, extra: str) -> Any:
    """torch, or an error with the line that installs it."""
    try:
        import torch
    except ImportError:
        raise DependencyError("torch", feature, extra) from None
    return torch


def version_of(package: str, feature: str, extra: str) -> str:
    """The installed version of a package, or an error with the line that installs it."""
    try:
        return version(package)
    except PackageNotFoundError:
        raise DependencyError(package, feature, extra) from None


def check_device(device: str, feature: str) -> None:
    """Refuse what no torch device is called."""
    if device not in ("auto", "cpu", "cuda") and not device.startswith("cuda:"):
        raise ConfigError(f"{feature}: device={device!r}: auto, cpu, cuda or cuda:N is wanted")
