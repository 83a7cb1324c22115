"""Geometry of the load curve: lag against listeners at once, both on logarithmic scales.

A line for each percentile, a dashed line for the target, an upright one at the knee (the last
level that keeps up); levels that carry a mark (the harness was late, other work ran) are hollow.
The template draws it and sets the same numbers in a table below.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from s2st_bench.load.curve import Curve, Level
from s2st_bench.load.words import CONVERSATIONS, HEAD, MEANING, cells, knee, verdict
from s2st_bench.standings.text import label

WIDTH, HEIGHT = 600, 300
LEFT, RIGHT, TOP, BOTTOM = 60, 80, 14, 46
_LEAST_S = 0.001
"""Nothing is drawn below: a logarithm has no zero."""
_LABEL_GAP = 13


@dataclass(frozen=True, slots=True)
class Scale:
    """A logarithmic scale."""

    low: float
    high: float
    start: float
    stop: float
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.stop - self.start), 1)


@dataclass(frozen=True, slots=True)
class Dot:
    """One level on one line."""

    x: float
    y: float
    tip: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One percentile."""

    name: str
    colour: int
    points: str
    dots: tuple[Dot, ...]
    label_x: float
    label_y: float


@dataclass(frozen=True, slots=True)
class LoadPlot:
    """All that is drawn, and the table below it."""

    x: Scale
    y: Scale
    lines: tuple[Line, ...]
    target: float
    knee_x: float | None
    levels: tuple[int, ...]
    verdict: str
    notes: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    summary: str
    """What a screen reader says of the drawing."""


def make_load(curve: Curve | None) -> LoadPlot | None:
    """The plot of a curve; none where there is none, or no level has a lag."""
    if curve is None or not (drawn := [one for one in curve.levels if one.p50_s is not None]):
        return None
    streams = [level.streams for level in drawn]
    x = Scale(min(streams), max([*streams, 2 * min(streams)]), LEFT, WIDTH - RIGHT, tuple(streams))
    names = (("p50", 2), ("p95", 0), ("p99", 5))
    values = [_value(level, name) for level in drawn for name, _ in names]
    y = _lag_scale([*values, curve.target_s])
    lines = [_line(name, colour, drawn, curve, x, y) for name, colour in names]
    at = curve.knee if curve.knee is not None and not curve.knee_is_beyond else None
    notes = [MEANING]
    if curve.conversations:
        notes.append(CONVERSATIONS)
    if curve.service:
        notes.append("The system runs elsewhere: memory and processors are the harness' own.")
    return LoadPlot(
        x=x, y=y, lines=tuple(_apart(lines)), target=y(curve.target_s),
        knee_x=None if at is None else x(at), levels=tuple(streams),
        verdict=verdict(curve), notes=tuple(notes), head=HEAD,
        rows=tuple(tuple(label(cell, 300) for cell in cells(curve, one)) for one in curve.levels),
        summary=f"lag against listeners at once, {len(drawn)} levels from {streams[0]} to "
                f"{streams[-1]}; {knee(curve)}; the table below holds the same numbers",
    )


def _line(
    name: str, colour: int, drawn: Sequence[Level], curve: Curve, x: Scale, y: Scale
) -> Line:
    dots = tuple(
        Dot(x(level.streams), y(_value(level, name)), _tip(level, name, curve),
            level.harness_limited or level.disturbed or bool(level.error))
        for level in drawn)
    points = " ".join(f"{dot.x:g},{dot.y:g}" for dot in dots)
    return Line(name, colour, points if len(dots) > 1 else "", dots, dots[-1].x, dots[-1].y)


def _tip(level: Level, name: str, curve: Curve) -> str:
    kind = "streams, two a conversation" if curve.conversations and level.streams > 1 else (
        "listener" if level.streams == 1 else "listeners at once")
    lines = [f"{level.streams} {kind}", f"{name} {_value(level, name):.2f} s of lag",
             f"{level.n_writes} writes"]
    if level.misses is not None:
        lines.append(f"{level.misses:.1%} later than {curve.target_s:g} s")
    return "\n".join([*lines, *(label(mark, 200) for mark in level.marks)])


def _value(level: Level, name: str) -> float:
    found = {"p50": level.p50_s, "p95": level.p95_s, "p99": level.p99_s}[name]
    return max(_LEAST_S, found or 0.0)


def _lag_scale(values: Sequence[float]) -> Scale:
    """From the 1, 2 or 5 below all values to that above, a tick at each."""
    ticks = [m * 10.0 ** power for power in range(-4, 6) for m in (1, 2, 5)]
    first = max(i for i, tick in enumerate(ticks) if tick <= min(values) * (1 + 1e-9))
    last = min(i for i, tick in enumerate(ticks) if tick >= max(values) * (1 - 1e-9))
    last = max(last, first + 1)
    return Scale(ticks[first], ticks[last], HEIGHT - BOTTOM, TOP, tuple(ticks[first:last + 1]))


def _apart(lines: Sequence[Line]) -> list[Line]:
    """Labels at the lines' ends that do not run into each other, from the lowest line up."""
    made: list[Line] = []
    for line in lines:
        highest = made[-1].label_y - _LABEL_GAP if made else math.inf
        made.append(Line(line.name, line.colour, line.points, line.dots, line.label_x,
                         round(min(line.label_y, highest), 1)))
    return made
