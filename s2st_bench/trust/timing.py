"""Stamps of a trace that cannot be: output earlier than what it rests on.

All of a trace's own: nothing is replayed, so other tools' logs can be looked at too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from s2st_bench.types import Job, Step, TimedWrite, Trace

from .marks import TIME_TRAVEL, Mark

SLACK_S = 0.01
"""Rounding of stamps: the last sample of resampled audio may end this much off its file's end."""
_TELLING = "and rests on source"
WORD_SLACK_S = 0.05
"""How far a word may stand out of its piece: synthesisers round to their frames."""


def faults(trace: Trace) -> Iterator[str]:
    """What cannot be in ``trace``, one sentence each."""
    given = 0.0
    jobs: dict[int, Job] = {}
    for step in trace.steps:
        if step.source_s < given - SLACK_S:
            yield f"source went back from {given:g} to {step.source_s:g}"
        given = max(given, step.source_s)
        if trace.source_length and step.source_s > trace.source_length + SLACK_S:
            yield f"a step has {step.source_s:g} of a source of {trace.source_length:g}"
        if trace.source_unit == "s" and step.arrived_s < step.source_s - SLACK_S:
            yield (f"source up to {step.source_s:.2f} s is stamped as there at "
                   f"{step.arrived_s:.2f} s, before it was spoken")
        jobs |= {job.id: job for job in step.jobs}
        for write in step.writes:
            yield from _of_write(step, write, jobs)
        for job in step.jobs:
            if job.end_s < job.start_s:
                yield (f"job {job.id} ({job.stage}) ends {job.start_s - job.end_s:.3f} s before it "
                       "starts")


def _of_write(step: Step, write: TimedWrite, jobs: dict[int, Job]) -> Iterator[str]:
    what = f"{write.text.strip()[:40]!r}" if write.text.strip() else "a write"
    job = jobs.get(write.job)
    if job is None:
        yield f"{what} left from job {write.job}, which is not there"
    else:
        live_s = job.start_s + write.at_s
        if live_s < step.arrived_s - SLACK_S:
            yield (f"{what} is stamped {live_s:.2f} s {_TELLING} of "
                   f"{step.arrived_s:.2f} s")
    for word in write.words:
        if not -WORD_SLACK_S <= word.start_s <= word.end_s + WORD_SLACK_S or \
                word.end_s > write.speech_s + WORD_SLACK_S:
            yield (f"the word {word.text[:40]!r} stands at {word.start_s:.2f} to "
                   f"{word.end_s:.2f} s of a piece of {write.speech_s:.2f} s")


def judge_faults(found: Iterable[tuple[str, Sequence[str]]], what: str) -> Mark:
    """The mark, from (recording, its faults); ``what`` names what was looked at."""
    n = 0
    first = ""
    total = 0
    for name, those in found:
        n += 1
        total += len(those)
        if those and not first:
            # of what is wrong together, a word that nobody had said yet tells most
            first = f"{name}: {next((one for one in those if _TELLING in one), those[0])}"
    if not n:
        return Mark(TIME_TRAVEL, "inconclusive", f"no {what} to look at")
    if first:
        return Mark(TIME_TRAVEL, "fail", f"{first} ({total} such in {n} {what})")
    return Mark(TIME_TRAVEL, "pass", f"every stamp of {n} {what} can be")
