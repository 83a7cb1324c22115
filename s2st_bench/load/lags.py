"""How late the writes of a level were: pure functions of its traces.

*Lag of a write* (``write``): when it left the system minus when the source given to the system by
then had arrived; what queueing and computation add, without the source that a policy chose to
wait for.  A black-box stream does not say which source an answer rests on, so there the lag is
that of each unit (``unit``): diagonal, behind an even pace, as ``UnitLag_CA`` counts it, with the
hypothesis' own number of units.  A write that says nothing does not count.

*All at once.*  Only source that arrived while every listener of the level was on counts: from when
the last one began until the first was done.  What the system then says of it later counts too.

*Drift*: by how many seconds the work on a second of source ends later than that of the second
before it, Theil and Sen's slope; 0 where the system keeps up, rho - 1 where it works at rho times
its capacity.  Of a stream, the slope of the units' lags.

Times in seconds; those of a level run from its start, those of a play from its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from s2st_bench.metric import Floats
from s2st_bench.percentiles import unit_lags
from s2st_bench.timeline import emissions, logged_times, output_writes
from s2st_bench.transcripts import UNSPACED
from s2st_bench.types import Trace

from .curve import LagKind

PERCENTILES = (50, 95, 99)
MAX_POINTS = 200
"""Points of one play that its drift is read off; longer ones are thinned evenly."""


@dataclass(frozen=True, slots=True)
class Play:
    """One recording heard by one listener."""

    listener: int
    began_s: float
    ended_s: float
    """On the level's time, as ``began_s``."""
    needed_s: Floats
    """When the source of each write had arrived, ``float64[n]`` on the level's time."""
    lags_s: Floats
    drift: float | None
    """None where there are too few points to tell."""
    failure: str
    target_lang: str = ""
    conversation: str = ""

    @classmethod
    def of(cls, trace: Trace) -> Play:
        """Read off one trace; ``trace.load`` says whose play it was and when it began."""
        began_s = float(trace.load.get("began_s", 0.0))
        arrived_s, lags = _unit_lags(trace) if trace.kind == "stream" else _write_lags(trace)
        points = (arrived_s, lags) if trace.kind == "stream" else _work(trace)
        ends = [job.end_s for step in trace.steps for job in step.jobs]
        last_s = max([trace.source_length, *ends]) if trace.error is None else max(
            [0.0, *ends, *(step.arrived_s for step in trace.steps)])
        return cls(
            int(trace.load.get("listener", 0)), began_s, began_s + last_s, began_s + arrived_s,
            lags, slope(*points), trace.error.message if trace.error else "", trace.target_lang,
            str(trace.load.get("conversation", "")),
        )


@dataclass(frozen=True, slots=True)
class Lags:
    """The lags of some plays, while all their listeners were on."""

    n: int
    n_outside: int
    """Writes on source that arrived while not all listeners were on: not counted."""
    percentiles_s: tuple[float, ...] | None
    """At :data:`PERCENTILES`, by the inverse of the empirical distribution; none of no writes."""
    max_s: float | None
    late: float | None
    """Share of writes beyond the target."""
    drift: float | None
    """Median over plays."""


def lag_kind(traces: Iterable[Trace]) -> LagKind:
    """Which lag a level's numbers are of."""
    return "unit" if any(trace.kind == "stream" for trace in traces) else "write"


def lags_of(plays: Sequence[Play], target_s: float, target_lang: str | None = None) -> Lags:
    """Lags of all plays of one level, or of those into one language."""
    begin_s, end_s = all_on(plays)
    plays = [play for play in plays if target_lang in (None, play.target_lang)]
    needed = np.concatenate([play.needed_s for play in plays] or [np.zeros(0)])
    lags = np.concatenate([play.lags_s for play in plays] or [np.zeros(0)])
    counted = lags[(needed >= begin_s) & (needed <= end_s)]
    drifts = [play.drift for play in plays if play.drift is not None]
    drift = float(np.median(drifts)) if drifts else None
    if not len(counted):
        return Lags(0, len(lags), None, None, None, drift)
    found = np.percentile(counted, PERCENTILES, method="inverted_cdf")
    return Lags(
        len(counted), len(lags) - len(counted), tuple(float(value) for value in found),
        float(counted.max()), float((counted > target_s).mean()), drift,
    )


def all_on(plays: Sequence[Play]) -> tuple[float, float]:
    """From when to when every listener was on, on the level's time; one alone always is."""
    by_listener: dict[int, list[Play]] = {}
    for play in plays:
        by_listener.setdefault(play.listener, []).append(play)
    if len(by_listener) < 2:
        return -np.inf, np.inf
    return (max(min(play.began_s for play in own) for own in by_listener.values()),
            min(max(play.ended_s for play in own) for own in by_listener.values()))


def slope(times: Floats, values: Floats) -> float | None:
    """Theil and Sen's slope, the median over all pairs; none below three different times."""
    every = -(-len(times) // MAX_POINTS) or 1
    times, values = times[::every], values[::every]
    across = times[None, :] - times[:, None]
    apart = across > 1e-9
    if apart.sum() < 3:
        return None
    return float(np.median((values[None, :] - values[:, None])[apart] / across[apart]))


def _write_lags(trace: Trace) -> tuple[Floats, Floats]:
    times = logged_times(trace) or ()
    said = [(step.arrived_s, at_s) for (step, write), at_s in zip(
        output_writes(trace), times, strict=True)
        if write.text.strip() or write.retract_chars or write.speech_s]
    pairs = np.array(said, dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1] - pairs[:, 0]


def _unit_lags(trace: Trace) -> tuple[Floats, Floats]:
    unspaced = trace.target_lang.partition("-")[0].lower() in UNSPACED
    found = emissions(trace, "char" if unspaced else "word")
    elapsed = np.array([emission.elapsed for emission in found], dtype=np.float64)
    if not len(elapsed):
        return elapsed, elapsed
    pace = trace.source_length / len(elapsed)
    return np.arange(len(elapsed)) * pace, unit_lags(elapsed, trace.source_length, len(elapsed))


def _work(trace: Trace) -> tuple[Floats, Floats]:
    """When source had arrived, and how much later the work on it had ended, step by step."""
    points = [(step.arrived_s, max(job.end_s for job in step.jobs) - step.arrived_s)
              for step in trace.steps if any(job.on_source for job in step.jobs)]
    pairs = np.array(points, dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
