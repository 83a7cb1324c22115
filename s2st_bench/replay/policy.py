"""The READ/WRITE loop of a system that is one session.

One exchange: give new source, ask until the session reads, note all it wrote and when.  All calls
of an exchange are one job, or one per stretch that the session's meter attributes to a stage.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable

from s2st_bench.clock import Clock
from s2st_bench.errors import LimitExceeded, SystemFailure, SystemRaised
from s2st_bench.replay.record import Record
from s2st_bench.replay.source import Source
from s2st_bench.replay.turns import Turns
from s2st_bench.system import Answer, Meter, Observation, Session, System
from s2st_bench.types import MAIN, Job, Read, Write

CALLS_PER_EXCHANGE = 100_000
"""A session that writes (even nothing) this often without reading is stuck."""

_READ = Read()
_NOTHING = Observation()


class Answers:
    """Drains a session's answers to one observation."""

    __slots__ = ("clock", "ended", "final", "output", "recorder", "session", "stage", "sync")

    def __init__(
        self, session: Session, clock: Clock, recorder: Record, system: System,
        stage: str = "", output: bool = True,
    ) -> None:
        self.session = session
        self.clock = clock
        self.recorder = recorder
        self.sync = None if _free(system) or not clock.measures else system.synchronize
        self.stage = stage
        self.output = output
        self.final = False
        """Whether the session said that nothing follows."""

    def exchange(self, observation: Observation, writes: list[tuple[float, Write]]) -> Read:
        """Ask until the session reads and its device is done.

        ``writes`` gets (time, write) as they leave; those before a failure stay in it.

        Raises
        ------
        SystemFailure
        """
        read = self._ask(observation, writes)
        self._synchronize()
        return read

    def _ask(self, observation: Observation, writes: list[tuple[float, Write]]) -> Read:
        session = self.session
        for _ in range(CALLS_PER_EXCHANGE):
            try:
                answer: Answer = session.policy(observation)
            except (Exception, SystemExit) as error:
                raise _blame(error) from error
            if type(answer) is Read:
                return answer
            if not isinstance(answer, Write):
                return self._drain(answer, writes)
            self._take(answer, writes)
            if self.final:
                return _READ
            observation = _LAST_NOTHING if observation.is_last else _NOTHING
        raise LimitExceeded(f"{CALLS_PER_EXCHANGE} calls without a READ")

    def _drain(self, answer: object, writes: list[tuple[float, Write]]) -> Read:
        """Take the writes of one answer; its end is a READ, with terms if it returns one."""
        if answer is None:
            return _READ
        if not isinstance(answer, Iterable):
            raise SystemFailure(
                f"policy returned {type(answer).__name__}; it returns Read or yields Write"
            )
        iterator = iter(answer)
        while True:
            try:
                write = next(iterator)
            except StopIteration as stop:
                return stop.value if isinstance(stop.value, Read) else _READ
            except (Exception, SystemExit) as error:
                raise _blame(error) from error
            if isinstance(write, Read):
                return write
            self._take(write, writes)
            if self.final:
                return _READ

    def _take(self, write: object, writes: list[tuple[float, Write]]) -> None:
        """Stamp and keep one write."""
        self._synchronize()
        at_s = self.clock.now()
        checked = self.recorder.check(write, self.stage, self.output)
        writes.append((at_s, checked))
        self.final = checked.is_final

    def _synchronize(self) -> None:
        """Wait for the device, where work on it may still run (and may only now fail)."""
        if self.sync is not None:
            try:
                self.sync()
            except Exception as error:
                raise _blame(error) from error


_SILENCE = Write()
_LAST_NOTHING = Observation(is_last=True)


def replay_session(
    session: Session, system: System, source: Source, clock: Clock, recorder: Record,
    turns: Turns | None = None,
) -> bool:
    """Run one session over a source to its end; returns whether it read adaptively.

    ``turns`` are shared by sessions that run at the same time.
    """
    answers = Answers(session, clock, recorder, system)
    turn = (turns or Turns()).on(MAIN)
    meter = session.meter = Meter(clock.now)
    adaptive = False
    read = session.first
    while True:
        count = source.wanted(read)
        if read.all_available:
            adaptive = True
            count = max(count, source.available(clock.time_s))
        chunk = source.take(count)
        arrived_s = source.arrived_s
        clock.release(arrived_s)
        writes: list[tuple[float, Write]] = []
        failure: SystemFailure | None = None
        with turn:
            start_s = clock.enter()
            try:
                read = answers.exchange(Observation(chunk, None, "source", chunk.is_last), writes)
            except SystemFailure as error:
                failure = error
                writes = said(writes)
            end_s = clock.leave()
        jobs = attributed(meter, start_s, end_s, recorder)
        recorder.step(
            source.position, arrived_s, jobs,
            [_placed(at_s, write, jobs) for at_s, write in writes], end_s,
        )
        if failure is not None:
            raise failure
        if source.exhausted or answers.final:
            return adaptive


def said(writes: list[tuple[float, Write]]) -> list[tuple[float, Write]]:
    """Without the empty ones, of which a failing system may have made very many."""
    return [(at_s, w) for at_s, w in writes if w != _SILENCE]


def attributed(
    meter: Meter, start_s: float, end_s: float, recorder: Record
) -> tuple[Job, ...]:
    """Jobs of one exchange: one, or a chain of those that the session's meter marked."""
    if not meter.marks:
        network_s = meter.network_in(start_s, end_s)
        meter.clear()
        return (Job(recorder.next_job(), "system", start_s, end_s, (), MAIN, network_s),)
    jobs: list[Job] = []
    for stage, begin_s, finish_s in meter.cuts(start_s, end_s):
        parents = (jobs[-1].id,) if jobs else ()
        jobs.append(
            Job(recorder.next_job(), stage, begin_s, finish_s, parents, MAIN,
                meter.network_in(begin_s, finish_s), not jobs)
        )
    meter.clear()
    return tuple(jobs)


def _placed(
    at_s: float, write: Write, jobs: tuple[Job, ...]
) -> tuple[int, float, Write, bool]:
    """A write with the job it left from and the time inside that job."""
    job = next((j for j in jobs if at_s <= j.end_s), jobs[-1])
    return job.id, at_s - job.start_s, write, True


def _free(system: System) -> bool:
    return type(system).synchronize is System.synchronize


def _blame(error: BaseException) -> SystemFailure:
    """The failure of a system that raised, naming where."""
    if isinstance(error, SystemFailure):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno})" if frames else ""
    return SystemRaised(f"{type(error).__name__}: {error}{where}")
