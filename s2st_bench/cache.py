"""What took long to compute from audio, kept by what it was computed from.

A *key* names the audio (:func:`s2st_bench.sound.digest`), what was done and with which settings;
a value is anything JSON holds.  Nothing else enters, so a stored value is as good as a new one.
The folder is ``S2ST_BENCH_CACHE``, or ``s2st-bench`` in the user's cache folder; ``off`` keeps
nothing.  A damaged or unwritable file is as if it were not there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "S2ST_BENCH_CACHE"
OFF: Final = "off"


def standard_folder() -> Path | None:
    """Where values are kept; none where the user wants none kept."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return None if named in ("", OFF) else Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return Path(base).expanduser() / "s2st-bench"
    except RuntimeError:  # a user without a home
        return None


class Cache:
    """Values on disk, and those of this object in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._memory: dict[str, Any] = {}

    @classmethod
    def standard(cls) -> Cache:
        return cls(standard_folder())

    def get(self, key: Mapping[str, Any], compute: Callable[[], Any]) -> Any:
        """The value of ``key``, computed where it is not kept."""
        name = _name(key)
        if name in self._memory:
            return self._memory[name]
        path = None if self._folder is None else self._folder / name[:2] / f"{name}.json"
        found = None if path is None else _read(path)
        if found is None:
            found = {"key": dict(key), "value": compute()}
            if path is not None:
                _write(path, found)
        self._memory[name] = found["value"]
        return found["value"]

    def holds(self, key: Mapping[str, Any]) -> bool:
        """Whether the value is kept."""
        name = _name(key)
        if name in self._memory:
            return True
        return (self._folder is not None
                and _read(self._folder / name[:2] / f"{name}.json") is not None)


def _name(key: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:40]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "value" in found else None


def _write(path: Path, row: Mapping[str, Any]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(row, ensure_ascii=False), "utf-8")
        beside.replace(path)
    except OSError:  # a full or read-only disk costs time, not the score
        try:
            beside.unlink(missing_ok=True)
        except OSError:
            return
