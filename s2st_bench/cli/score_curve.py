"""``score RUN … --curve LAAL,BLEU``: several runs of one system as one curve, and its areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from s2st_bench.cli.common import printable, table
from s2st_bench.curves import (
    Axes,
    CurveScore,
    Point,
    auc,
    common_bounds,
    hypervolume,
    nose,
    point_of,
)
from s2st_bench.errors import UsageError
from s2st_bench.table import ScoreTable


@dataclass(frozen=True, slots=True)
class Request:
    """What the options ask for."""

    axes: Axes
    bounds: tuple[float, float] | None
    worst: Point | None
    offline: float | None

    def of(self, tables: Sequence[ScoreTable]) -> list[CurveScore]:
        """AUC; hypervolume and NoSE where their reference is given.

        Raises
        ------
        NotComparable
            A run lacks one of the two scores.
        """
        points = [point_of(found.corpus, self.axes) for found in tables]
        bounds = self.bounds or common_bounds([points])
        if bounds is None:
            raise UsageError("--curve: all points have one latency; give runs of several, or "
                             "--bounds")
        found = [auc(points, bounds, self.axes)]
        if self.worst is not None:
            found.append(hypervolume(points, self.worst, self.axes))
        if self.offline is not None:
            found.append(nose(points, self.offline, bounds, self.axes))
        return found


def request(
    curve: str | None, bounds: str | None, worst: str | None, offline: float | None
) -> Request | None:
    """The options checked; none where no curve is asked for.

    Raises
    ------
    UsageError
        Naming the option.
    """
    if curve is None:
        for option, given in (("--bounds", bounds), ("--worst", worst), ("--offline", offline)):
            if given is not None:
                raise UsageError(f"{option} is for --curve LATENCY,QUALITY")
        return None
    latency, comma, quality = (part.strip() for part in curve.partition(","))
    if not (latency and comma and quality) or "," in quality:
        raise UsageError(f"--curve {curve}: expected two metrics, such as LAAL,BLEU")
    low_high = None if bounds is None else _pair("--bounds", bounds)
    if low_high is not None and not low_high[0] < low_high[1]:
        raise UsageError(f"--bounds {bounds}: the lower latency first")
    if offline is not None and not 0 < offline < float("inf"):
        raise UsageError(f"--offline {offline}: a positive quality")
    return Request(Axes(latency, quality), low_high,
                   None if worst is None else Point(*_pair("--worst", worst)), offline)


def rows_of(scores: Sequence[CurveScore]) -> list[dict[str, Any]]:
    """For JSON."""
    return [{"metric": score.signature["metric"], "value": score.value,
             "signature": score.signature.verbose(), "reason": score.reason} for score in scores]


def as_lines(scores: Sequence[CurveScore]) -> str:
    """For people."""
    rows = [[score.signature["metric"], "–" if score.value is None else f"{score.value:.4g}",
             printable(score.reason or score.signature.verbose())] for score in scores]
    return table([["curve", "value", ""], *rows], right=(1,))


def _pair(option: str, text: str) -> tuple[float, float]:
    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{option} {text}: expected two numbers, such as 1000,3000") from None
    if not (abs(first) < float("inf") and abs(second) < float("inf")):
        raise UsageError(f"{option} {text}: two finite numbers are wanted")
    return first, second
