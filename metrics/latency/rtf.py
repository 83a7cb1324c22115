"""Real-time factor: compute over audio, pooled over the corpus.

Statistics of an item, ``float64[2]``: seconds of compute, seconds of source.  The items of a
long-form recording share its trace and count an equal share of it each.  This is simulstream's
RTF (sum of computation times over sum of audio); SimulEval's metric of that name is the time of
the last output over the source's length: :class:`LastOutput`, with ``--compat simuleval`` only.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.timed import TEXT, TimedMetric
from s2st_bench.types import MetricSpec, Trace


def compute_s(trace: Trace) -> float:
    """Seconds of work of all jobs, waiting on the network included."""
    return sum(job.end_s - job.start_s for step in trace.steps for job in step.jobs)


class RTF(Metric):
    """Real-time factor; below 1 a system keeps up with speech."""

    spec = MetricSpec("RTF", "", False, frozenset({"compute"}), (), "simulstream 1.0.0")

    def __init__(self, *, aware: bool = False) -> None:
        super().__init__(aware=aware)
        self._last: tuple[Trace, float] | None = None

    def as_peer(self, peer: str) -> Metric:
        return LastOutput() if peer == "simuleval" else self

    def stats(self, item: Item) -> Floats | Unscored:
        trace = item.trace
        if item.failed:
            return Unscored("the recording failed")
        if trace.source_unit == "tokens":
            return Unscored("text input has no duration")
        if trace.clock == "ideal":
            return Unscored("compute was not measured")
        if trace.kind == "stream" or not any(step.jobs for step in trace.steps):
            return Unscored("the work behind the output is not known")
        if not trace.source_length > 0:
            return Unscored("the source has no length")
        # The items of one recording come in a row: its jobs are summed once.
        if self._last is None or self._last[0] is not trace:
            self._last = trace, compute_s(trace)
        share = max(1, len(item.recording.segments))
        return np.array([self._last[1], trace.source_length]) / share

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])


class LastOutput(TimedMetric):
    """SimulEval's ``RTF`` of text output: d_n / S, whatever the compute was."""

    spec = MetricSpec("RTF", "", False, TEXT, (), "SimulEval 1.1.4")

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        return float(times[-1] / item.source_length)
