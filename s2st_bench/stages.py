"""What each stage of a pipeline did, read off a trace: its compute and its text.

Stages are those of the trace's jobs: a pipeline's own names (``asr``, ``mt``), those a session's
meter marked, or ``system`` where nothing was told apart.
"""

from __future__ import annotations

from s2st_bench.types import Trace


def stage_seconds(trace: Trace) -> dict[str, float]:
    """Compute of each stage in seconds, in the order in which stages first worked.

    Under the ``ideal`` clock nothing is measured and every value is 0.
    """
    seconds: dict[str, float] = {}
    for step in trace.steps:
        for job in step.jobs:
            seconds[job.stage] = seconds.get(job.stage, 0.0) + job.compute_s
    return seconds


def stage_text(trace: Trace, stage: str) -> str:
    """All that ``stage`` wrote, as it stood in the end; empty if it wrote no text."""
    text = ""
    for step in trace.steps:
        ours = {job.id for job in step.jobs if job.stage == stage}
        for write in step.writes:
            if write.job in ours:
                text = text[: len(text) - write.retract_chars] + write.text
    return text


def first_outputs_s(trace: Trace, stage: str) -> list[float]:
    """Of each job of ``stage`` that said anything, seconds from its start to the first of it."""
    found = []
    for step in trace.steps:
        for job in step.jobs:
            said = [write.at_s for write in step.writes
                    if job.stage == stage and write.job == job.id
                    and (write.text or write.speech_s)]
            found += [min(said)] if said else []
    return found
