"""Addresses of folders elsewhere: which they are, and the file system behind them."""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path
from typing import Any

from s2st_bench.cache import standard_folder
from s2st_bench.errors import DependencyError, RunError, UsageError

_ADDRESS = re.compile(r"([a-z][a-z0-9+]+):/+(.*)", re.DOTALL)
_BARE = re.compile(r"(s3|gs|gcs|az|abfs|adl|hdfs|file|local|memory|https?|ftp|sftp|ssh|smb):")
HOME = ".address"
"""A file of a run folder on this machine: the address it is kept at."""
_ROOTED = frozenset({"file", "local", "memory"})
"""Schemes whose paths begin with a slash."""


def address_of(path: Path | str) -> str | None:
    """``s3://bucket/runs`` of a path that is an address (a ``Path`` has one slash less), else none.

    Raises
    ------
    UsageError
        It is an address that names nothing (``s3://``).
    """
    if _BARE.fullmatch(str(path)):
        raise UsageError(f"{path}//: names no bucket and no folder; give one, such as "
                         f"{path}//bucket/runs")
    found = _ADDRESS.fullmatch(str(path))
    if found is None:
        return None
    scheme, rest = found.groups()
    return f"{scheme}://{'/' if scheme in _ROOTED else ''}{rest.rstrip('/')}"


def file_system(address: str) -> tuple[Any, str]:
    """fsspec's file system of an address, and the path on it.

    Raises
    ------
    DependencyError
        fsspec is not installed.
    UsageError
        There is no such file system, or it needs a package of its own.
    """
    try:
        import fsspec
    except ImportError as error:
        raise DependencyError("fsspec", address, "remote") from error
    try:
        system, path = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise UsageError(f"{address}: {' '.join(str(error).split())}; "
                         'pip install "s2st-bench[remote]" reads s3://, other stores have their '
                         "own package (gcsfs, adlfs)") from error
    except Exception as error:  # a store's own refusal: credentials, endpoint
        raise RunError(f"{address}: {type(error).__name__}: {' '.join(str(error).split())}"
                       ) from error
    return system, str(path)


def staging(address: str, use: str) -> Path:
    """The folder on this machine where a run at ``address`` is ``written`` or ``read``."""
    base = standard_folder() or Path(tempfile.gettempdir()) / "s2st-bench"
    digest = hashlib.sha256(address.encode()).hexdigest()[:16]
    return base / "runs" / use / digest / address.rsplit("/", 1)[-1]


def home_of(run: Path) -> str | None:
    """The address that a run folder on this machine is kept at, if it is."""
    try:
        return (run / HOME).read_text("utf-8").strip() or None
    except OSError:
        return None
