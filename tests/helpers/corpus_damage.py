"""Ways to damage a small corpus, and what a check of it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from s2st_bench.build import build_corpus
from s2st_bench.config import Choice
from s2st_bench.corpora import Finding
from s2st_bench.corpus import Corpus
from s2st_bench.registry import Registry

Found = tuple[str, str, int | None]
"""Kind, name of the file, line."""


def corpus(name: str, options: dict[str, Any]) -> Corpus:
    """A corpus from the options of a fixture, built as a run builds it."""
    params = {k: str(v) if isinstance(v, Path) else v for k, v in options.items()
              if k not in ("source_lang", "target_lang")}
    return build_corpus(Choice(name, params), Registry(),
                        source_lang=options.get("source_lang"),
                        target_lang=options.get("target_lang"))


def moved(options: dict[str, Any], old: Path, new: Path) -> dict[str, Any]:
    """The options of a fixture that was copied from ``old`` to ``new``."""
    return {k: new / v.relative_to(old) if isinstance(v, Path) else v for k, v in options.items()}


def places(findings: Iterable[Finding], *, errors_only: bool = False) -> list[Found]:
    return [(f.kind, f.place.file.name if f.place else "", f.place.line if f.place else None)
            for f in findings if f.is_error or not errors_only]


# --- damage --------------------------------------------------------------------------------------


def edit(path: Path, line: int, change: Callable[[str], str]) -> None:
    """Change one line, counted from 1."""
    lines = path.read_bytes().split(b"\n")
    lines[line - 1] = change(lines[line - 1].decode()).encode("utf-8", "surrogateescape")
    path.write_bytes(b"\n".join(lines))


def drop(path: Path, line: int) -> None:
    lines = path.read_bytes().split(b"\n")
    del lines[line - 1]
    path.write_bytes(b"\n".join(lines))


def double(path: Path, line: int) -> None:
    lines = path.read_bytes().split(b"\n")
    lines.insert(line, lines[line - 1])
    path.write_bytes(b"\n".join(lines))


def cut(path: Path, share: float = 0.5) -> None:
    """Cut a file short."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def shorten(path: Path, seconds: float) -> None:
    """A whole audio file that is shorter."""
    samples, rate = soundfile.read(path, dtype="int16")
    soundfile.write(path, samples[: int(seconds * rate)], rate, subtype="PCM_16")


def claim_rate(path: Path, rate_hz: int) -> None:
    """Say another rate in the header; the samples stay."""
    samples, _ = soundfile.read(path, dtype="int16")
    soundfile.write(path, samples, rate_hz, subtype="PCM_16")


def silence(path: Path, seconds: float, rate_hz: int = 16_000) -> None:
    soundfile.write(path, np.zeros(int(seconds * rate_hz), np.int16), rate_hz)
