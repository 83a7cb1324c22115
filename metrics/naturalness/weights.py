"""A user's own weights: where they are, a name for exactly these, and where torch runs them."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from s2st_bench.errors import ConfigError, DependencyError, InputError

_WEIGHTS = ("*.safetensors", "*.bin", "*.pt", "*.pth", "*.ckpt", "*.jit")
_BLOCK = 1 << 20


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


def digest(path: Path) -> str:
    """12 hex digits of the SHA-256 of a file, or of all weight files of a folder.

    Raises
    ------
    InputError
        A folder without weights.
    """
    files = [path] if path.is_file() else sorted(
        {file for pattern in _WEIGHTS for file in path.glob(pattern)}
    )
    if not files:
        raise InputError(f"{path}: no weights here ({', '.join(_WEIGHTS)})")
    found = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                found.update(block)
    return found.hexdigest()[:12]


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


def pick_device(device: str, torch: Any) -> Any:
    """``auto`` is ``cuda`` where there is one, else ``cpu``."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(device)


def check_device(device: str, feature: str) -> None:
    """Refuse what no torch device is called."""
    if device not in ("auto", "cpu", "cuda") and not device.startswith("cuda:"):
        raise ConfigError(f"{feature}: device={device!r}: auto, cpu, cuda or cuda:N is wanted")
