"""Traces of the simulated interpreter, by replay in this process under the ideal clock.

``exact`` lag: the interpreter asks for source to the very moment it writes.  Compute is not
burnt but set: each chunk's job gets the seconds that the interpreter would have worked, so that
the numbers are the same on every machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay, task_for
from s2st_bench.types import Job, Recording, Step, Trace
from s2st_bench.validity.rows import Observed
from s2st_bench.validity.truth import Plan, of_compute, of_plans

CHUNK_S = 0.32

Cost = Callable[[float, float], float]
"""Seconds of work for the source from a to b."""


class Interpreting:
    """Replays recordings to simulated interpreters."""

    def __init__(
        self, recordings: Sequence[Recording], target_lang: str, registry: Registry
    ) -> None:
        self.recordings = recordings
        self.target_lang = target_lang
        self._class = registry.get("systems", "interpreter").load()

    def hear(self, **behaviour: Any) -> tuple[list[Trace], list[Plan]]:
        """Traces and plans of an interpreter with these settings, one per recording."""
        system = self._class(**behaviour)
        options = ReplayOptions(clock="ideal", chunk_s=CHUNK_S)
        traces, plans = [], []
        with tempfile.TemporaryDirectory(prefix="s2st-validity-") as name:
            run = Path(name)
            for folder in ("pieces", "spool"):
                (run / folder).mkdir()
            for recording in self.recordings:
                task = task_for(system, recording, self.target_lang, options)
                plans.append(system.plan(task, recording))
                traces.append(replay(system, recording, self.target_lang, options, run).whole())
        return traces, plans

    def observe(self, **behaviour: Any) -> Observed:
        """What an interpreter without compute shows; known: :func:`.truth.of_plans`, drift."""
        traces, plans = self.hear(exact=True, **behaviour)
        drift = 1000.0 * float(behaviour.get("drift_s_per_min", 0.0))

        def known(indices: Sequence[int]) -> dict[str, float]:
            return {"drift": drift, **of_plans(
                [self.recordings[i] for i in indices], self.target_lang,
                [plans[i] for i in indices], [traces[i].source_length for i in indices])}

        return self._observed(traces, known)

    def observe_compute(self, **work: float) -> Observed:
        """A steady interpreter with compute set; known: :func:`.truth.of_compute`."""
        idle, plans = self.hear(lag_s=1.0)
        cost: Cost = self._class(**work).work.cost_s
        traces = [with_compute(trace, cost) for trace in idle]

        def known(indices: Sequence[int]) -> dict[str, float]:
            return of_compute(
                [self.recordings[i] for i in indices], self.target_lang,
                [plans[i] for i in indices], [traces[i] for i in indices])

        return self._observed(traces, known)

    def _observed(
        self, traces: Sequence[Trace], known: Callable[[Sequence[int]], dict[str, float]]
    ) -> Observed:
        """``known`` is of the recordings with these indices."""
        each = {recording.id: known([i]) for i, recording in enumerate(self.recordings)}
        return Observed(traces, self.recordings, known(range(len(self.recordings))), each)


def with_compute(trace: Trace, cost: Cost) -> Trace:
    """An ideal trace as one worker would have left it that takes ``cost`` for each step's
    source and writes when it is done.
    """
    steps: list[Step] = []
    free = heard = 0.0
    for number, step in enumerate(trace.steps):
        start = max(free, step.arrived_s)
        spent = cost(heard, step.source_s) if step.source_s > heard else 0.0
        free, heard = start + spent, step.source_s
        steps.append(replace(
            step,
            jobs=(Job(number, "system", start, free),),
            writes=tuple(replace(write, job=number, at_s=spent) for write in step.writes),
        ))
    return replace(trace, steps=tuple(steps), clock="simulated")
