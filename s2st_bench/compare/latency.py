"""Two systems, each given as the run folders of its operating points, at comparable latency.

``matched``    both have a curve: the difference in quality at every latency that both reach
``dominance``  one has a single point: is it better, or worse, on both axes than each of the other's
``budget``     each shows its best point with latency <= L; which point that is, is read off *dev*
               runs, so that the test set chooses nothing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from s2st_bench.compare import paired, points
from s2st_bench.compare.matched import Matched, Point, matched
from s2st_bench.compare.runs import (
    VERSION,
    Row,
    finite,
    row_as_dict,
    same_corpus,
    same_signature,
    signed_points,
)
from s2st_bench.errors import NotComparable, UsageError
from s2st_bench.metric import Floats
from s2st_bench.registry import Registry
from s2st_bench.sample import Joint
from s2st_bench.scorer import Options
from s2st_bench.signature import Signature
from s2st_bench.store import RunFolder

_SETTINGS = ("system", "chunk_s", "stages")
"""What of a run's configuration makes an operating point."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One system's runs and where they stand."""

    runs: tuple[str, ...]
    latency: Floats
    quality: Floats

    def as_dict(self) -> dict[str, Any]:
        return {"points": [
            {"run": run, "latency": finite(x), "quality": finite(y)}
            for run, x, y in zip(self.runs, self.latency.tolist(), self.quality.tolist(),
                                 strict=True)
        ]}


@dataclass(frozen=True, slots=True)
class Sides:
    """Both systems on the same test set."""

    latency: str
    quality: str
    unit: str
    """Of latency."""
    fingerprint: str
    signatures: tuple[str, str]
    first: Curve
    second: Curve

    def as_dict(self, kind: str) -> dict[str, Any]:
        return {
            "version": VERSION,
            "kind": kind,
            "corpus": self.fingerprint,
            "latency": self.latency,
            "quality": self.quality,
            "unit": self.unit,
            "systems": [self.first.as_dict(), self.second.as_dict()],
            "signatures": dict(zip((self.latency, self.quality), self.signatures, strict=True)),
        }


@dataclass(frozen=True, slots=True)
class AtMatched:
    """Quality of the first less the second's, at equal latency."""

    sides: Sides
    found: Matched

    def as_dict(self) -> dict[str, Any]:
        found = self.found
        columns = (found.latency, found.difference, *found.pointwise, *found.simultaneous)
        return self.sides.as_dict("matched") | {
            "overlap": list(found.overlap),
            "n_clusters": found.n_clusters,
            "method": found.method,
            "rows": [
                {"latency": at, "difference": difference, "pointwise": [low, high],
                 "simultaneous": [lowest, highest]}
                for at, difference, low, high, lowest, highest
                in zip(*(column.tolist() for column in columns), strict=True)
            ],
        }


@dataclass(frozen=True, slots=True)
class ByDominance:
    """A single point against each of the other's; differences are of A's point less B's."""

    sides: Sides
    rows: tuple[tuple[str, str, points.Dominance], ...]
    """(run of the first, run of the second, what was found for the first)."""

    def as_dict(self) -> dict[str, Any]:
        return self.sides.as_dict("dominance") | {"rows": [
            {"a": a, "b": b, "latency": found.latency, "quality": found.quality,
             "p": found.p_value, "p_holm": found.p_holm, "verdict": found.verdict}
            for a, b, found in self.rows
        ]}


@dataclass(frozen=True, slots=True)
class WithinBudget:
    """The points that dev chose, on the test set."""

    sides: Sides
    budget: float
    dev: tuple[Curve, Curve]
    chosen: tuple[int, int]
    rows: tuple[Row, Row]
    """Quality and latency of the chosen points; p of each alone."""

    @property
    def runs(self) -> tuple[str, str]:
        return self.sides.first.runs[self.chosen[0]], self.sides.second.runs[self.chosen[1]]

    def as_dict(self) -> dict[str, Any]:
        return self.sides.as_dict("budget") | {
            "budget": self.budget,
            "dev": [curve.as_dict() for curve in self.dev],
            "chosen": list(self.runs),
            "metrics": [row_as_dict(row) for row in self.rows],
        }


