"""Damage done to text files of a corpus, and what its check then says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Told = set[tuple[str, str, int | None]]
"""Kind, name of the file, line."""


def line(path: Path, number: int, change: Callable[[str], str] | str | None) -> None:
    """Change line ``number`` (from 1), replace it, or take it out."""
    lines = path.read_bytes().decode().split("\n")
    if change is None:
        del lines[number - 1]
    else:
        lines[number - 1] = change if isinstance(change, str) else change(lines[number - 1])
    path.write_bytes("\n".join(lines).encode())


def swap(path: Path, old: str, new: str) -> None:
    """Replace the one place where ``old`` stands."""
    text = path.read_bytes().decode()
    if text.count(old) != 1:
        raise ValueError(f"{path}: {old!r} stands {text.count(old)} times")
    path.write_bytes(text.replace(old, new).encode())


def cut(path: Path, share: float = 0.5) -> None:
    """Keep the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def told(corpus: Any, severity: str = "error") -> Told:
    """What ``check`` finds of that severity."""
    return {(found.kind, found.place.file.name if found.place else "",
             found.place.line if found.place else None)
            for found in corpus.check() if found.severity == severity}
