"""Quality against latency for print: PDF and SVG, by matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s2st_bench.errors import DependencyError
from s2st_bench.standings.columns import Column
from s2st_bench.standings.tables import Row, Table, names_in_order
from s2st_bench.standings.text import label
from s2st_bench.types import Score

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999933")
"""Okabe and Ito's, told apart by colour-blind readers too."""
_ABREAST = 3
"""Names in a line of the legend."""
_SHAPES = "osD^vP*X"


def draw(table: Table, stem: Path) -> list[Path]:
    """``STEM.pdf`` and ``STEM.svg`` of a table with two systems or more; else nothing.

    Raises
    ------
    DependencyError
        matplotlib is not installed.
    """
    quality, latency = table.quality, table.latency
    if quality is None or latency is None:
        return []
    rows = [row for row in table.rows if not row.unranked
            and _score(row, quality) is not None and _score(row, latency) is not None]
    offline = [row for row in table.rows if row.entry.offline and _score(row, quality) is not None]
    if len(rows) < 2:
        return []
    try:
        import matplotlib
    except ImportError:
        raise DependencyError("matplotlib", "plots", "reports") from None
    from matplotlib.figure import Figure

    # the same file for the same runs: no date, no random ids; text stays text
    with matplotlib.rc_context({"svg.hashsalt": "s2st_bench", "svg.fonttype": "none",
                                "pdf.fonttype": 42, "font.size": 8}):
        families = _families(rows)
        figure = Figure(figsize=(3.4, 2.4 + 0.13 * math.ceil(len(families) / _ABREAST)),
                        layout="constrained")
        axes = figure.add_subplot()
        # numbered over all runs: a system has one colour, aware and unaware
        names = names_in_order(table.rows)
        for name in sorted(families):
            _family(axes, label(name, 40), families[name], quality, latency, names.index(name))
        for row in offline:
            value = float(_value(row, quality))
            axes.axhline(value, color="0.5", linestyle="--", linewidth=0.8)
            axes.annotate(label(row.entry.name, 40), (1, value), xycoords=("axes fraction", "data"),
                          ha="right", va="bottom", color="0.4", fontsize=6)
        axes.set_xlabel(f"{latency.metric} ({latency.unit})".replace(" ()", ""))
        axes.set_ylabel(quality.metric)
        axes.grid(color="0.9", linewidth=0.5)
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        # below the axes: inside, it would lie on intervals
        figure.legend(fontsize=6, frameon=False, loc="outside lower center", ncols=_ABREAST)
        stem.parent.mkdir(parents=True, exist_ok=True)
        written = []
        for suffix, metadata in ((".pdf", {"CreationDate": None}), (".svg", {"Date": None})):
            path = stem.with_name(stem.name + suffix)
            figure.savefig(path, metadata=metadata)
            written.append(path)
    return written


def _family(
    axes: Any, name: str, rows: Sequence[Row], quality: Column, latency: Column, number: int
) -> None:
    ordered = sorted(rows, key=lambda row: _value(row, latency))
    xs, ys = ([_value(row, column) for row in ordered] for column in (latency, quality))
    colour = _COLOURS[number % len(_COLOURS)]
    shape = _SHAPES[number // len(_COLOURS) % len(_SHAPES)] if number >= len(_COLOURS) else "o"
    axes.errorbar(xs, ys, xerr=_arms(ordered, latency), yerr=_arms(ordered, quality), color=colour,
                  marker=shape, markersize=3.5, linewidth=0.9, elinewidth=0.5, capsize=0,
                  label=name)


def _arms(rows: Sequence[Row], column: Column) -> list[list[float]]:
    """How far intervals reach below and above their values; 0 where there is none."""
    below, above = [], []
    for row in rows:
        value = _value(row, column)
        low, high = _interval(row, column) or (value, value)
        below.append(max(0.0, value - low))
        above.append(max(0.0, high - value))
    return [below, above]


def _families(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.entry.name, []).append(row)
    return found


def _score(row: Row, column: Column) -> Score | None:
    score = row.entry.scores.get(column.metric)
    return None if score is None or score.value is None else score


def _value(row: Row, column: Column) -> float:
    score = _score(row, column)
    return float("nan") if score is None or score.value is None else score.value


def _interval(row: Row, column: Column) -> tuple[float, float] | None:
    score = _score(row, column)
    return None if score is None else score.ci95
