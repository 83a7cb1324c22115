"""Other clocks for a stored trace: another machine's speed, other stages, a peer's definition.

``live`` is the listener's clock.  A job starts at max(arrival of its step's source where it
consumed it, end of its parents, end of the job before it on its resource) and takes its measured
compute divided by ``speed``; time on the network does not scale.  Jobs are taken in the order of
their ids, which is the order in which the work was done.  *Sequential* puts all on one resource;
*concurrent* each on its own ``resource``, which for a trace that ran in order is its stage.

The peers' definitions, on the same logged jobs (``a_k``: audio end of the step of write k;
``C(t)``: compute spent on the recording up to a point of the log):

``simuleval``
    a_k + C(the write): all compute so far is added to the audio and never overlaps with it
    (``SpeechInputInstance.step_to_elapsed`` of SimulEval 1.1.4).
``fbk``
    SimulEval's value differenced, a_k + C(the write) - C(the write before): compute since the last
    emission (StreamLAAL of FBK-fairseq; ``--fix_simuleval_emission_ca`` of OmniSTEval).  Writes
    of the same SimulEval time share one value.
``simulstream``
    a_k + compute of that step: no backlog (``metrics/readers.py`` of simulstream).

What none of these can know is refused: see :func:`live_times`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from s2st_bench.errors import NotComparable, TraceError, UsageError
from s2st_bench.timeline import NO_JOB, logged_times, output_writes
from s2st_bench.types import MAIN, Job, Step, Trace

Rule = Literal["live", "simuleval", "fbk", "simulstream"]
Stages = Literal["sequential", "concurrent"]

RULES: tuple[Rule, ...] = ("live", "simuleval", "fbk", "simulstream")


@dataclass(frozen=True, slots=True)
class Retimed:
    """Live times of a trace on another clock."""

    times: tuple[float, ...]
    """Seconds, one per output write in logged order."""
    signature: Mapping[str, str]
    """What enters the signature of every score made from them."""
    optimistic: bool
    """Overlap was assumed that was never measured: not to be ranked beside measured ones."""


def live_times(
    trace: Trace,
    rule: Rule = "live",
    speed: float = 1.0,
    stages: Stages | None = None,
    approximate: bool = False,
) -> Retimed:
    """The live time of each output write under ``rule``, on a machine ``speed`` times as fast.

    ``stages`` none keeps the trace's own.  With all defaults the logged times come back as they
    are.

    Raises
    ------
    NotComparable
        The trace has nothing to re-time (clock ``ideal``, a stream system, untimed text under a
        peer's rule), or its chunks followed the compute (``adaptive``) and ``approximate`` is
        not set.
    UsageError
        An unknown rule or stages, or a speed that is no positive number.
    """
    _check_options(rule, speed, stages)
    logged = logged_times(trace)
    if logged is None:
        raise NotComparable(
            f"{_where(trace)}: clock ideal measured no compute, so there is nothing to re-time; "
            "run it again with clock=simulated"
        )
    other_stages = stages is not None and stages != trace.stages
    signature: dict[str, str] = {"ca": rule}
    if speed != 1.0:
        signature["speed"] = f"{speed:g}"
    if other_stages and stages is not None:
        signature["stages"] = stages
    if rule == "live" and speed == 1.0 and not other_stages:
        return Retimed(logged, signature, optimistic=False)
    _check_trace(trace, rule)
    if trace.chunking == "adaptive":
        if not approximate:
            raise NotComparable(
                f"{_where(trace)}: the system read all that had arrived, so its chunks would have "
                "been others on another clock; run it again there, or accept an approximation "
                "with --approximate"
            )
        signature["approx"] = "yes"
    if rule != "live":
        return Retimed(_peer_times(trace, rule, speed), signature, optimistic=False)
    in_order = stages == "sequential"
    starts = schedule(
        trace.steps, speed, _worker(trace.stages, stages or trace.stages), in_order=in_order
    )
    offsets = _offsets(trace, speed)
    times = tuple(
        starts[write.job] + offset
        for (_, write), offset in zip(output_writes(trace), offsets, strict=True)
    )
    return Retimed(times, signature, optimistic=other_stages and stages == "concurrent")


def schedule(
    steps: Sequence[Step], speed: float = 1.0,
    worker: Callable[[Job], str] = attrgetter("resource"), *, in_order: bool = False,
) -> dict[int, float]:
    """The job-graph recursion: when each job starts, in seconds, by job id.

    ``worker`` names the resource that a job takes; those of one resource take turns, in the order
    in which the work was done or, with ``in_order``, all that follows from one chunk of source
    before the next.

    Raises
    ------
    TraceError
        A job names a parent that does not come before it.
    """
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    free: dict[str, float] = {}
    for step, job in _jobs(steps, in_order):
        resource = worker(job)
        start = free.get(resource, 0.0)
        if job.on_source:
            start = max(start, step.arrived_s)
        for parent in job.parents:
            if parent not in ends:
                raise TraceError(
                    f"job {job.id} ({job.stage}) names parent {parent}, which does not come before "
                    "it; the trace is damaged, run the recording again"
                )
            start = max(start, ends[parent])
        starts[job.id] = start
        ends[job.id] = free[resource] = start + _duration(job, speed)
    return starts


def _jobs(steps: Sequence[Step], in_order: bool) -> Iterator[tuple[Step, Job]]:
    """Jobs step by step, or as the work was done, which in a pipeline interleaves steps."""
    pairs = [(step, job) for step in steps for job in step.jobs]
    if not in_order:
        pairs.sort(key=lambda pair: pair[1].id)
    return iter(pairs)


def _worker(logged: Stages, wanted: Stages) -> Callable[[Job], str]:
    if wanted == "sequential":
        return lambda job: MAIN
    if logged == "concurrent":
        return lambda job: job.resource
    return lambda job: job.stage if job.resource == MAIN else job.resource


def _peer_times(trace: Trace, rule: Rule, speed: float) -> tuple[float, ...]:
    if rule == "simulstream":
        return tuple(
            step.source_s + sum(_duration(job, speed) for job in step.jobs)
            for step in trace.steps
            for write in step.writes
            if write.output
        )
    before: dict[int, float] = {}
    total = 0.0
    for _, job in _jobs(trace.steps, in_order=True):
        before[job.id] = total
        total += _duration(job, speed)
    audio_end = [step.source_s for step, _ in output_writes(trace)]
    spent = [
        before[write.job] + offset
        for (_, write), offset in zip(output_writes(trace), _offsets(trace, speed), strict=True)
    ]
    if rule == "simuleval":
        return tuple(a + c for a, c in zip(audio_end, spent, strict=True))
    return _differenced(audio_end, spent)


def _differenced(audio_end: Sequence[float], spent: Sequence[float]) -> tuple[float, ...]:
    times: list[float] = []
    last_audio, last_spent = 0.0, 0.0
    for a, c in zip(audio_end, spent, strict=True):
        if times and a + c == last_audio + last_spent:
            times.append(times[-1])
        else:
            times.append(a + c - last_spent)
        last_audio, last_spent = a, c
    return tuple(times)


def _offsets(trace: Trace, speed: float) -> list[float]:
    """``at_s`` of each output write on the other machine: it moves with its job's length."""
    jobs = {job.id: job for step in trace.steps for job in step.jobs}
    offsets = []
    for _, write in output_writes(trace):
        job = jobs[write.job]
        measured = job.compute_s
        scale = _duration(job, speed) / measured if measured > 0 else 1.0 / speed
        offsets.append(write.at_s * scale)
    return offsets


def _duration(job: Job, speed: float) -> float:
    network_s = min(job.network_s, job.compute_s)
    return (job.compute_s - network_s) / speed + network_s


def _check_options(rule: str, speed: float, stages: str | None) -> None:
    if rule not in RULES:
        raise UsageError(f"--ca {rule}: no such clock; one of {', '.join(RULES)}")
    if not 0 < speed < float("inf"):
        raise UsageError(f"--speed {speed}: a positive number is wanted, 2 being twice as fast")
    if stages not in (None, "sequential", "concurrent"):
        raise UsageError(f"--stages {stages}: sequential or concurrent")


def _check_trace(trace: Trace, rule: Rule) -> None:
    if trace.kind == "stream":
        raise NotComparable(
            f"{_where(trace)}: a stream system's work is not seen from outside and cannot be "
            "re-timed; score it as measured, with --ca live, --speed 1 and no --stages"
        )
    if any(write.job == NO_JOB for _, write in output_writes(trace)):
        raise NotComparable(
            f"{_where(trace)}: it knows when things were said but not the work behind (another "
            "tool's log); score it as logged, with --ca live, --speed 1 and no --stages"
        )
    if rule != "live" and trace.source_unit == "tokens":
        raise NotComparable(
            f"{_where(trace)}: {rule} has no computation-aware time for text input; use --ca live"
        )


def _where(trace: Trace) -> str:
    return f"trace of {trace.recording_id!r}"
