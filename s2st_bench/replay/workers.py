"""Runs a pipeline in real time, one worker thread per stage with queues between them.

Stages that name the same resource take turns on it.  Where the stages release the interpreter
lock (inference engines, subprocesses, sockets do), they overlap for real.
"""

from __future__ import annotations

import queue
import threading

from s2st_bench.clock import Clock
from s2st_bench.errors import SystemFailure
from s2st_bench.replay.graph import Message, Node, Steps, build, forward, placed
from s2st_bench.replay.policy import said
from s2st_bench.replay.record import Record
from s2st_bench.replay.source import Source
from s2st_bench.replay.turns import Turns
from s2st_bench.system import Observation, PipelineSession, System
from s2st_bench.types import Job, Read, Write

_POLL_S = 0.1


def replay_workers(
    session: PipelineSession, system: System, source: Source, clock: Clock, recorder: Record,
    turns: Turns | None = None,
) -> bool:
    """Run a pipeline over a source to its end; returns whether it read adaptively.

    ``turns`` are shared by sessions that run at the same time.
    """
    nodes = build(session, system, clock, recorder, True)
    return _Crew(nodes, source, clock, recorder, turns or Turns()).run()


class _Crew:
    def __init__(
        self, nodes: list[Node], source: Source, clock: Clock, recorder: Record, turns: Turns
    ) -> None:
        self.nodes = nodes
        self.roots = [node for node in nodes if node.is_root]
        self.source = source
        self.clock = clock
        self.recorder = recorder
        self.steps = Steps(recorder)
        self.queues: dict[str, queue.Queue[Message]] = {
            node.stage.name: queue.Queue() for node in nodes
        }
        self.turns = {node.resource: turns.on(node.resource) for node in nodes}
        self.book = threading.Lock()
        """Guards steps, queues' ends and the recorder."""
        self.failure: BaseException | None = None
        self.adaptive = False

    def run(self) -> bool:
        # A single root pulls its own source, so that it can read all that has arrived.
        alone = self.roots[0] if len(self.roots) == 1 else None
        threads = [
            threading.Thread(target=self._serve, args=(node,), name=node.stage.name, daemon=True)
            for node in self.nodes if node is not alone
        ]
        for thread in threads:
            thread.start()
        try:
            self._feed(alone)
        except BaseException as error:  # the other workers must stop first
            self.failure = self.failure or error
        for thread in threads:
            thread.join()
        if self.failure is not None:
            self.steps.abandon()
            raise self.failure
        return self.adaptive

    def _feed(self, alone: Node | None) -> None:
        read = self.roots[0].stage.session.first
        while not self.source.exhausted and not all(node.done for node in self.roots):
            if self.failure is not None:
                return
            count = self.source.wanted(read)
            if read.all_available and alone is not None:
                self.adaptive = True
                count = max(count, self.source.available(self.clock.time_s))
            chunk = self.source.take(count)
            arrived_s = self.source.arrived_s
            self.clock.release(arrived_s)
            with self.book:
                step = self.steps.begin(self.source.position, arrived_s)
                for node in self.roots:
                    if node.done:
                        continue
                    last = False
                    if chunk.is_last:
                        node.open_inputs -= 1
                        last = not node.open_inputs
                    self.steps.sent(step)
                    seen = Observation(chunk, None, "source", last)
                    message = Message(arrived_s, seen, step, None)
                    if alone is None:
                        self.queues[node.stage.name].put(message)
            if alone is not None:
                read = self._work(alone, message)

    def _serve(self, node: Node) -> None:
        try:
            while not node.done:
                try:
                    message = self.queues[node.stage.name].get(timeout=_POLL_S)
                except queue.Empty:
                    if self.failure is not None:
                        return
                    continue
                self._work(node, message)
        except BaseException as error:  # handed to the thread that waits for this one
            self.failure = self.failure or error

    def _work(self, node: Node, message: Message) -> Read:
        writes: list[tuple[float, Write]] = []
        failure: SystemFailure | None = None
        read = Read()
        with self.turns[node.resource]:
            start_s = self.clock.enter()
            try:
                read = node.answers.exchange(message.observation, writes)
            except SystemFailure as error:
                failure, writes = error, said(writes)
            end_s = self.clock.leave()
        parents = () if message.parent is None else (message.parent,)
        last = message.observation.is_last or node.answers.final
        with self.book:
            job = Job(
                self.recorder.next_job(), node.stage.name, start_s, end_s, parents,
                node.resource, node.meter.network_in(start_s, end_s), message.parent is None,
            )
            node.meter.clear()
            step = node.hear(message.step)
            self.steps.worked(step, job, placed(node, writes, job))
            if failure is not None:
                raise failure
            for child, onward in forward(node, writes, job, step, last, self.steps):
                self.queues[child.stage.name].put(onward)
            self.steps.settled(message.step)
            if last:
                self._finish(node)
        return read

    def _finish(self, node: Node) -> None:
        """A stage is done: what still waits for it is dropped."""
        node.done = True
        waiting = self.queues[node.stage.name]
        while not waiting.empty():
            self.steps.settled(waiting.get_nowait().step)
