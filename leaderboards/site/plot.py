"""Geometry of the quality–latency plot; the template draws it.

One point per entry, points of one family joined in order of latency; crosses are 95 % intervals,
the band joins a family's intervals of quality; an ``offline`` system is a line across, since its
latency says nothing; the front is the entries that none beats in both.  In the aware view every
aware point carries a thin line back to its unaware latency, the cost of computation.

User units of the drawing are CSS pixels of a plot 600 wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from s2st_bench.standings.columns import AWARE_SUFFIX, Column
from s2st_bench.standings.tables import Row, Table, names_in_order
from s2st_bench.types import Score

WIDTH, HEIGHT = 600, 370
LEFT, RIGHT, TOP, BOTTOM = 68, 92, 12, 48
N_COLOURS, N_SHAPES = 8, 4
_LABEL_GAP, _LABEL_WIDTH = 13, 90


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale with round ticks."""

    low: float
    high: float
    start: float
    stop: float
    ticks: tuple[float, ...]

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 1)


@dataclass(frozen=True, slots=True)
class Point:
    """One entry on the plot."""

    row: Row
    x: float
    y: float
    x_interval: tuple[float, float] | None
    y_interval: tuple[float, float] | None
    unaware_x: float | None
    """Where it stands without its computation; none in the unaware view."""
    tip: str


@dataclass(frozen=True, slots=True)
class Family:
    """The points of one system, by latency."""

    name: str
    colour: int
    shape: int
    points: tuple[Point, ...]
    line: str
    """``points`` attribute of the line that joins them; empty for a single one."""
    unaware_line: str
    """The same through where they stand without computation; empty in the unaware view."""
    band: str
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class Line:
    """The quality of an offline system."""

    label: str
    y: float
    interval: tuple[float, float] | None
    tip: str


@dataclass(frozen=True, slots=True)
class Plot:
    """All that is drawn."""

    quality: Column
    latency: Column
    x: Scale
    y: Scale
    families: tuple[Family, ...]
    offline: tuple[Line, ...]
    front: str
    n_points: int
    left_out: tuple[str, ...]
    """Entries without one of the two numbers, and why."""


def make_plot(table: Table) -> Plot | None:
    """The plot of a table, or none where there are not two entries to compare."""
    quality, latency = table.quality, table.latency
    if quality is None or latency is None:
        return None
    drawn: list[Row] = []
    lines: list[Row] = []
    controls: list[Row] = []
    left_out: list[str] = []
    for row in table.rows:
        if _value(row, quality.metric) is None:
            left_out.append(f"{row.entry.name}: no {quality.metric}")
        elif row.entry.control:
            controls.append(row)
        elif row.entry.offline:
            lines.append(row)
        elif row.unranked:
            left_out.append(f"{row.entry.name}: {row.unranked}")
        elif _value(row, latency.by) is None:
            left_out.append(f"{row.entry.name}: no {latency.metric}")
        else:
            drawn.append(row)
    if not drawn:
        drawn = [row for row in controls if _value(row, latency.by) is not None]
        left_out += [f"{row.entry.name}: no {latency.metric}" for row in controls
                     if row not in drawn]
        controls = []
    if len(drawn) + len(lines) < 2 or not drawn:
        return None
    xs = _extent(drawn, latency.by)
    if table.view == "aware":
        xs += _extent(drawn, _unaware(latency), interval=False)
    x = scale(xs, LEFT, WIDTH - RIGHT)
    upward = (TOP, HEIGHT - BOTTOM) if quality.higher_is_better is False else (
        HEIGHT - BOTTOM, TOP)  # better is up, whatever the metric
    y = scale(_extent([*drawn, *lines], quality.metric), *upward,
              most=100.0 if quality.unit == "%" else math.inf)
    for row in controls:  # drawn where they fall inside, never stretching the scales
        value, late = _value(row, quality.metric), _value(row, latency.by)
        if value is not None and late is not None and y.holds(value) and x.holds(late):
            drawn.append(row)
        else:
            left_out.append(f"{row.entry.name}: control, {quality.name} {quality.text(value)}")
    points = [_point(row, quality, latency, x, y) for row in drawn]
    return Plot(
        quality=quality, latency=latency, x=x, y=y,
        families=_families(points, names_in_order(table.rows)),
        offline=tuple(_line(row, quality, y) for row in lines),
        front=_front([p for p in points if p.row.rank is not None]),
        n_points=len(points),
        left_out=tuple(dict.fromkeys(left_out)),
    )


def scale(
    values: Sequence[float], start: float, stop: float, *, most: float = math.inf
) -> Scale:
    """A scale over ``values`` with round ends, from ``start`` to ``stop`` in the drawing.

    ``most`` is the highest value there can be: no tick is set above it, nor above any value.
    """
    low, high = min(values), max(values)
    if high - low < 1e-9:
        low, high = low - 1, high + 1
    step = _round_step((high - low) / 5)
    first, last = math.floor(low / step), math.ceil(min(high, max(most, *values)) / step)
    ticks = tuple(round(i * step, 10) for i in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], start, stop, ticks)


