"""Re-timing: the job graph against an event simulation, peers' definitions, refusals."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.errors import NotComparable, TraceError, UsageError
from s2st_bench.retime import RULES, Stages, live_times, schedule
from s2st_bench.timeline import NO_JOB
from s2st_bench.types import MAIN, Job, Step, TimedWrite, Trace

# --- an independent simulation ----------------------------------------------------------------


def simulate(
    steps: Sequence[Step], stages: Stages, speed: float
) -> dict[int, float]:
    """When each job starts, by events: audio arrives, jobs end, workers take their next job.

    Workers serve their own queue strictly in the order of ids, and look at it after each event.
    """
    queues: dict[str, deque[Job]] = {}
    needs_audio = {job.id: index for index, step in enumerate(steps) for job in step.jobs}
    for job in sorted((j for step in steps for j in step.jobs), key=lambda job: job.id):
        worker = MAIN if stages == "sequential" else job.resource
        queues.setdefault(worker, deque()).append(job)
    heard = [False] * len(steps)
    busy: set[str] = set()
    done: set[int] = set()
    starts: dict[int, float] = {}
    # (time, order among equals, what): audio of step, or (worker, job) finished
    events: list[tuple[float, int, int | tuple[str, int]]] = [
        (step.arrived_s, i, i) for i, step in enumerate(steps)
    ]
    events.append((0.0, -1, -1))
    heapq.heapify(events)
    tick = len(steps)
    while events:
        now, _, what = heapq.heappop(events)
        if isinstance(what, tuple):
            busy.discard(what[0])
            done.add(what[1])
        elif what >= 0:
            heard[what] = True
        for worker, queue in queues.items():
            if worker in busy or not queue:
                continue
            job = queue[0]
            if not done.issuperset(job.parents):
                continue
            if job.on_source and not heard[needs_audio[job.id]]:
                continue
            queue.popleft()
            busy.add(worker)
            starts[job.id] = now
            work = (job.end_s - job.start_s - job.network_s) / speed + job.network_s
            heapq.heappush(events, (now + work, tick, (worker, job.id)))
            tick += 1
    return starts


@st.composite
def job_graphs(draw: st.DrawFn) -> tuple[Step, ...]:
    """Steps (some silent, some without jobs) of jobs that join up to three earlier ones."""
    arrivals, at = [], 0.0
    for _ in range(draw(st.integers(0, 8))):
        at += draw(st.sampled_from([0.0, 0.1, 0.32, 1.0, 2.5]))
        arrivals.append(at)
    # As in a pipeline, a job may belong to an earlier step than the job done before it.
    jobs: list[list[Job]] = [[] for _ in arrivals]
    for number in range(draw(st.integers(0, 16)) if arrivals else 0):
        network = draw(st.sampled_from([0.0, 0.0, 0.2]))
        compute = draw(st.sampled_from([0.0, 0.01, 0.3, 0.5, 1.7])) + network
        parents = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else ()
        jobs[draw(st.integers(0, len(arrivals) - 1))].append(Job(
            number, "s", 0.0, compute, tuple(sorted(parents)),
            draw(st.sampled_from([MAIN, "asr", "mt", "tts"])), network,
            on_source=draw(st.booleans()),
        ))
    return tuple(
        Step(at, at, tuple(done),
             tuple(TimedWrite(j.id, j.compute_s, "w ") for j in done if draw(st.booleans())))
        for at, done in zip(arrivals, jobs, strict=True)
    )


def scheduled(steps: Sequence[Step], stages: Stages, speed: float = 1.0) -> dict[int, float]:
    if stages == "sequential":
        return schedule(steps, speed, lambda job: MAIN)
    return schedule(steps, speed)


@settings(max_examples=200, deadline=None)
@given(job_graphs(), st.sampled_from(["sequential", "concurrent"]),
       st.sampled_from([1.0, 0.5, 3.0]))
def test_recursion_equals_the_event_simulation(
    steps: tuple[Step, ...], stages: Stages, speed: float
) -> None:
    got, wanted = scheduled(steps, stages, speed), simulate(steps, stages, speed)
    assert got.keys() == wanted.keys()
    assert got == pytest.approx(wanted, abs=1e-9)


@given(job_graphs(), st.sampled_from(["sequential", "concurrent"]))
def test_own_stages_at_speed_one_give_back_the_schedule(
    steps: tuple[Step, ...], stages: Stages
) -> None:
    starts = scheduled(steps, stages)
    logged = tuple(
        replace(step, jobs=tuple(
            replace(j, start_s=starts[j.id], end_s=starts[j.id] + j.compute_s) for j in step.jobs
        )) for step in steps
    )
    assert scheduled(logged, stages) == pytest.approx(starts, abs=1e-9)


@given(job_graphs())
def test_stages_side_by_side_are_never_later(steps: tuple[Step, ...]) -> None:
    one, many = scheduled(steps, "sequential"), scheduled(steps, "concurrent")
    assert all(many[job] <= start + 1e-9 for job, start in one.items())


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.3, 2.0]))))
def test_without_compute_every_clock_is_arrival(said: list[tuple[int, float]]) -> None:
    steps, at = [], 0.0
    for number, (writes, gap) in enumerate(said):
        at += gap
        steps.append(Step(at, at, (Job(number, "s", at, at),),
                          tuple(TimedWrite(number, 0.0, "w ") for _ in range(writes))))
    trace = Trace("s", "r", "en", 10.0, tuple(steps))
    arrivals = [s.arrived_s for s in steps for _ in s.writes]
    for rule in RULES:
        assert live_times(trace, rule, speed=2.0).times == pytest.approx(arrivals, abs=1e-9)


# --- the toy recordings of the field notes, one chunk a second ---------------------------------


def toy(chunks: int, compute_s: float, writes_at: Sequence[int]) -> Trace:
    """One job a chunk on one worker, logged as the real-time queue ran it."""
    steps = []
    end = 0.0
    for k in range(1, chunks + 1):
        start = max(float(k), end)
        end = start + compute_s
        said = (TimedWrite(k, compute_s, "w "),) if k in writes_at else ()
        steps.append(Step(float(k), float(k), (Job(k, "system", start, end),), said))
    return Trace("s", "r", "en", float(chunks), tuple(steps))


@pytest.mark.parametrize(
    ("trace", "simuleval", "fbk", "simulstream", "live"),
    [
        pytest.param(toy(5, 1.5, range(1, 6)), 12.5, 6.5, 6.5, 8.5, id="behind"),
        pytest.param(toy(5, 0.5, range(1, 6)), 7.5, 5.5, 5.5, 5.5, id="in time"),
        pytest.param(toy(10, 0.5, (1, 10)), 15.0, 14.5, 10.5, 10.5, id="eight silent reads"),
    ],
)
def test_last_word_by_each_definition(
    trace: Trace, simuleval: float, fbk: float, simulstream: float, live: float
) -> None:
    """Values of the verified toy of SimulEval, FBK/OmniSTEval, simulstream and a queue."""
    for rule, wanted in [("simuleval", simuleval), ("fbk", fbk), ("simulstream", simulstream),
                         ("live", live)]:
        assert live_times(trace, rule).times[-1] == pytest.approx(wanted)  # type: ignore[arg-type]


def test_words_of_one_simuleval_time_share_their_fbk_time() -> None:
    step = Step(1.0, 1.0, (Job(0, "s", 1.0, 1.5),),
                (TimedWrite(0, 0.5, "a "), TimedWrite(0, 0.5, "b ")))
    assert live_times(Trace("s", "r", "en", 1.0, (step,)), "fbk").times == (1.5, 1.5)


def test_faster_machine_moves_writes_inside_jobs_but_not_the_network() -> None:
    step = Step(1.0, 1.0, (Job(0, "s", 1.0, 2.0, network_s=0.4),),
                (TimedWrite(0, 0.5, "a "), TimedWrite(0, 1.0, "b ")))
    got = live_times(Trace("s", "r", "en", 1.0, (step,)), speed=2.0)
    assert got.times == pytest.approx((1.35, 1.7))
    assert got.signature == {"ca": "live", "speed": "2"} and not got.optimistic


def test_sequential_as_concurrent_is_optimistic_and_says_so() -> None:
    steps = tuple(
        Step(float(k), float(k), (
            Job(2 * k, "asr", 0.0, 0.8),
            Job(2 * k + 1, "mt", 0.0, 0.8, (2 * k,), on_source=False),
        ), (TimedWrite(2 * k + 1, 0.8, "w "),))
        for k in range(1, 4)
    )
    trace = Trace("s", "r", "en", 3.0, steps)
    got = live_times(trace, stages="concurrent")
    assert got.times == pytest.approx((2.6, 3.6, 4.6))
    assert got.optimistic and got.signature == {"ca": "live", "stages": "concurrent"}
    back = live_times(replace(trace, stages="concurrent"), stages="sequential")
    assert back.times == pytest.approx((2.6, 4.2, 5.8)) and not back.optimistic


def test_concurrent_stages_that_share_a_worker_go_on_sharing_it() -> None:
    step = Step(1.0, 1.0, (Job(0, "asr", 1.0, 2.0), Job(1, "mt", 2.0, 3.0)),
                (TimedWrite(1, 1.0, "w"),))
    trace = Trace("s", "r", "en", 1.0, (step,), stages="concurrent")
    assert live_times(trace, speed=2.0).times == (2.0,)


def test_defaults_are_the_logged_times_for_every_kind() -> None:
    trace = toy(3, 0.5, (1, 2, 3))
    for other in (trace, replace(trace, chunking="adaptive"), replace(trace, kind="stream")):
        got = live_times(other)
        assert got.times == (1.5, 2.5, 3.5) and got.signature == {"ca": "live"}


# --- refusals ---------------------------------------------------------------------------------


def test_ideal_has_nothing_to_retime() -> None:
    for rule in RULES:
        with pytest.raises(NotComparable, match="clock=simulated"):
            live_times(replace(toy(2, 0.5, (1,)), clock="ideal"), rule)


def test_adaptive_is_refused_or_marked() -> None:
    trace = replace(toy(2, 0.5, (1,)), chunking="adaptive")
    with pytest.raises(NotComparable, match="--approximate"):
        live_times(trace, speed=2.0)
    with pytest.raises(NotComparable, match="--approximate"):
        live_times(trace, "simuleval")
    assert live_times(trace, speed=2.0, approximate=True).signature["approx"] == "yes"
    assert "approx" not in live_times(trace, approximate=True).signature


def test_stream_and_foreign_traces_are_only_what_they_logged() -> None:
    stream = replace(toy(2, 0.5, (1,)), kind="stream")
    with pytest.raises(NotComparable, match="stream system"):
        live_times(stream, speed=2.0)
    foreign = Trace("s", "r", "en", 1.0, (Step(1.0, 1.0, (), (TimedWrite(NO_JOB, 0.5, "a"),)),))
    assert live_times(foreign).times == (1.5,)
    with pytest.raises(NotComparable, match="as logged"):
        live_times(foreign, "fbk")


def test_peers_have_no_aware_time_for_text_input() -> None:
    with pytest.raises(NotComparable, match="text input"):
        live_times(replace(toy(2, 0.5, (1,)), source_unit="tokens"), "simuleval")


def test_wrong_options_are_named() -> None:
    trace = toy(2, 0.5, (1,))
    for speed in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="--speed"):
            live_times(trace, speed=speed)
    with pytest.raises(UsageError, match="simulstream"):
        live_times(trace, "moses")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--stages"):
        live_times(trace, stages="both")  # type: ignore[arg-type]


def test_parent_that_does_not_come_before_is_a_damaged_trace() -> None:
    with pytest.raises(TraceError, match="parent 9"):
        schedule((Step(1.0, 1.0, (Job(0, "s", 1.0, 2.0, (9,)),)),))


def test_nothing_said_has_no_times() -> None:
    for rule in RULES:
        assert live_times(toy(3, 0.5, ()), rule, speed=2.0).times == ()
