"""What reading a log gives, and how lines of JSON are read from one that a crash cut short."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from s2st_bench.errors import TraceError
from s2st_bench.resegment import Resegmenter
from s2st_bench.retime import schedule
from s2st_bench.types import Job, Recording, Trace

Ca = Literal["logged", "live"]
"""Aware times as the log has them, or its work laid out as a queue."""

UNKNOWN_LANG = "und"
"""BCP 47 for a language the log does not name."""

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Log:
    """A log as traces and the recordings they are of."""

    traces: tuple[Trace, ...]
    recordings: tuple[Recording, ...]
    ca: str
    """What its computation-aware times mean; empty where it has none."""
    notes: tuple[str, ...] = ()
    """What was odd and how it was read."""
    resegmenter: Resegmenter | None = None
    """Where the log has cut its long recordings itself."""


def json_lines(path: Path, notes: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line's place (``file:line``) and its object; plain or gzip.

    A last line that is cut off ends the log, with a note.

    Raises
    ------
    TraceError
        The file cannot be read, or a line before the last is no JSON object.
    """
    pending: tuple[str, str] | None = None
    for number, line in _lines(path, notes):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        if pending is not None:
            raise TraceError(f"{pending[0]}: not JSON ({pending[1]}); mend or remove the line")
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            pending = where, str(error)
            if not line.endswith("\n"):
                continue
            raise TraceError(f"{where}: not JSON ({error}); mend or remove the line") from None
        if not isinstance(row, dict):
            raise TraceError(f"{where}: a JSON object is wanted, not {type(row).__name__}")
        yield where, row
    if pending is not None:
        notes.append(f"{pending[0]}: the last line is cut off and was left out; "
                     "the log stops in the middle of a recording")


def text_lines(path: Path, notes: list[str]) -> Iterator[tuple[str, str]]:
    """Each line's place (``file:line``) and its text; plain or gzip.

    Raises
    ------
    TraceError
        The file cannot be read or is not UTF-8.
    """
    for number, line in _lines(path, notes):
        yield f"{path}:{number}", line


def number_at(row: dict[str, Any], key: str, where: str) -> float:
    """A finite number of a row.

    Raises
    ------
    TraceError
        It is missing, no number, or not finite.
    """
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or value - value != 0:
        raise TraceError(f"{where}: {key!r} must be a finite number, not {value!r}")
    return float(value)


def numbers_at(row: dict[str, Any], key: str, where: str) -> list[float]:
    """A list of finite numbers of a row; empty where the key is missing."""
    values = row.get(key) or []
    if not isinstance(values, list):
        raise TraceError(f"{where}: {key!r} must be a list of numbers")
    return [number_at({key: value}, key, where) for value in values]


def queued(trace: Trace) -> Trace:
    """The trace with its jobs laid out anew: none begins before its source has arrived and the
    job before it has ended.  What the log says of *when* they ran is given up.
    """
    starts = schedule(trace.steps)

    def moved(job: Job) -> Job:
        start = starts[job.id]
        return replace(job, start_s=start, end_s=start + job.compute_s)

    return replace(trace, steps=tuple(
        replace(step, jobs=tuple(map(moved, step.jobs))) for step in trace.steps
    ))


def _lines(path: Path, notes: list[str]) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with path.open("rb") as probe:
            packed = probe.read(2) == _GZIP
        opened = gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8")
        with opened as lines:
            for number, line in enumerate(lines, 1):
                yield number, line
    except (EOFError, zlib.error):
        notes.append(f"{path}: the compressed file is cut off after line {number}")
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}:{number + 1}: not UTF-8 ({error.reason})") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError(f"{path}: cannot be read ({reason})") from None
