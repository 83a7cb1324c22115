"""The bar of a run that shows where the lag of its words comes from."""

from __future__ import annotations

from dataclasses import dataclass

from s2st_bench.standings.lag_parts import Tally

from .plot import N_COLOURS

BAR_WIDTH = 600


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a run's mean lag, and its place on the bar."""

    name: str
    seconds: float
    start: float
    width: float
    """0 for what is below zero: it is in the table only."""
    colour: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A run's mean lag as parts that sum to it."""

    parts: tuple[Part, ...]
    total_s: float
    n: int


def make_bar(tally: Tally) -> Bar | None:
    """The bar of a run; none where nothing was measured."""
    means = tally.means()
    length = sum(max(0.0, seconds) for _, seconds in means)
    if not means or length <= 0:
        return None
    parts, at = [], 0.0
    for place, (name, seconds) in enumerate(means):
        width = BAR_WIDTH * max(0.0, seconds) / length
        parts.append(Part(name, seconds, round(at, 1), round(width, 1), place % N_COLOURS))
        at += width
    return Bar(tuple(parts), sum(seconds for _, seconds in means), tally.n)
