"""A table of numbers as cells of text, the same for every format."""

from __future__ import annotations

from dataclasses import dataclass

from s2st_bench.standings.columns import Column
from s2st_bench.standings.tables import Group, Row, Table
from s2st_bench.types import Score


@dataclass(frozen=True, slots=True)
class Cell:
    """One number, written."""

    value: str
    """As the board writes it; a dash where there is none."""
    interval: str
    """95 %, empty where there is none."""
    best: bool
    """Found better than every other ranked system."""


@dataclass(frozen=True, slots=True)
class Line:
    """One system of a table."""

    name: str
    point: str
    """The settings that tell it from its family."""
    rank: str
    """Rank, or the range left open; empty: not ranked."""
    note: str
    """Why it has no rank."""
    n: str
    cells: tuple[Cell, ...]


def shown(table: Table) -> tuple[Column, ...]:
    """The columns that any row has a number in."""
    return tuple(column for column in table.columns
                 if any(_score(row, column) is not None for row in table.rows))


def lines(table: Table) -> tuple[Line, ...]:
    """A line for each row, cells for each of :func:`shown`."""
    columns = shown(table)
    return tuple(
        Line(row.entry.name, row.point, rank(row), row.unranked,
             f"{row.entry.n_scored}/{row.entry.n_total}",
             tuple(_cell(row, column) for column in columns))
        for row in table.rows
    )


def rank(row: Row) -> str:
    """``1``, or ``1-3`` where the tests leave a range open."""
    if row.rank is None:
        return ""
    if row.rank_range is None or row.rank_range[0] == row.rank_range[1]:
        return str(row.rank)
    return f"{row.rank_range[0]}-{row.rank_range[1]}"


def heading(column: Column) -> str:
    """Name, direction and unit."""
    way = {True: " ↑", False: " ↓", None: ""}[column.higher_is_better]
    unit = f" ({column.unit})" if column.unit in ("ms", "s", "ms/min") else ""
    return f"{column.metric}{way}{unit}"


def caption(group: Group, table: Table) -> str:
    """What the numbers are of, and how to read them."""
    held = " Synthetic demo data, no benchmark." if group.synthetic else ""
    split = f" {group.split}" if group.split else ""
    stressed = str(group.entries[0].record.corpus_card.get("perturbation") or "")
    split += f" under {stressed}" if stressed else ""
    by = table.quality.metric if table.quality else "name"
    return (f"{group.corpus}{split}, {group.source_lang} to {group.target_lang} (test set "
            f"{group.fingerprint[:8]}), {table.view} latency. Ranked by {by}; rank ranges are what "
            "paired tests of all pairs leave open (Holm). In brackets 95 % intervals; bold: better "
            f"than every other ranked system.{held}")


def _cell(row: Row, column: Column) -> Cell:
    score = _score(row, column)
    if score is None:
        return Cell("–", "", False)
    return Cell(column.text(score.value), column.interval(score.ci95) if score.ci95 else "",
                column.metric in row.best)


def _score(row: Row, column: Column) -> Score | None:
    score = row.entry.scores.get(column.metric)
    return None if score is None or score.value is None else score
