"""Worker processes on this machine, supervised."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import wait

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
from s2st_bench.executor.lost import limit_s, longest_first, lost
from s2st_bench.executor.process import WorkerProcess
from s2st_bench.limits import Limits
from s2st_bench.types import Failure

_POLL_S = 0.2
_DEATHS_BEFORE_WORK = 3
"""Workers that may die before any recording was begun until the run is given up."""


class LocalExecutor:
    """Replays recordings in ``workers`` processes.

    A worker that dies or hangs is replaced; the recording it was in is given up (or, when the
    worker was killed from outside, tried again up to ``limits.attempts`` times).
    """

    def __init__(self, setup: Setup, workers: int, limits: Limits) -> None:
        self._setup = setup
        self._workers = workers
        self._limits = limits
        self._crew: list[WorkerProcess] = []
        self._waiting: deque[Work] = deque()
        self._deaths = 0
        self._hired = 0

    def run(self, works: Sequence[Work]) -> Iterator[Event]:
        """See :class:`~s2st_bench.executor.base.Executor`."""
        self._waiting.extend(longest_first(works) if self._workers > 1 else works)
        try:
            while self._waiting or any(worker.works for worker in self._crew):
                self._hire()
                self._deal()
                ready = wait([worker.connection for worker in self._crew], _POLL_S)
                for worker in list(self._crew):
                    if worker.connection in ready:
                        yield from self._listen(worker)
                for worker in list(self._crew):
                    yield from self._check(worker)
        finally:
            for worker in self._crew:
                if worker.works:
                    worker.kill()
                worker.close()
            self._crew.clear()

    def _hire(self) -> None:
        wanted = min(self._workers, len(self._waiting) + sum(bool(w.works) for w in self._crew))
        while len(self._crew) < wanted:
            log = self._setup.run / "logs" / f"worker-{self._hired}.log"
            self._hired += 1
            try:
                self._crew.append(WorkerProcess(self._setup, log, self._limits.log_bytes))
            except OSError as error:
                raise RunError(f"worker {self._hired} cannot be started ({error.strerror}): use "
                               "fewer (executor.workers), or raise the limits of open files and "
                               "processes (ulimit -n, ulimit -u)") from error

    def _deal(self) -> None:
        """Hand out works, one to each worker before a second to any."""
        for wanted_room in (2, 1):
            for worker in self._crew:
                if self._waiting and worker.room >= wanted_room:
                    try:
                        worker.give(self._next_batch())
                    except OSError:
                        continue  # it has died: the next look at its connection says so

    def _next_batch(self) -> list[Work]:
        """What is replayed together next; works that must be alone are."""
        batch = [self._waiting.popleft()]
        while (len(batch) < self._setup.batch and self._waiting
               and not (batch[0].alone or self._waiting[0].alone)):
            batch.append(self._waiting.popleft())
        return batch

    def _listen(self, worker: WorkerProcess) -> Iterator[Event]:
        """Everything the worker has said."""
        try:
            while worker.connection.poll():
                message = worker.connection.recv()
                worker.heard_s = time.monotonic()
                if isinstance(message, Loaded):
                    worker.loaded = True
                    yield message
                elif isinstance(message, Started):
                    worker.started = worker.works[0]
                    worker.started_s = worker.heard_s
                elif isinstance(message, Progress):
                    yield message
                elif isinstance(message, Finished):
                    worker.works.popleft()
                    worker.started = None
                    self._deaths = 0
                    yield message
                    self._deal()
                elif isinstance(message, Broken):
                    raise message.error
        except (EOFError, ConnectionResetError):
            yield from self._bury(worker)

    def _check(self, worker: WorkerProcess) -> Iterator[Event]:
        """Whether the worker is still alive and within its limits."""
        if worker not in self._crew or not worker.works:
            return
        now = time.monotonic()
        silent_s = now - worker.heard_s
        limits = self._limits
        if not worker.loaded:
            if limits.load_s is not None and silent_s > limits.load_s:
                worker.kill()
                raise RunError(
                    f"the system did not load within {limits.load_s:g} s "
                    "(executor.limits.load_s)"
                )
            return
        work = worker.started
        if work is None:
            return
        if limits.call_s is not None and silent_s > limits.call_s:
            yield from self._give_up(
                worker, f"no answer for {limits.call_s:g} s (executor.limits.call_s)"
            )
            return
        if now - worker.started_s > (
                allowed_s := sum(limit_s(one, limits) for one in worker.batch)
        ):
            yield from self._give_up(
                worker, f"not done after {allowed_s:g} s (executor.limits.recording_s)"
            )

    def _give_up(self, worker: WorkerProcess, why: str) -> Iterator[Event]:
        """Kill a worker that hangs; its recording fails, its other works go back."""
        worker.kill()
        if len(worker.batch) > 1:
            self._apart(worker)
            return
        work = worker.works.popleft()
        self._dismiss(worker)
        yield lost(self._setup, work, Failure("hung", why))

    def _bury(self, worker: WorkerProcess) -> Iterator[Event]:
        """A worker died by itself or was killed."""
        words = worker.last_words()
        work = worker.started
        if work is None:
            self._deaths += 1
            self._dismiss(worker)
            if self._deaths >= _DEATHS_BEFORE_WORK:
                raise RunError(
                    f"workers die before they begin a recording ({words}); "
                    f"see {self._setup.run / 'logs'}"
                )
            return
        if len(worker.batch) > 1:
            self._apart(worker)
            return
        worker.works.popleft()
        again = worker.was_killed and work.attempt < self._limits.attempts
        self._dismiss(worker)
        if again:
            self._waiting.appendleft(replace(work, attempt=work.attempt + 1))
        else:
            yield lost(self._setup, work, Failure("died", f"the system's process ended: {words}"))

    def _apart(self, worker: WorkerProcess) -> None:
        """One of a batch lost its worker, and none says which: each is replayed alone."""
        batch = {work.index for work in worker.batch}
        worker.works = deque(replace(work, alone=True) if work.index in batch else work
                             for work in worker.works)
        self._dismiss(worker)

    def _dismiss(self, worker: WorkerProcess) -> None:
        """Take back what a lost worker had not begun."""
        self._waiting.extendleft(reversed(worker.works))
        worker.works.clear()
        self._crew.remove(worker)
        worker.close()
