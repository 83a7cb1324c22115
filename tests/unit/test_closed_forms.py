"""What the metrics must give whatever the data: values known without computing them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench import retime
from s2st_bench.lagging import al, ap, dal, laal, yaal
from s2st_bench.timeline import emissions
from s2st_bench.types import Job, Step, TimedWrite, Trace

lengths = st.integers(1, 60)


@given(lengths, st.integers(1, 80))
def test_wait_k(n: int, k: int) -> None:
    """Wait-k on |x| = |y| = n tokens: unit i once min(k + i - 1, n) tokens are read; AL is
    min(k, n)."""
    delays = np.minimum(k + np.arange(n), n).astype(np.float64)
    assert al(delays, n, n) == pytest.approx(min(k, n))
    assert laal(delays, n, n) == pytest.approx(min(k, n))
    assert dal(delays, n) == pytest.approx(min(k, n))


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=40), st.floats(1, 1e5))
def test_dal_is_at_least_al_for_equal_lengths(times: list[float], source: float) -> None:
    delays = np.sort(np.minimum(times, source))
    assert dal(delays, source) >= al(delays, source, len(delays)) - 1e-6


@given(lengths, st.floats(1, 1e5))
def test_offline(n: int, source: float) -> None:
    """All at the end: AL, LAAL and DAL are the source's length, AP is 1, YAAL has no value."""
    delays = np.full(n, source)
    for value in (al(delays, source, n), laal(delays, source, n), dal(delays, source)):
        assert value == pytest.approx(source)
    assert ap(delays, source, n) == pytest.approx(1.0)
    assert yaal(delays, source, n) is None


@given(lengths, st.floats(1, 1e5), st.floats(0, 1e4))
def test_a_constant_lag_is_the_latency(n: int, source: float, lag: float) -> None:
    delays = np.arange(n) * (source / n) + lag
    assert dal(delays, source) == pytest.approx(lag, abs=1e-6)
    if lag < source / n:
        assert yaal(delays, source, n) == pytest.approx(lag, abs=1e-6)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_without_compute_aware_equals_unaware(gaps: list[int]) -> None:
    """Re-timed with no compute, whatever the rule and stages, a unit is live when it was given."""
    steps = tuple(
        Step(float(at), float(at), (Job(i, "s", float(at), float(at)),),
             (TimedWrite(i, 0.0, f"w{i} "),))
        for i, at in enumerate(np.cumsum(gaps).tolist())
    )
    trace = Trace("s", "r", "de", float(sum(gaps)), steps)
    for rule in retime.RULES:
        live = retime.live_times(trace, rule).times
        assert [e.elapsed for e in emissions(trace, live=live)] == pytest.approx(
            [e.delay for e in emissions(trace)])
    slow = replace(trace, steps=tuple(
        replace(step, jobs=tuple(replace(job, end_s=job.end_s + 0.25) for job in step.jobs))
        for step in steps))
    live = retime.live_times(slow, "live", speed=1e12).times
    assert live == pytest.approx([step.source_s for step in steps], abs=1e-6)
