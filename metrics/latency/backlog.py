"""How far behind the source a system works.

``Backlog`` is the longest time that source, once there, waited before work on it began; a mean
over recordings.  A system that keeps up has about none, whatever it takes for each piece. It is
of the clock that was measured and is not re-timed.
"""

from __future__ import annotations

from s2st_bench.metric import Item, Unscored
from s2st_bench.timed import RecordingMetric
from s2st_bench.types import MetricSpec, Trace


def longest_wait_s(trace: Trace) -> float:
    """Longest wait of a step's source for its first job; 0 for a trace without jobs."""
    waits = (
        min(starts) - step.arrived_s
        for step in trace.steps
        if (starts := [job.start_s for job in step.jobs if job.on_source])
    )
    return max(waits, default=0.0)


class Backlog(RecordingMetric):
    """Longest wait of source for its work."""

    spec = MetricSpec("Backlog", "ms", False, frozenset({"compute"}), (), "s2st_bench")

    def of_recording(self, item: Item) -> float | Unscored:
        trace = item.trace
        if trace.clock == "ideal":
            return Unscored("compute was not measured")
        if trace.source_unit == "tokens":
            return Unscored("text input has no time")
        if trace.kind == "stream" or not any(step.jobs for step in trace.steps):
            return Unscored("the work behind the output is not known")
        if item.live is not None:
            return Unscored("only of the clock that was measured")
        return 1000.0 * longest_wait_s(trace)