def tick_text(value: float, ticks: Sequence[float]) -> str:
    """A tick's label, with as many decimals as the step needs."""
    step = round(ticks[1] - ticks[0], 10) if len(ticks) > 1 else 1.0
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    decimals += round(step, decimals) != step  # 2.5, 0.25
    return f"{value:.{decimals}f}".replace("-", "−")


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))


def _unaware(latency: Column) -> str:
    """The metric without computation."""
    return latency.by.replace(AWARE_SUFFIX, "", 1)


def _score(row: Row, metric: str) -> Score | None:
    return row.entry.scores.get(metric)


def _value(row: Row, metric: str) -> float | None:
    score = _score(row, metric)
    return None if score is None else score.value


def _extent(rows: Sequence[Row], metric: str, *, interval: bool = True) -> list[float]:
    found: list[float] = []
    for row in rows:
        score = _score(row, metric)
        if score is not None and score.value is not None:
            found.append(score.value)
            found += score.ci95 if interval and score.ci95 else ()
    return found


def _point(row: Row, quality: Column, latency: Column, x: Scale, y: Scale) -> Point:
    across, up = row.entry.scores[latency.by], row.entry.scores[quality.metric]
    aware = latency.metric.endswith(AWARE_SUFFIX)
    unaware = _value(row, _unaware(latency)) if aware else None
    name = f"{row.entry.name} {row.point}".strip()
    tip = "\n".join((name, _tip(quality, up), _tip(latency, across),
                     *([_tip(latency, row.entry.scores[_unaware(latency)])]
                       if unaware is not None else [])))
    return Point(
        row=row,
        x=x(across.value or 0.0), y=y(up.value or 0.0),
        x_interval=_ends(across.ci95, x), y_interval=_ends(up.ci95, y),
        unaware_x=None if unaware is None else x(unaware),
        tip=tip,
    )


def _tip(column: Column, score: Score) -> str:
    interval = ("no interval" if score.ci95 is None else
                f"95 % {column.text(score.ci95[0])} to {column.text(score.ci95[1])}")
    unit = f" {column.unit}" if column.unit == "ms" else ""
    return (f"{score.metric} {column.text(score.value)}{unit} ({interval}; "
            f"n {score.n_scored} of {score.n_total})")


def _ends(interval: tuple[float, float] | None, to: Scale) -> tuple[float, float] | None:
    return None if interval is None else (to(interval[0]), to(interval[1]))


def _line(row: Row, quality: Column, y: Scale) -> Line:
    score = row.entry.scores[quality.metric]
    name = f"{row.entry.name} {row.point}".strip()
    return Line(f"{name} {quality.text(score.value)}", y(score.value or 0.0),
                _ends(score.ci95, y), f"{name}\n{_tip(quality, score)}")


def _families(points: Sequence[Point], names: Sequence[str]) -> tuple[Family, ...]:
    by_name: dict[str, list[Point]] = {}
    for point in points:
        by_name.setdefault(point.row.entry.name, []).append(point)
    ends: list[tuple[str, list[Point]]] = [
        (name, sorted(by_name[name], key=lambda p: (p.x, p.y))) for name in sorted(by_name)]
    labels = _spread([(members[-1].x, members[-1].y) for _, members in ends])
    made = []
    for (name, members), label_y in zip(ends, labels, strict=True):
        index = names.index(name)
        joined = len(members) > 1
        with_band = [p for p in members if p.y_interval is not None] if joined else []
        without = [(p.unaware_x, p.y) for p in members if p.unaware_x is not None]
        top = [(p.x, p.y_interval[1]) for p in with_band if p.y_interval]
        bottom = [(p.x, p.y_interval[0]) for p in with_band if p.y_interval]
        made.append(Family(
            name=name, colour=index % N_COLOURS, shape=index % N_SHAPES,
            points=tuple(members),
            line=_path([(p.x, p.y) for p in members]) if joined else "",
            unaware_line=_path(without) if len(without) > 1 else "",
            band=_path(top + bottom[::-1]) if len(with_band) > 1 else "",
            label_x=members[-1].x, label_y=label_y,
        ))
    return tuple(made)


def _spread(wanted: Sequence[tuple[float, float]]) -> list[float]:
    """Heights of labels at ``wanted`` (x, y) that do not run into each other."""
    placed: dict[int, tuple[float, float]] = {}
    for index in sorted(range(len(wanted)), key=lambda i: wanted[i][1]):
        x, y = wanted[index]
        for other_x, other_y in placed.values():
            if abs(other_x - x) < _LABEL_WIDTH and y - other_y < _LABEL_GAP:
                y = other_y + _LABEL_GAP
        placed[index] = (x, y)
    return [round(placed[index][1], 1) for index in range(len(wanted))]


def _path(corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in corners)


def _front(points: Sequence[Point]) -> str:
    """Steps along the points that no other beats in quality at no more latency.

    Drawn coordinates: less ``x`` is sooner, less ``y`` is better (the axis points up).
    """
    corners: list[tuple[float, float]] = []
    highest = math.inf
    for point in sorted(points, key=lambda p: (p.x, p.y)):
        if point.y < highest:
            if corners:
                corners.append((point.x, highest))
            corners.append((point.x, point.y))
            highest = point.y
    if len(corners) > 1:
        corners.append((WIDTH - RIGHT, highest))
    return _path(corners)
