"""From a grid of known settings to bias and sensitivity of metrics; pure.

Values and known values share the metric's unit (latencies: milliseconds); slopes are per unit of
the knob.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import fmean
from typing import Literal

import numpy as np

from s2st_bench.registry import Registry
from s2st_bench.resegmenters import resegmenter
from s2st_bench.retime import Rule
from s2st_bench.scoring import Options, score
from s2st_bench.table import ScoreTable
from s2st_bench.types import Recording, Trace

DISCRIMINATES = 0.95
"""Share of recordings and steps that must move as the known value does."""

HELD = 0.05
"""Relative range within which a known value counts as not moved by the knob."""

_STILL = 1e-6
"""Known values closer than this are the same, whatever their unit."""

Cut = Literal["soft", "timed", "min-wer"]


@dataclass(frozen=True, slots=True)
class Claim:
    """That a metric measures a quantity.

    ``ca`` names the clock of an aware metric; what it claims is then the time that computation
    adds, so the unaware value is taken off.
    """

    metric: str
    quantity: str = ""
    """Key of :attr:`Observed.known`; empty: nothing is known in the metric's unit."""
    cut: Cut = "soft"
    ca: Rule | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """One knob, its levels and what is asked of it."""

    knob: str
    unit: str
    form: Literal["short", "long"]
    levels: tuple[float, ...]
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """What was recorded at one level, and what is known of it."""

    traces: Sequence[Trace]
    recordings: Sequence[Recording]
    known: Mapping[str, float] = field(default_factory=dict)
    """Quantity to its value over all recordings."""
    known_each: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The same of each recording, by its id; empty: as over all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One claim under one knob; lists have one element a level."""

    knob: str
    knob_unit: str
    form: str
    metric: str
    ca: str | None
    cut: str | None
    quantity: str
    unit: str
    levels: tuple[float, ...]
    known: tuple[float, ...] | None
    values: tuple[float | None, ...]
    n_scored: tuple[int, ...]
    bias: float | None
    slope: float | None
    expected_slope: float | None
    monotone: bool | None
    ordered: float | None
    discriminates: bool | None
    """None where the known value does not move: the metric should not either."""


def measure(
    study: Study, observe: Callable[[float], Observed], registry: Registry | None = None
) -> tuple[Row, ...]:
    """Rows of all claims of a study, in their order.

    Parameters
    ----------
    observe
        What a level of the knob gives; called once a level.
    """
    found = registry or Registry()
    points: list[dict[Claim, _Point]] = []
    for level in study.levels:
        points.append(_points(study.claims, observe(level), found))
    return tuple(_row(study, claim, [p[claim] for p in points]) for claim in study.claims)


@dataclass(frozen=True, slots=True)
class _Point:
    """A claim's values at one level: of the corpus and of each recording."""

    value: float | None
    each: Mapping[str, float | None]
    unit: str
    n_scored: int
    known: float | None = None
    known_each: Mapping[str, float] = field(default_factory=dict)


def _points(
    claims: Sequence[Claim], observed: Observed, registry: Registry
) -> dict[Claim, _Point]:
    groups: defaultdict[tuple[Cut, Rule | None], list[Claim]] = defaultdict(list)
    for claim in claims:
        groups[claim.cut, claim.ca].append(claim)
    points = {}
    for (cut, ca), members in groups.items():
        aware = {f"{claim.metric}_CA" for claim in members if ca is not None}
        plain = {claim.metric for claim in members}
        table = score(observed.traces, observed.recordings, sorted(plain | aware),
                      Options(ca=ca, resegmenter=resegmenter(cut)), registry=registry)
        for claim in members:
            point = _point(table, claim.metric)
            if ca is not None:
                point = _minus(_point(table, f"{claim.metric}_CA"), point)
            points[claim] = _with_known(point, observed, claim.quantity)
    return points


def _with_known(point: _Point, observed: Observed, quantity: str) -> _Point:
    if not quantity:
        return point
    value = observed.known[quantity]
    each = {i: observed.known_each[i][quantity] if observed.known_each else value
            for i in point.each}
    return replace(point, known=value, known_each=each)


def _point(table: ScoreTable, metric: str) -> _Point:
    found = table.get(metric)
    each = {row.id: row.scores[metric] for row in table.recordings}
    return _Point(found.value, each, found.unit, found.n_scored)


def _minus(aware: _Point, plain: _Point) -> _Point:
    each = {i: _difference(value, plain.each[i]) for i, value in aware.each.items()}
    return _Point(_difference(aware.value, plain.value), each, aware.unit, aware.n_scored)


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _row(study: Study, claim: Claim, points: Sequence[_Point]) -> Row:
    values = [point.value for point in points]
    known = [point.known for point in points if point.known is not None] or None
    held = known is not None and max(known) - min(known) <= HELD * max(map(abs, known))
    ordered = None if held else _ordered(points)
    return Row(
        study.knob, study.unit, study.form, claim.metric, claim.ca,
        claim.cut if study.form == "long" else None, claim.quantity, points[0].unit,
        study.levels, None if known is None else tuple(known), tuple(values),
        tuple(point.n_scored for point in points),
        bias=None if known is None else _bias(values, known),
        slope=slope(study.levels, values),
        expected_slope=None if known is None else slope(study.levels, known),
        monotone=None if held else _monotone(values),
        ordered=ordered,
        discriminates=None if ordered is None else ordered >= DISCRIMINATES,
    )


def slope(levels: Sequence[float], values: Sequence[float | None]) -> float | None:
    """Least-squares slope over the levels that have a value; none for fewer than two."""
    pairs = [(x, y) for x, y in zip(levels, values, strict=True) if y is not None]
    if len(pairs) < 2:
        return None
    x, y = np.array(pairs).T
    x = x - x.mean()
    return float(x @ y / (x @ x))


def _bias(values: Sequence[float | None], known: Sequence[float]) -> float | None:
    errors = [v - k for v, k in zip(values, known, strict=True) if v is not None]
    return fmean(errors) if errors else None


def _monotone(values: Sequence[float | None]) -> bool | None:
    present = [value for value in values if value is not None]
    if len(present) < 2:
        return None
    steps = np.diff(present)
    return bool((steps > 0).all() or (steps < 0).all())


def _ordered(points: Sequence[_Point]) -> float | None:
    """Share of (recording, step) that moves as is known of the recording; steps in which the
    known value stays are left out, and a metric without a value did not move.

    Where nothing is known, those that move the corpus' way among those that move.
    """
    corpus = [point.value for point in points if point.value is not None]
    way = corpus[-1] - corpus[0] if len(corpus) > 1 else 0.0
    moved = []
    for before, after in pairwise(points):
        for name, old in before.each.items():
            change = _difference(after.each.get(name), old)
            if before.known_each:
                way = after.known_each[name] - before.known_each[name]
                if abs(way) > _STILL:
                    moved.append(change is not None and change * way > 0)
            elif change:
                moved.append(change * way > 0)
    return fmean(moved) if moved else None
