"""Closed forms: what a replay of a plan must record, computed without a replay.

Positions and times in seconds from the start of the source (positions in tokens for text).  A
replay gives source up to the *ends* of its chunks; an event is written in the step of the first
end that reaches it, and what is left over in the last step.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from .plan import Plan
from .work import Work

EPSILON = 1e-9
"""Positions closer than this are the same."""


def chunk_ends(length: float, chunk_s: float, sample_rate_hz: int = 16_000) -> tuple[float, ...]:
    """Source given after each chunk of a replay with fixed chunks, the last one at ``length``."""
    samples, chunk = round(length * sample_rate_hz), max(1, round(chunk_s * sample_rate_hz))
    whole = range(chunk, samples, chunk)
    return tuple(end / sample_rate_hz for end in (*whole, samples))


def steps(plan: Plan, ends: Sequence[float]) -> tuple[int, ...]:
    """Index of the chunk in whose step each event is written."""
    return tuple(
        min(bisect_left(ends, event.at - EPSILON), len(ends) - 1) for event in plan.events
    )


def delays(plan: Plan, ends: Sequence[float]) -> tuple[float, ...]:
    """Unaware delay of each event: the source given when it was written."""
    return tuple(ends[step] for step in steps(plan, ends))


def exact_delays(
    plan: Plan, length: float, sample_rate_hz: int = 16_000
) -> tuple[float, ...]:
    """Unaware delays of an interpreter with ``exact=true``: the first sample at or after each
    event (for text: ``sample_rate_hz=1``, the first token).
    """
    return tuple(
        min(math.ceil((event.at - EPSILON) * sample_rate_hz) / sample_rate_hz, length)
        for event in plan.events
    )


def start_offset(plan: Plan, ends: Sequence[float]) -> float | None:
    """Unaware delay of the first write; none for a plan that says nothing."""
    return min(delays(plan, ends), default=None)


def job_ends(ends: Sequence[float], work: Work) -> tuple[float, ...]:
    """When the work on each chunk is done: it starts once the chunk has arrived and the work
    before it is done.
    """
    done, heard, times = 0.0, 0.0, []
    for end in ends:
        done = max(done, end) + work.cost_s(heard, end)
        times.append(done)
        heard = end
    return tuple(times)


def live_times(plan: Plan, ends: Sequence[float], work: Work) -> tuple[float, ...]:
    """Aware time of each event: the end of its chunk's work."""
    done = job_ends(ends, work)
    return tuple(done[step] for step in steps(plan, ends))


def expected_omissions(n_reference: int, omission: float) -> tuple[float, float]:
    """Mean and standard deviation of the number of omitted words."""
    return n_reference * omission, (n_reference * omission * (1 - omission)) ** 0.5
