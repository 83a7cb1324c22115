"""One level: worker processes with a thread for each listener, supervised.

All listeners use one process with one loaded system.  A system that serves only so many sessions
at once (:attr:`~s2st_bench.system.System.sessions`) gets as many processes as its listeners need,
each with weights of its own.

A process that dies or hangs ends its level, for what it did to the others cannot be told apart:
what was not done by then failed.  One listener alone goes on with the next recording.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from typing import TypeVar

from s2st_bench.errors import RunError
from s2st_bench.executor.base import (
    Broken,
    Event,
    Finished,
    Loaded,
    Progress,
    Setup,
    Started,
    Work,
)
from s2st_bench.executor.lost import limit_s, lost
from s2st_bench.executor.process import WorkerProcess
from s2st_bench.limits import Limits
from s2st_bench.types import Failure

from .messages import Capacity, Orders, Played, Rehearsal, Rehearsed, Warm, WarmUp
from .plan import Listener
from .usage import Usage, Watch

MAX_PROCESSES = 64
_POLL_S = 0.2
_LEAD_S = 0.3
"""From the orders to the level's start: all processes have them by then."""
_BODY = "s2st_bench.load.worker"

Message = TypeVar("Message")


class CannotServe(RunError):
    """A level that the system cannot be brought to serve."""


@dataclass(slots=True)
class Outcome:
    """What a level was measured with, beside its traces."""

    usage: Usage | None = None
    rehearsed_s: list[float] = field(default_factory=list)
    """How late audio was handed to nobody, before the level: the harness alone."""
    late_s: list[float] = field(default_factory=list)
    """How late it was handed over in the level, where it was waited for."""
    processes: int = 0
    is_service: bool = False
    error: str = ""


