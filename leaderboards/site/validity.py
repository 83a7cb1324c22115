"""The page of the metrics' validity: ``validity.json`` of ``s2st-bench validity`` as tables.

The file's shape is described in :mod:`s2st_bench.validity.report`; it is read here as anybody's
file: what is not of that shape is refused by name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError

VERSION = 1
_HEAD = ("metric", "unit", "known", "measured", "scored", "bias", "slope", "known slope",
         "monotone", "ordered", "discriminates")
_RESEG_HEAD = ("noise", "resegmenter", "words right", "boundaries right",
               "boundary error, words", "LongYAAL, ms", "known, ms", "error, ms")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of texts."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Validity:
    """What the page shows."""

    notice: str
    tables: tuple[Table, ...]


def read_validity(path: Path) -> Validity:
    """The tables of a ``validity.json``.

    Raises
    ------
    InputError
        Naming the file and what is wrong with it.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it with "
                         "s2st-bench validity --out DIR") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error})") from None
    if not isinstance(data, Mapping) or data.get("version") != VERSION:
        raise InputError(f"{path}: not a validity file of version {VERSION}; make it with "
                         "s2st-bench validity --out DIR")
    try:
        return Validity(_notice(data["corpus"]), (*_studies(data["rows"]),
                                                  *_resegmentation(data["resegmentation"])))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{path}: a row is not of the shape that s2st-bench validity writes "
                         f"({type(error).__name__}: {error})") from None


def _notice(corpus: Mapping[str, Any]) -> str:
    return (f"{corpus['notice']}: {int(corpus['short'])} sentences, {int(corpus['long'])} talks, "
            f"{corpus['source_lang']}-{corpus['target_lang']}")


def _studies(rows: list[Mapping[str, Any]]) -> list[Table]:
    tables = []
    for (form, knob), members in groupby(rows, key=lambda row: (row["form"], row["knob"])):
        found = list(members)
        levels = ", ".join(map(_number, found[0]["levels"]))
        title = f"{knob} ({found[0]['knob_unit']}), {form} form: {levels}"
        tables.append(Table(title, _HEAD, tuple(map(_cells, found))))
    return tables


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    extra = [str(part) for part in (row["ca"] and f"ca {row['ca']}", row["cut"]) if part]
    counts = sorted(map(int, row["n_scored"]))
    return (
        f"{row['metric']} ({', '.join(extra)})" if extra else str(row["metric"]),
        str(row["unit"]) or "–",
        " ".join(map(_number, row["known"])) if row["known"] else "–",
        " ".join(map(_number, row["values"])),
        f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]}–{counts[-1]}",
        *(_number(row[name]) for name in ("bias", "slope", "expected_slope")),
        _yes(row["monotone"]), _share(row["ordered"]), _yes(row["discriminates"]),
    )


def _resegmentation(rows: list[Mapping[str, Any]]) -> list[Table]:
    if not rows:
        return []
    cells = tuple(
        (str(row["condition"]), str(row["resegmenter"]), _share(row["word_accuracy"]),
         _share(row["boundary_accuracy"]), f"{float(row['boundary_error']):.2f}",
         *(_number(row[name]) for name in ("value_ms", "known_ms", "error_ms")))
        for row in rows
    )
    return [Table("Resegmenters on sentences joined to a talk", _RESEG_HEAD, cells)]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    found = float(value)
    if not math.isfinite(found):
        raise ValueError(f"{value} is not a finite number")
    text = f"{found:.0f}" if abs(found) >= 10 else f"{round(found, 3) + 0.0:g}"
    return text.replace("-", "−")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100.0 * float(value):.1f}%"


def _yes(value: bool | None) -> str:
    return "–" if value is None else "yes" if value else "no"
