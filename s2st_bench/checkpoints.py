"""Where a model's weights are, and a name for exactly these weights.

A *checkpoint* is a path on this machine or a name on the Hugging Face hub (``owner/name``).  A
path that exists is never looked up on the hub.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from s2st_bench.errors import ConfigError, DependencyError, InputError

_WEIGHTS = ("*.safetensors", "*.bin", "*.ckpt", "*.pt", "*.pth", "*.jit")
_BLOCK = 1 << 20
_HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


def check_name(checkpoint: str, feature: str) -> None:
    """Refuse what is neither a path here nor like a name on the hub, before anything is loaded.

    Raises
    ------
    InputError
    """
    if Path(checkpoint).expanduser().exists() or _HUB_NAME.fullmatch(checkpoint):
        return
    raise InputError(f"{feature}: checkpoint {checkpoint!r}: no such file or folder, and no name "
                     "on the hub (owner/name)")


def local_folder(checkpoint: str, feature: str) -> Path:
    """The folder of a checkpoint, fetched from the hub where it is no path here.

    Raises
    ------
    InputError
        There is no such path, and the hub has no such name or cannot be reached.
    DependencyError
        The hub's client is not installed.
    """
    check_name(checkpoint, feature)
    path = Path(checkpoint).expanduser()
    if path.exists():
        return path
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
        from requests import RequestException
    except ImportError as error:
        raise DependencyError(error.name or "huggingface_hub", feature, "transformers") from None
    try:
        return Path(snapshot_download(checkpoint))
    except (HfHubHTTPError, HFValidationError, RequestException, OSError, ValueError) as error:
        reason = " ".join(str(error).split()).partition(". ")[0][:200]
        raise InputError(
            f"{feature}: checkpoint {checkpoint}: no such path, and it could not be fetched from "
            f"the hub ({type(error).__name__}: {reason}); give the path of a downloaded copy, or "
            "accept its licence on the hub and log in"
        ) from error


def digest(path: Path) -> str:
    """12 hex digits of the weights' SHA-256: of one file, or of all weight files of a folder.

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


def short_name(checkpoint: str) -> str:
    """What a signature calls a checkpoint: the hub's name, or the last part of a path."""
    if Path(checkpoint).expanduser().exists():
        return Path(checkpoint).expanduser().resolve().name
    return checkpoint


def pick_device(device: str) -> str:
    """``auto`` as ``cuda`` where there is one, else ``cpu``; others as they are.

    Raises
    ------
    ConfigError
        No such device here.
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"device={device} cannot be used here ({reason}): device=auto takes "
                          "what there is") from None
    return device


def transformers_version(library: Any) -> tuple[int, int]:
    """Major and minor version of transformers."""
    major, minor, *_ = str(library.__version__).split(".")
    return int(major), int(minor)


def dtype_option(library: Any, dtype: Any) -> dict[str, Any]:
    """The keyword by which this version of transformers is told the precision of weights."""
    return {"dtype" if transformers_version(library) >= (4, 56) else "torch_dtype": dtype}
