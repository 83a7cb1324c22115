"""Rows that others published: ``leaderboards/published/rows.csv``, one line per system and point.

They are never ranked, plotted or averaged with what was measured here.  A row stands beside
measured ones only where the test set is the same (corpus, version, split, form, languages, all of
it) and only in the columns named in ``same``, whose definition is known to be this project's:
``BLEU[tok:13a]`` asks that the measured column's signature says so (``a/b``: either; what a field's
value has in brackets does not count).  Aware numbers are never compared: they were measured on
another machine.

Latencies are milliseconds unless ``place`` says otherwise; qualities as the source gives them.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, get_args

from s2st_bench.errors import InputError, UsageError
from s2st_bench.signature import Signature
from s2st_bench.standings.columns import Column
from s2st_bench.standings.tables import Group
from s2st_bench.standings.text import file_key

SHIPPED = Path(__file__).parent.parent / "published" / "rows.csv"
Evidence = Literal["primary", "secondary"]
_NAMES = ("system", "point", "task", "dataset", "version", "split", "form", "source_lang",
          "target_lang", "metrics", "scorer", "source", "place", "evidence", "group", "corpus",
          "same")
_NEEDED = ("system", "task", "dataset", "split", "form", "source_lang", "target_lang", "metrics",
           "scorer", "source", "place", "evidence", "group")
_SAME = re.compile(r"([^\s\[\]]+)(?:\[([^\[\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Published:
    """One system at one operating point, as its source gives it."""

    system: str
    point: str
    task: str
    dataset: str
    version: str
    """Of the data set, where it has several and the source's is known."""
    split: str
    form: str
    source_lang: str
    target_lang: str
    metrics: Mapping[str, float]
    scorer: str
    source: str
    place: str
    evidence: Evidence
    """``primary``: read in the source itself; ``secondary``: as another text reports it."""
    group: str
    """Only rows of one group were scored alike."""
    corpus: str
    """The data set's name here; empty where there is no reader for it."""
    same: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Metric here to what its signature must say: field to the values allowed."""

    @property
    def key(self) -> str:
        return file_key(f"{self.group} {self.system} {self.point}")

    def beside(self, column: Column) -> float | None:
        """Its value for a measured column, if that was made the same way."""
        asked = self.same.get(column.metric)
        if asked is None or column.metric not in self.metrics:
            return None
        try:
            said = dict(Signature.parse(column.signature).fields)
        except UsageError:
            return None  # a run may say anything of itself; what cannot be read matches nothing
        held = all(said.get(name, "").partition("(")[0] in allowed
                   for name, allowed in asked.items())
        return self.metrics[column.metric] if held else None


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that were scored alike, for one table."""

    key: str
    rows: tuple[Published, ...]
    metrics: tuple[str, ...]

    @property
    def first(self) -> Published:
        return self.rows[0]


def read_published(path: Path = SHIPPED) -> tuple[Published, ...]:
    """The rows of a file.

    Raises
    ------
    InputError
        Naming the file, the line and what is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        if tuple(reader.fieldnames or ()) != _NAMES:
            raise ValueError(f"the columns must be {','.join(_NAMES)}")
        for row in reader:
            rows.append(_row(row))
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path}:{reader.line_num}: {error}") from None
    return tuple(rows)


def blocks(rows: Sequence[Published]) -> tuple[Block, ...]:
    """Tables of a page: one for each group."""
    ordered = sorted(rows, key=lambda row: (row.dataset, row.form, row.group))
    return tuple(_block(key, tuple(members))
                 for key, members in groupby(ordered, key=lambda row: row.group))


def comparable(rows: Sequence[Published], group: Group) -> tuple[Published, ...]:
    """The rows of a group's very test set, in the file's order."""
    record = group.entries[0].record
    settings = record.config.get("dataset")
    asked: Mapping[str, object] = settings if isinstance(settings, Mapping) else {}
    if any(asked.get(name) not in (None, "") for name in ("limit", "ids")):
        return ()  # a part of the test set is another test set
    here = (_plain(group.corpus), _plain(group.split), str(asked.get("form") or ""),
            group.source_lang, group.target_lang)
    version = str(asked.get("version") or "")
    return tuple(
        row for row in rows
        if row.corpus and row.same and row.version == version and here == (
            _plain(row.corpus), _plain(row.split), row.form, row.source_lang, row.target_lang))


def _block(key: str, rows: tuple[Published, ...]) -> Block:
    return Block(key, rows, tuple(dict.fromkeys(name for row in rows for name in row.metrics)))


def _row(row: Mapping[str | None, str | None]) -> Published:
    if None in row or None in row.values():
        raise ValueError("not as many cells as columns")
    cells = {str(name): str(value).strip() for name, value in row.items()}
    if empty := [name for name in _NEEDED if not cells[name]]:
        raise ValueError(f"{', '.join(empty)}: empty")
    if cells["evidence"] not in get_args(Evidence):
        raise ValueError(f"evidence: must be primary or secondary, not {cells['evidence']!r}")
    evidence: Evidence = "primary" if cells["evidence"] == "primary" else "secondary"
    texts = {name: cells[name] for name in _NAMES if name not in ("metrics", "evidence", "same")}
    return Published(**texts, metrics=_metrics(cells["metrics"]), evidence=evidence,
                     same=_conditions(cells["same"]))


def _metrics(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in text.split():
        name, _, written = part.partition("=")
        try:
            value = float(written)
        except ValueError:
            raise ValueError(f"metrics: {part!r} is not NAME=NUMBER") from None
        if not name or not math.isfinite(value) or name in found:
            raise ValueError(f"metrics: {part!r} is not NAME=NUMBER, or stands twice")
        found[name] = value
    return found


def _conditions(text: str) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for part in text.split():
        match = _SAME.fullmatch(part)
        if match is None:
            raise ValueError(f"same: {part!r} is not METRIC or METRIC[field:value,…]")
        found[match[1]] = {}
        for condition in filter(None, (match[2] or "").split(",")):
            name, separator, values = condition.partition(":")
            if not separator:
                raise ValueError(f"same: {condition!r} is not field:value")
            found[match[1]][name] = tuple(values.split("/"))
    return found


def _plain(name: str) -> str:
    """``MuST-C`` and ``mustc`` are one name."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
