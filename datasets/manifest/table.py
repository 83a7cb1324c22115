"""Read a table of recordings: TSV or JSONL, one row a line, each cell checked.

A line ends at ``\\n`` only; U+2028, U+0085 and the like stay inside their cell.  A byte order mark
at the start and a carriage return before the line's end are not part of any cell.  TSV has no
quoting: a quotation mark is a character.  Every error names the file and the line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from s2st_bench.corpora import Finding, Lines, Place
from s2st_bench.errors import CorpusError, DamagedCorpus

FIXED: Final = frozenset({"id", "audio", "text", "lang", "transcript", "speaker", "offset",
                          "duration", "cluster"})
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its cells by column, absent and empty ones left out."""

    path: Path
    line: int
    cells: Mapping[str, str]

    def error(self, message: str, kind: str = "bad-row") -> DamagedCorpus:
        return damaged(self.path, self.line, message, kind)

    def seconds(self, column: str) -> float | None:
        """A finite number of seconds, not negative; none when the cell is empty."""
        text = self.cells.get(column)
        if text is None:
            return None
        return seconds(text, column, self)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(column for column in self.cells if column not in FIXED)


def damaged(
    path: Path, line: int | None, message: str, kind: str = "bad-row"
) -> DamagedCorpus:
    """An error from "what is wrong; what to do"."""
    problem, _, remedy = message.partition("; ")
    return Finding(kind, Place(path, line), problem, remedy or "correct the list").damage()


def seconds(text: str, column: str, row: Row) -> float:
    try:
        value = float(text)
    except ValueError:
        raise row.error(f"{column} is {text!r}, not a number of seconds") from None
    if not math.isfinite(value) or value < 0:
        raise row.error(f"{column} is {text}; give a finite number of seconds, 0 or more")
    return value


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of every line that is not blank.

    Raises
    ------
    DamagedCorpus
        When the file cannot be read or is not UTF-8.
    """
    found = Lines(path)
    for line in found:
        if line.strip(" \t"):
            yield found.number, line


def read(path: Path) -> list[Row]:
    """All rows of a ``.tsv`` or ``.jsonl`` file, every column known, every row whole.

    Raises
    ------
    CorpusError
        Naming file and line.
    """
    if path.suffix not in (".tsv", ".jsonl"):
        raise CorpusError(f"{path}: a manifest ends in .tsv or .jsonl")
    rows = list(_tsv(path) if path.suffix == ".tsv" else _jsonl(path))
    if not rows:
        raise damaged(path, None, "lists no recording", "no-segments")
    return rows


def _check_columns(columns: Sequence[str], path: Path, line: int) -> None:
    for column in columns:
        if column not in FIXED and not _LANGUAGE.fullmatch(column):
            raise damaged(path, line, f"unknown column {column!r}; known are "
                              f"{', '.join(sorted(FIXED))} and language codes like es or zh-CN")
        if columns.count(column) > 1:
            raise damaged(path, line, f"column {column!r} appears twice")
    if "audio" not in columns and "text" not in columns:
        raise damaged(path, line, "no column 'audio' (or 'text' for text input)")


def _check_cell(text: str, column: str, path: Path, line: int) -> None:
    if _CONTROL.search(text):
        raise damaged(path, line, f"control character in {column}; remove it")


def _tsv(path: Path) -> Iterator[Row]:
    found = lines(path)
    first = next(found, None)
    if first is None:
        raise damaged(path, 1, "is empty; its first line names the columns")
    columns = first[1].split("\t")
    _check_columns(columns, path, first[0])
    for number, line in found:
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise damaged(path, number, f"{len(cells)} columns, the header has "
                              f"{len(columns)} ({', '.join(columns)})")
        for column, cell in zip(columns, cells, strict=True):
            _check_cell(cell, column, path, number)
        yield Row(path, number, {c: cell.strip() for c, cell in zip(columns, cells, strict=True)
                                 if cell.strip()})


def _jsonl(path: Path) -> Iterator[Row]:
    for number, line in lines(path):
        try:
            # NaN is no JSON; as text it is refused where a number is wanted.
            record = json.loads(line, parse_constant=str)
        except ValueError as error:
            raise damaged(path, number, f"not JSON ({error})") from None
        if not isinstance(record, dict):
            raise damaged(path, number, "a row is an object {\"audio\": …}")
        _check_columns(list(record), path, number)
        cells = {}
        for column, value in record.items():
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise damaged(path, number, f"{column} must be text or a number")
            text = str(value)
            _check_cell(text, column, path, number)
            if text.strip():
                cells[column] = text.strip()
        yield Row(path, number, cells)
