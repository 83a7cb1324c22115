"""How one run's latencies spread over its recordings: what a mean hides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from s2st_bench.standings.columns import AWARE_SUFFIX, LATENCY_ORDER
from s2st_bench.standings.entries import Entry

from .plot import Scale, scale

WIDTH, HEIGHT, MARGIN = 600, 40, 12
QUANTILES = (50, 95)
MAX_DOTS = 1_000
"""More recordings than this are drawn evenly thinned; quantiles are of all."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One metric: a dot per recording on a line that all strips share."""

    metric: str
    unit: str
    dots: tuple[float, ...]
    """Places on the line, in the drawing."""
    marks: tuple[tuple[int, float, float], ...]
    """(percentile, value, place)."""
    n: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Strips one below the other, on one scale."""

    x: Scale
    strips: tuple[Strip, ...]


def make_spread(entry: Entry) -> Spread | None:
    """The latency a board plots by, unaware and aware; none below two values."""
    base = next((m for m in LATENCY_ORDER if m in entry.scores), None)
    if base is None:
        return None
    values = {
        metric: sorted(v for v in entry.recordings.column(metric).tolist() if v == v)
        for metric in (base, f"{base}{AWARE_SUFFIX}")
    }
    shown = {metric: found for metric, found in values.items() if len(found) > 1}
    if not shown:
        return None
    x = scale([v for found in shown.values() for v in found], MARGIN, WIDTH - MARGIN)
    return Spread(x, tuple(
        _strip(metric, entry.scores[metric].unit if metric in entry.scores else "", found, x)
        for metric, found in shown.items()
    ))


def _strip(metric: str, unit: str, found: Sequence[float], x: Scale) -> Strip:
    quantiles = np.percentile(found, QUANTILES)
    thinned = found[::-(-len(found) // MAX_DOTS)]
    return Strip(
        metric, unit, tuple(x(v) for v in thinned),
        tuple((q, float(v), x(float(v))) for q, v in zip(QUANTILES, quantiles, strict=True)),
        len(found),
    )