class _Lost(Exception):
    """A process died or hangs; holds the failure and the play that is to blame, where known."""

    def __init__(self, kind: str, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.failure = Failure("hung" if kind == "hung" else "died", message)
        self.index = index


class LevelExecutor:
    """Plays the listeners of one level; :attr:`outcome` is whole when :meth:`run` has ended."""

    def __init__(self, setup: Setup, limits: Limits) -> None:
        self._setup = setup
        self._limits = limits
        self._crew: list[WorkerProcess] = []
        self._left: dict[int, tuple[Work, Listener]] = {}
        self._running: dict[int, tuple[float, float]] = {}
        """Play to when it began and when it was last heard of."""
        self.outcome = Outcome()

    def run(self, listeners: Sequence[Listener]) -> Iterator[Event]:
        """Yield events as they come; a ``Finished`` for each play.

        Raises
        ------
        CannotServe
            Before any play: it cannot be loaded so often.
        BenchError
            The harness failed.
        """
        listeners = [one for one in listeners if one.works]
        self._left = {work.index: (work, one) for one in listeners for work in one.works}
        while self._left:
            try:
                yield from self._play(self._still(listeners))
            except _Lost as loss:
                yield from self._lose(loss, alone=len(listeners) == 1)
            finally:
                self._dismiss()

    def _still(self, listeners: Sequence[Listener]) -> tuple[Listener, ...]:
        return tuple(replace(one, works=tuple(w for w in one.works if w.index in self._left))
                     for one in listeners)

    def _play(self, listeners: Sequence[Listener]) -> Iterator[Event]:
        """Load, warm up, rehearse, and play to the end."""
        first = self._hire()
        capacity, load_s = self._ready(first)
        yield Loaded(load_s)
        self.outcome.is_service = capacity.is_service
        shares = _shares(listeners, capacity)
        for _ in shares[1:]:
            self._hire()
        for worker in self._crew[1:]:
            self._ready(worker)
        self.outcome.processes = max(self.outcome.processes, len(shares))
        for worker, share in zip(self._crew, shares, strict=True):
            worker.connection.send(WarmUp(share[0].works[0]))
        for worker in self._crew:
            self._await(worker, Warm, self._limits.call_s, "warm up")
        zero_s = time.perf_counter() + _LEAD_S
        for worker, share in zip(self._crew, shares, strict=True):
            worker.connection.send(Rehearsal(zero_s, tuple(share)))
        for worker in self._crew:
            done = self._await(worker, Rehearsed, self._limits.call_s, "rehearse")
            self.outcome.rehearsed_s += done.late_s
        watch = Watch([worker.process.pid for worker in self._crew])
        watch.start()
        load = self._noted(len(listeners))
        zero_s = time.perf_counter() + _LEAD_S
        for worker, share in zip(self._crew, shares, strict=True):
            worker.connection.send(Orders(zero_s, tuple(share), load))
        try:
            while self._left:
                yield from self._listen(watch)
        finally:
            found = watch.stop()
            if self.outcome.usage is None or found.wall_s > self.outcome.usage.wall_s:
                self.outcome.usage = found

    def _noted(self, streams: int) -> Mapping[str, object]:
        together = {"shared": True} if streams > 1 else {}
        return {"streams": streams, "processes": len(self._crew), **together}

    def _listen(self, watch: Watch) -> Iterator[Event]:
        ready = wait([worker.connection for worker in self._crew], _POLL_S)
        for worker in self._crew:
            if worker.connection in ready:
                try:
                    while worker.connection.poll():
                        yield from self._hear(worker.connection.recv())
                except (EOFError, ConnectionResetError):
                    raise _Lost("died", f"the system's process ended: {worker.last_words()}"
                                ) from None
        watch.look()
        self._check()

    def _hear(self, message: object) -> Iterator[Event]:
        now = time.monotonic()
        if isinstance(message, Started):
            self._running[message.index] = (now, now)
        elif isinstance(message, Progress):
            if message.index in self._running:
                self._running[message.index] = (self._running[message.index][0], now)
                yield message
        elif isinstance(message, Played):
            self._running.pop(message.finished.index, None)
            self._left.pop(message.finished.index, None)
            self.outcome.late_s += message.late_s
            yield message.finished
        elif isinstance(message, Broken):
            raise message.error

    def _check(self) -> None:
        """Whether every play is heard of, and within its time."""
        now = time.monotonic()
        for index, (began_s, heard_s) in self._running.items():
            limits = self._limits
            if limits.call_s is not None and now - heard_s > limits.call_s:
                raise _Lost("hung", f"no answer for {limits.call_s:g} s (executor.limits.call_s)",
                            index)
            allowed_s = limit_s(self._left[index][0], limits)
            if now - began_s > allowed_s:
                raise _Lost("hung", f"not done after {allowed_s:g} s (executor.limits.recording_s)",
                            index)

    def _lose(self, loss: _Lost, *, alone: bool) -> Iterator[Finished]:
        """What is not done failed; of one listener alone, only what it was hearing."""
        self._dismiss()
        gone = [*self._left] if not alone else [*self._running][:1] or [min(self._left)]
        if not alone:
            self.outcome.error = f"cannot serve {self._streams()} sessions: {loss.failure.message}"
        for index in gone:
            work, listener = self._left.pop(index)
            setup = replace(self._setup, options=replace(self._setup.options, load={
                **self._setup.options.load, "listener": listener.number}))
            to_blame = loss.index in (None, index) and index in self._running or alone
            failure = loss.failure if to_blame else Failure(
                "lost", f"given up with its level: {loss.failure.message}")
            yield lost(setup, work, failure)
        self._running.clear()

    def _streams(self) -> int:
        return len({listener.number for _, listener in self._left.values()})

    def _hire(self) -> WorkerProcess:
        number = len(self._crew)
        log = self._setup.run / "logs" / f"load-{number}.log"
        worker = WorkerProcess(self._setup, log, self._limits.log_bytes, _BODY)
        self._crew.append(worker)
        return worker

    def _ready(self, worker: WorkerProcess) -> tuple[Capacity, float]:
        """Wait until it has loaded the system; what it can serve, and how long that took."""
        loaded = self._await(worker, Loaded, self._limits.load_s, "load")
        capacity = self._await(worker, Capacity, self._limits.load_s, "load")
        return capacity, loaded.load_s

    def _await(
        self, worker: WorkerProcess, kind: type[Message], within_s: float | None, what: str
    ) -> Message:
        """The next message of that kind; a sign of life gives it more time."""
        heard_s = time.monotonic()
        while within_s is None or time.monotonic() - heard_s <= within_s:
            try:
                if not worker.connection.poll(_POLL_S):
                    continue
                message = worker.connection.recv()
            except (EOFError, ConnectionResetError):
                raise CannotServe(f"the system's process ended before its first recording "
                                  f"({worker.last_words()}); see {self._setup.run / 'logs'}"
                                  ) from None
            heard_s = time.monotonic()
            if isinstance(message, kind):
                return message
            if isinstance(message, Broken):
                raise CannotServe(str(message.error)) from message.error
        raise CannotServe(f"the system did not {what} within {within_s:g} s (executor.limits)")

    def _dismiss(self) -> None:
        for worker in self._crew:
            if self._left:
                worker.kill()
            worker.close()
        self._crew.clear()


def _shares(
    listeners: Sequence[Listener], capacity: Capacity
) -> list[list[Listener]]:
    """Listeners by process; the two of a conversation in one.

    Raises
    ------
    CannotServe
        A process serves fewer than a conversation, too many processes were needed, or it is a
        service elsewhere, of which more processes here do not make more.
    """
    streams, sessions = len(listeners), capacity.sessions
    if capacity.is_service and sessions is not None and sessions < streams:
        raise CannotServe(f"cannot serve {streams} sessions: the service serves {sessions}")
    room = streams if sessions is None else min(sessions, streams)
    if any(one.partner is not None for one in listeners):
        room -= room % 2
    if room < 1:
        raise CannotServe(f"cannot serve conversations: one process serves {sessions} session at a "
                          "time, and a conversation is two")
    wanted = math.ceil(streams / room)
    if wanted > MAX_PROCESSES:
        raise CannotServe(f"cannot serve {streams} sessions: one process serves {sessions}, and "
                          f"{wanted} processes are more than {MAX_PROCESSES}")
    return [list(listeners[at : at + room]) for at in range(0, streams, room)]
