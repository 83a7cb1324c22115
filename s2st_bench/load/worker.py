"""The process in which a level's sessions run side by side: one system, a thread each listener.

Started by :mod:`.level` as ``python -m s2st_bench.load.worker FD``.  It loads the system, says
how many sessions it serves, warms up when told to, and plays what it is ordered to from a moment
that all processes of the level share (:func:`time.perf_counter` is one clock for the machine).

Before, it rehearses: the same threads hand audio to a system that does nothing, so that what
they are late by is the harness' own (in the level itself, the system's work holds up threads too).
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection

from s2st_bench.executor.base import Broken, Loaded, Setup, Started, source_s
from s2st_bench.executor.worker import Ear, Worker, finished, main, portable
from s2st_bench.load.messages import (
    Capacity,
    Orders,
    Played,
    Rehearsal,
    Rehearsed,
    Warm,
    WarmUp,
)
from s2st_bench.load.plan import Listener
from s2st_bench.replay import replay
from s2st_bench.system import Answer, Observation, Session, StreamSystem, System
from s2st_bench.types import AudioSource, Read, Task

_LOG = logging.getLogger(__name__)
REHEARSAL_S = 2.0
"""Audio of each listener's rehearsal."""


class _Shared:
    """A connection that several threads talk through."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = threading.Lock()

    def send(self, message: object, /) -> None:
        with self._turn:
            self._connection.send(message)


class _Hall:
    """The threads of one set of orders."""

    def __init__(self, worker: Worker, sender: Ear, orders: Orders) -> None:
        self.worker = worker
        self.sender = sender
        self.orders = orders
        self.meetings = {
            frozenset((one.number, one.partner)): threading.Barrier(2)
            for one in orders.listeners if one.partner is not None
        }
        """Where the two of a conversation wait for each other."""

    def play(self) -> None:
        threads = [
            threading.Thread(target=self._listen, args=(one,), daemon=True,
                             name=f"listener-{one.number}")
            for one in self.orders.listeners
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _listen(self, listener: Listener) -> None:
        try:
            worker = self.worker.beside()
            start_s = self.orders.zero_s + listener.offset_s
            time.sleep(max(0.0, start_s - time.perf_counter()))
            for place, work in enumerate(listener.works):
                notes: dict[str, object] = {"listener": listener.number}
                if listener.partner is not None:
                    pair = frozenset((listener.number, listener.partner))
                    self.meetings[pair].wait()
                    notes["conversation"] = f"{min(pair) // 2}.{place}"
                self.sender.send(Started(work.index))
                began_s = round(time.perf_counter() - self.orders.zero_s, 6)
                done = worker.played(
                    work, load={**self.orders.load, **notes, "began_s": began_s})
                self.sender.send(Played(finished(work, done), done.late_s))
        except BaseException as error:  # the supervisor hears of it; the partner must not wait
            for meeting in self.meetings.values():
                meeting.abort()
            if not isinstance(error, threading.BrokenBarrierError):
                _LOG.exception("a listener cannot go on")
                self.sender.send(Broken(portable(error, self.worker.setup)))


class _NobodySession(Session):
    def policy(self, observation: Observation) -> Answer:
        return Read()


class _Nobody(System):
    """Hears all and does nothing."""

    outputs = frozenset({"text", "speech"})

    def open(self, task: Task) -> Session:
        return _NobodySession()


def rehearse(order: Rehearsal, setup: Setup) -> tuple[float, ...]:
    """Hand over the start of a recording to nobody, all listeners at once."""
    late_s: list[float] = []

    def listen(listener: Listener) -> None:
        recording = listener.works[0].recording
        if not isinstance(recording.source, AudioSource):
            return
        length_s = min(REHEARSAL_S, source_s(recording) or REHEARSAL_S)
        part = replace(recording, source=replace(recording.source, duration_s=length_s))
        start_s = order.zero_s + listener.offset_s % setup.options.chunk_s
        time.sleep(max(0.0, start_s - time.perf_counter()))
        done = replay(_Nobody(), part, listener.works[0].target_lang, setup.options, setup.run,
                      slot=f"rehearsal-{listener.number}")
        late_s.extend(done.late_s)

    threads = [threading.Thread(target=listen, args=(one,), daemon=True)
               for one in order.listeners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tuple(late_s)


def _capacity(worker: Worker) -> Capacity:
    system = worker.system
    if system is None:
        raise RuntimeError("asked before load")
    return Capacity(system.sessions, isinstance(system, StreamSystem))


def serve(connection: Connection) -> None:
    """Work until the connection closes."""
    setup: Setup = connection.recv()
    sender = _Shared(connection)
    worker = Worker(sender, setup)
    try:
        sender.send(Loaded(worker.load()))
        sender.send(_capacity(worker))
        while True:
            order: WarmUp | Rehearsal | Orders = connection.recv()
            if isinstance(order, Rehearsal):
                sender.send(Rehearsed(rehearse(order, setup)))
            elif isinstance(order, WarmUp):
                worker.warm_up(order.work)
                sender.send(Warm())
            else:
                _Hall(worker, sender, order).play()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except BaseException as error:
        _LOG.exception("worker cannot go on")
        sender.send(Broken(portable(error, setup)))


if __name__ == "__main__":
    main(serve)
