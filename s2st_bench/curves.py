"""One number for a system at several operating points: areas of the quality-latency plane.

A *point* is one run's latency and quality; a *curve* joins a system's points, ordered by latency,
by straight lines (of two points at one latency the better counts).

``auc``          area under the curve between two latencies, divided by their distance: the mean
                 quality over that range
``nose``         that mean over the quality of the same model offline: Normalized Streaming
                 Efficiency (Hirschkind et al. 2026, REINA, arXiv:2508.04946, section 4.2)
``hypervolume``  area dominated by the points up to a reference point, the worst latency and quality
                 that count (Zitzler & Thiele 1998): without lines between points, so that a system
                 is credited only for what it ran

Nothing is extrapolated: an area over a range that the points do not cover has no value.  Bounds and
reference points change these numbers, and even the order of systems, so they are in the signature;
:func:`common_bounds` gives the widest range that several systems all cover.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from s2st_bench.errors import NotComparable, UsageError
from s2st_bench.metric import Floats
from s2st_bench.signature import Signature
from s2st_bench.types import Score


@dataclass(frozen=True, slots=True)
class Axes:
    """Metrics of the two axes: latency is better low, quality high."""

    latency: str = "LAAL"
    quality: str = "BLEU"


@dataclass(frozen=True, slots=True)
class Point:
    """One run; latency in milliseconds, quality in its metric's unit."""

    latency: float
    quality: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.latency) and math.isfinite(self.quality)):
            raise UsageError(f"a point of a curve must be finite, not {self}")


@dataclass(frozen=True, slots=True)
class CurveScore:
    """A number of a set of points; ``value`` none with its ``reason``."""

    value: float | None
    signature: Signature
    reason: str = ""


def point_of(scores: Iterable[Score], axes: Axes) -> Point:
    """The point of one run.

    Raises
    ------
    NotComparable
        One of the two was not scored, or has no value.
    UsageError
        The axes' metrics do not point that way.
    """
    found = {score.metric: score for score in scores if score.group == "all"}
    values = []
    for name, wanted in ((axes.latency, False), (axes.quality, True)):
        score = found.get(name)
        if score is None or score.value is None:
            reason = "was not computed" if score is None else f"has no value ({score.reason})"
            raise NotComparable(f"{name} {reason}; a curve needs {axes.latency} and "
                                f"{axes.quality} of every run")
        if score.higher_is_better is not wanted:
            better = "higher" if wanted else "lower"
            raise UsageError(f"{name} is no axis of this kind: {better} must be better")
        values.append(score.value)
    return Point(*values)


def frontier(points: Iterable[Point]) -> tuple[Point, ...]:
    """Points that no other beats in both, by latency; quality rises along them.

    >>> frontier([Point(1, 10), Point(2, 9), Point(2, 12), Point(3, 12)])
    (Point(latency=1, quality=10), Point(latency=2, quality=12))
    """
    best = -math.inf
    kept = []
    for point in sorted(points, key=lambda p: (p.latency, -p.quality)):
        if point.quality > best:
            kept.append(point)
            best = point.quality
    return tuple(kept)


def common_bounds(systems: Iterable[Sequence[Point]]) -> tuple[float, float] | None:
    """The widest range of latencies that all systems cover; none where there is none."""
    ranges = [(min(p.latency for p in s), max(p.latency for p in s)) for s in systems if s]
    low = max((r[0] for r in ranges), default=0.0)
    high = min((r[1] for r in ranges), default=0.0)
    return (low, high) if low < high else None


def auc(
    points: Sequence[Point], bounds: tuple[float, float], axes: Axes | None = None
) -> CurveScore:
    """Mean quality over a range of latencies.

    Raises
    ------
    UsageError
        The bounds are not in order.
    """
    signature = _signature("AUC", axes, points, {"bounds": _range(bounds)})
    low, high = bounds
    x, y = _curve(points)
    if not len(x) or low < x[0] or high > x[-1]:
        covered = f"{x[0]:g}..{x[-1]:g}" if len(x) else "nothing"
        return CurveScore(None, signature, f"the points cover {covered}, not all of "
                                           f"{_range(bounds)}")
    inner = (x > low) & (x < high)
    at = np.concatenate([[low], x[inner], [high]])
    values = np.interp(at, x, y)
    area = float(np.sum(np.diff(at) * (values[1:] + values[:-1]) / 2.0))
    return CurveScore(area / (high - low), signature)


def nose(
    points: Sequence[Point], offline: float, bounds: tuple[float, float],
    axes: Axes | None = None,
) -> CurveScore:
    """Area under the curve over the area under the offline quality, between the bounds.

    Raises
    ------
    UsageError
        The bounds are not in order, or ``offline`` is no positive number.
    """
    if not 0 < offline < math.inf:
        raise UsageError(f"NoSE: the offline quality must be a positive number, not {offline}")
    extra = {"bounds": _range(bounds), "offline": f"{offline:g}"}
    signature = _signature("NoSE", axes, points, extra)
    mean = auc(points, bounds, axes)
    if mean.value is None:
        return CurveScore(None, signature, mean.reason)
    return CurveScore(mean.value / offline, signature)


def hypervolume(
    points: Sequence[Point], reference: Point, axes: Axes | None = None
) -> CurveScore:
    """Area between the points' frontier and the reference point, in latency x quality.

    Points beyond the reference point add nothing; no points have 0.
    """
    extra = {"reference": f"{reference.latency:g},{reference.quality:g}"}
    counted = frontier(p for p in points if p.latency < reference.latency
                       and p.quality > reference.quality)
    ends = [*(p.latency for p in counted[1:]), reference.latency]
    area = sum((end - p.latency) * (p.quality - reference.quality)
               for p, end in zip(counted, ends, strict=False))
    return CurveScore(float(area), _signature("Hypervolume", axes, points, extra))


def _curve(points: Sequence[Point]) -> tuple[Floats, Floats]:
    """Latencies, rising, and the best quality at each."""
    best: dict[float, float] = {}
    for point in points:
        best[point.latency] = max(point.quality, best.get(point.latency, -math.inf))
    x = np.array(sorted(best), dtype=np.float64)
    return x, np.array([best[latency] for latency in x.tolist()], dtype=np.float64)


def _range(bounds: tuple[float, float]) -> str:
    low, high = bounds
    if not -math.inf < low < high < math.inf:
        raise UsageError(f"bounds {low}..{high}: two latencies are wanted, the lower one first")
    return f"{low:g}..{high:g}"


def _signature(
    name: str, axes: Axes | None, points: Sequence[Point], extra: dict[str, str]
) -> Signature:
    named = axes or Axes()
    return Signature.of(
        {"metric": name, "latency": named.latency, "quality": named.quality},
        extra,
        {"points": str(len(points))},
    )
