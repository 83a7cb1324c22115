"""An alarm where one run is faster than another because it says less.

``QualityDurationAlarm``: of two runs one has a lower latency, and lower quality, and speaks less.
Each of the three must be certain, the 95 % interval of the difference beyond 0, for one metric at
least.  What was left out needs no time: such a latency is no gain.

*Latency*: a metric in milliseconds, the lower the better, save those of silences and flicker.
*Quality*: a merit measured against a reference or transcript, whichever way it points, or judged
by humans.
*Duration*: :data:`DURATIONS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from s2st_bench.compare.paired import Difference
from s2st_bench.types import MetricSpec

NAME = "QualityDurationAlarm"
DURATIONS = frozenset({"DurationRatio", "LengthRatio", "TokenRatio"})
_JUDGED = "Human"
_NO_LATENCY = ("Discontinuity", "Flicker")

Kind = Literal["latency", "quality", "duration"]
Side = Literal["A", "B"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """The run that is faster, worse and shorter, and the metrics that say so."""

    side: Side
    latency: tuple[str, ...]
    quality: tuple[str, ...]
    duration: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"alarm": NAME, "run": self.side, "latency": list(self.latency),
                "quality": list(self.quality), "duration": list(self.duration)}

    def __str__(self) -> str:
        said = [", ".join(names) for names in (self.latency, self.quality, self.duration)]
        return (f"{NAME}: {self.side} is faster ({said[0]}), but worse ({said[1]}) and says less "
                f"({said[2]}): what is left out takes no time")


def alarms(rows: Iterable[tuple[MetricSpec, Difference]]) -> tuple[Alarm, ...]:
    """The alarms of a comparison of A with B, from each metric's A - B."""
    # Per side and kind: metrics certainly lower there (latency, duration) or worse (quality).
    found: dict[Side, dict[Kind, list[str]]] = {
        "A": {"latency": [], "quality": [], "duration": []},
        "B": {"latency": [], "quality": [], "duration": []},
    }
    for spec, difference in rows:
        kind, sign = kind_of(spec), certain_sign(difference)
        if kind is None or not sign:
            continue
        if kind == "quality" and not spec.higher_is_better:
            sign = -sign
        found["A" if sign < 0 else "B"][kind].append(difference.metric)
    return tuple(
        Alarm(side, tuple(by["latency"]), tuple(by["quality"]), tuple(by["duration"]))
        for side, by in found.items() if all(by.values())
    )


def kind_of(spec: MetricSpec) -> Kind | None:
    """What of an alarm a metric can say."""
    if spec.name in DURATIONS:
        return "duration"
    if spec.unit == "ms":
        lower = spec.higher_is_better is False and not spec.name.startswith(_NO_LATENCY)
        return "latency" if lower else None
    measured = spec.needs & {"reference", "transcript"} or spec.name.startswith(_JUDGED)
    return "quality" if measured and spec.higher_is_better is not None else None


def certain_sign(difference: Difference) -> int:
    """-1 or 1 where the interval is beyond 0, else 0."""
    if difference.interval is None:
        return 0
    low, high = difference.interval.bounds
    return 1 if low > 0 else -1 if high < 0 else 0