def compare_curves(
    first: Sequence[Path],
    second: Sequence[Path],
    latency: str,
    quality: str,
    *,
    dev: Sequence[Path] = (),
    budget: float | None = None,
    options: Options | None = None,
    registry: Registry | None = None,
) -> AtMatched | ByDominance | WithinBudget:
    """Compare two systems at comparable latency.

    Parameters
    ----------
    dev
        The dev run of each test run, those of ``first`` and then those of ``second``; with them
        the comparison is within a budget.
    budget
        L, in the unit of ``latency``; by default the dev latency of the system that has one point.

    Raises
    ------
    NotComparable
        The runs differ in corpus or settings; the curves share no latency; no point keeps L; a dev
        run is of the test set or of another operating point.
    UsageError
        The metrics are no latency and no quality, or L is missing.
    """
    if not first or not second:
        raise UsageError("two systems are compared: give runs of both")
    if budget is not None and not dev:
        raise UsageError("a budget is kept on dev: give the dev run of every run (--dev)")
    paths = [*first, *second]
    found, signatures = signed_points(paths, latency, quality, options, registry=registry)
    _merits(found[0])
    cut = len(first)
    sides = Sides(
        latency, quality, found[0].latency.metric.spec.unit, same_corpus(first[0], second[0]),
        (_of_points(signatures[0]), _of_points(signatures[1])),
        _curve(first, found[:cut]), _curve(second, found[cut:]),
    )
    if dev:
        if len(dev) != len(paths):
            raise UsageError(f"--dev: {len(paths)} runs need as many dev runs, in the same order; "
                             f"there are {len(dev)}")
        for one, other in zip(paths, dev, strict=True):
            _same_point(one, other)
        held, on_dev = signed_points(dev, latency, quality, options, registry=registry)
        for ours, theirs in zip(signatures, on_dev, strict=True):
            same_signature(ours, theirs, apart_from=["corpus"])
        curves = _curve(dev[:cut], held[:cut]), _curve(dev[cut:], held[cut:])
        return _within(sides, found, signatures, curves, budget)
    if min(len(first), len(second)) == 1:
        return ByDominance(sides, tuple(_dominance(sides, found, cut)))
    return AtMatched(sides, matched(found[:cut], found[cut:]))


def _merits(point: Point) -> None:
    for metric, wanted, name in ((point.latency.metric, False, "latency, which is best low"),
                                 (point.quality.metric, True, "quality, which is best high")):
        if metric.spec.higher_is_better is not wanted:
            raise UsageError(f"--matched LATENCY,QUALITY: {metric.name} is no {name}")


def _made(signature: Signature, found: paired.Difference) -> Signature:
    method = "none" if found.interval is None else found.interval.method
    return Signature.of(dict(signature.fields), {"interval": method})


def _of_points(signature: Signature) -> str:
    """Points have no interval; what was found has one, made as it says."""
    return Signature(tuple(f for f in signature.fields if f[0] != "interval")).verbose()


def _curve(paths: Sequence[Path], found: Sequence[Point]) -> Curve:
    return Curve(
        tuple(map(str, paths)),
        np.array([float(Joint([point.latency]).estimates[0]) for point in found]),
        np.array([float(Joint([point.quality]).estimates[0]) for point in found]),
    )


def _dominance(
    sides: Sides, found: Sequence[Point], cut: int
) -> list[tuple[str, str, points.Dominance]]:
    if cut == 1:
        return [(sides.first.runs[0], run, row) for run, row in
                zip(sides.second.runs, points.dominance(found[0], found[1:]), strict=True)]
    return [(run, sides.second.runs[0], row.reversed()) for run, row in
            zip(sides.first.runs, points.dominance(found[-1], found[:-1]), strict=True)]


def _within(
    sides: Sides, found: Sequence[Point], signatures: Sequence[Signature],
    dev: tuple[Curve, Curve], budget: float | None,
) -> WithinBudget:
    if budget is None:
        single = [curve for curve in dev if len(curve.runs) == 1]
        if not single:
            raise UsageError("both systems have several points: name the latency to keep "
                             f"(--at-most, in {sides.unit or 'the metric'} of {sides.latency})")
        budget = max(float(curve.latency[0]) for curve in single)
    chosen = []
    for curve in dev:
        at = points.choose(curve.latency, curve.quality, budget)
        if at is None:
            raise NotComparable(
                f"no dev run among {', '.join(curve.runs)} keeps {sides.latency} <= {budget:g}: "
                f"the fastest has {curve.latency.min():g}"
            )
        chosen.append(at)
    one, other = found[chosen[0]], found[len(sides.first.runs) + chosen[1]]
    rows = tuple(
        Row(difference, None, _made(signature, difference).verbose())
        for difference, signature in (
            (paired.compare(one.quality, other.quality), signatures[1]),
            (paired.compare(one.latency, other.latency), signatures[0]),
        )
    )
    return WithinBudget(sides, budget, dev, (chosen[0], chosen[1]), (rows[0], rows[1]))


def _same_point(test: Path, dev: Path) -> None:
    """Raises NotComparable where ``dev`` is of the test set, or of another operating point."""
    one, other = (RunFolder(path).record() for path in (test, dev))
    if one.fingerprint == other.fingerprint:
        raise NotComparable(f"{dev} is of the same test set as {test}: points are chosen on "
                            "another, or the choice is part of the result")
    for name, ours, theirs in (("system", one.system, other.system),
                               *((key, one.config.get(key), other.config.get(key))
                                 for key in _SETTINGS)):
        if ours != theirs:
            raise NotComparable(f"{dev} is no dev run of {test}: {name} {theirs!r} and {ours!r}; "
                                "dev runs are given in the order of the runs")
