"""Sheets of human judgements: one judgement a line, as CSV, TSV or JSON lines.

Columns (keys of JSON lines): ``item``, ``rater``, ``score`` or ``severity``; where they are
there, ``system``, ``fragment`` (a part of an item that is judged by itself) and ``category``.
Others are passed over.  A damaged sheet is refused whole, with one message that names the line.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from s2st_bench.errors import InputError

Row = Mapping[str, str]
Key = tuple[str, str, str, str]
"""System, item, fragment, rater."""

MOST_BYTES = 200_000_000
_YES = frozenset({"1", "1.0", "yes", "true", "valid"})
_NO = frozenset({"0", "0.0", "no", "false", "invalid"})
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one rater said of one fragment."""

    system: str
    """Empty where the sheet has no such column."""
    item: str
    fragment: str
    rater: str
    value: float
    line: int


def yes_or_no(text: str) -> float:
    """1 of yes, true, valid; 0 of no, false, invalid."""
    said = text.casefold()
    if said not in _YES | _NO:
        raise ValueError("1 or 0 (yes or no) is meant")
    return float(said in _YES)


def percentage(text: str) -> float:
    """A number from 0 to 100."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 100.0:
        raise ValueError("a number from 0 to 100 is meant")
    return value


def scores(path: Path, read: Callable[[str], float]) -> tuple[Judgement, ...]:
    """Judgements of a sheet with a ``score``, one per rater and fragment.

    Raises
    ------
    InputError
        Naming file and line: a column is missing, a value is out of range, two judgements of
        the same fragment by one rater, or there is none at all.
    """
    found: dict[Key, Judgement] = {}
    for line, row in rows(path, ("item", "rater", "score")):
        try:
            value = read(row["score"])
        except ValueError as error:
            raise InputError(f"{path}:{line}: score {_shown(row['score'])}: {error}") from None
        key = key_of(row)
        if key in found:
            raise InputError(f"{path}:{line}: rater {_shown(key[3])} judges item {_shown(key[1])} "
                             f"again (line {found[key].line}); number its parts in a column "
                             "'fragment', or leave one out")
        found[key] = Judgement(*key, value, line)
    return _some(path, found)


def penalties(path: Path, read: Callable[[str, str], float | None]) -> tuple[Judgement, ...]:
    """Judgements of a sheet of errors, one line each: the sum of their penalties.

    ``read`` gives the penalty of (severity, category), or none for the line that says that there
    was no error.

    Raises
    ------
    InputError
        As of :func:`scores`; also where a rater names errors in what they called free of them.
    """
    found: dict[Key, Judgement] = {}
    clean: dict[Key, int] = {}
    for line, row in rows(path, ("item", "rater", "severity")):
        key = key_of(row)
        try:
            penalty = read(row["severity"], row.get("category", ""))
        except ValueError as error:
            raise InputError(
                f"{path}:{line}: severity {_shown(row['severity'])}: {error}") from None
        before = found.get(key)
        if penalty is None:
            clean[key] = line
        if key in clean and (before is not None or penalty is not None):
            raise InputError(f"{path}:{line}: rater {_shown(key[3])} calls item {_shown(key[1])} "
                             f"free of errors in line {clean[key]} and says more of it; leave one "
                             "out")
        already = before.value if before else 0.0
        found[key] = Judgement(*key, already + (penalty or 0.0), before.line if before else line)
    return _some(path, found)


def rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    """Each line with its number; keys in lower case, values stripped.

    Raises
    ------
    InputError
        The file cannot be read, is no table, or lacks a needed column or value.
    """
    kind = path.suffix.lower()
    if kind not in (*_DELIMITERS, ".jsonl"):
        raise InputError(f"{path}: a sheet is .csv, .tsv or .jsonl")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path}: larger than {MOST_BYTES // 1_000_000} MB; is it a sheet of "
                             "judgements?")
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = _json_lines(file, path) if kind == ".jsonl" else \
                _table(file, path, _DELIMITERS[kind], needed)
            for line, row in found:
                if lacking := [name for name in needed if not row.get(name)]:
                    raise InputError(f"{path}:{line}: no {lacking[0]}; every line has "
                                     f"{', '.join(needed)}")
                yield line, row
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is no UTF-8 text") from None


def key_of(row: Row) -> Key:
    return row.get("system", ""), row["item"], row.get("fragment", ""), row["rater"]


def _table(
    file: Iterator[str], path: Path, delimiter: str, needed: tuple[str, ...]
) -> Iterator[tuple[int, Row]]:
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        if lacking := [name for name in needed if name not in head]:
            raise InputError(f"{path}:1: no column {lacking[0]!r} among "
                             f"{', '.join(map(_shown, head[:20])) or 'none'}; "
                             f"{', '.join(needed)} are needed")
        if len(set(head)) < len(head):
            raise InputError(f"{path}:1: a column stands twice")
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            if len(fields) != len(head):
                raise InputError(f"{path}:{reader.line_num}: {len(fields)} fields under "
                                 f"{len(head)} columns")
            yield reader.line_num, {
                name: field.strip() for name, field in zip(head, fields, strict=True)}
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {error}") from None


def _json_lines(file: Iterator[str], path: Path) -> Iterator[tuple[int, Row]]:
    for number, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise InputError(f"{path}:{number}: is no JSON") from None
        if not isinstance(found, dict):
            raise InputError(f"{path}:{number}: an object such as {{\"item\": …}} is meant")
        yield number, {str(key).strip().lower(): _text(value) for key, value in found.items()}


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _some(path: Path, found: Mapping[Key, Judgement]) -> tuple[Judgement, ...]:
    if not found:
        raise InputError(f"{path}: holds no judgement")
    return tuple(found.values())


def _shown(text: str) -> str:
    """A text as a message can hold it."""
    return repr(text if len(text) <= 60 else text[:60] + "…")
