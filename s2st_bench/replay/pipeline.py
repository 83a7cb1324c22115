"""Runs a pipeline on a virtual clock: stages take turns here, their workers run there.

Every stage call is run for real and measured, one after another, and laid out on the virtual
clock as its worker would have run it: a job starts when its observation is there and its
resource is free.  In order (``sequential``) all stages share one resource, and what follows from
a chunk is done before the next chunk is touched.
"""

from __future__ import annotations

from collections import defaultdict

from s2st_bench.clock import Clock, SimulatedClock
from s2st_bench.errors import SystemFailure
from s2st_bench.replay.graph import Message, Node, Steps, build, forward, placed
from s2st_bench.replay.policy import said
from s2st_bench.replay.record import Record
from s2st_bench.replay.source import Source
from s2st_bench.system import Observation, PipelineSession, System
from s2st_bench.types import Job, Read, Write


def replay_pipeline(
    session: PipelineSession, system: System, source: Source, clock: Clock, recorder: Record,
    concurrent: bool, opened: Job | None = None,
) -> bool:
    """Run a pipeline over a source to its end; returns whether it read adaptively.

    ``opened`` is the job that opened the session: no stage starts before it ended.
    """
    nodes = build(session, system, clock, recorder, concurrent)
    return _Scheduler(nodes, source, clock, recorder, opened).run()


class _Scheduler:
    def __init__(
        self, nodes: list[Node], source: Source, clock: Clock, recorder: Record,
        opened: Job | None,
    ) -> None:
        self.nodes = nodes
        self.roots = [node for node in nodes if node.is_root]
        self.source = source
        self.clock = clock
        self.recorder = recorder
        self.steps = Steps(recorder)
        self.opened = opened
        opened_s = opened.end_s if opened is not None else 0.0
        self.free: defaultdict[str, float] = defaultdict(lambda: opened_s)
        self.used: set[str] = set()
        self.read: Read = self.roots[0].stage.session.first
        self.adaptive = False

    def run(self) -> bool:
        while (choice := self._next()) is not None:
            start_s, node = choice
            if not node.inbox:
                self._pull(start_s)
            self._work(node, node.inbox.popleft())
        return self.adaptive

    def _next(self) -> tuple[float, Node] | None:
        """The stage that can start first; the most downstream one of several."""
        best: tuple[float, int, Node] | None = None
        for node in self.nodes:
            if node.inbox:
                ready_s = node.inbox[0].ready_s
            elif node.is_root and not node.done and not self.source.exhausted:
                ready_s = self.source.arrival_s(self.source.wanted(self.read))
            else:
                continue
            start_s = max(ready_s, self.free[node.resource])
            if best is None or (start_s, -node.depth) < best[:2]:
                best = (start_s, -node.depth, node)
        return (best[0], best[2]) if best is not None else None

    def _pull(self, start_s: float) -> None:
        """Give the next chunk of source to every stage that reads it."""
        count = self.source.wanted(self.read)
        if self.read.all_available:
            self.adaptive = True
            count = max(count, self.source.available(start_s))
        chunk = self.source.take(count)
        arrived_s = self.source.arrived_s
        step = self.steps.begin(self.source.position, arrived_s)
        for node in self.roots:
            if node.done:
                continue
            last = False
            if chunk.is_last:
                node.open_inputs -= 1
                last = not node.open_inputs
            self.steps.sent(step)
            node.inbox.append(
                Message(arrived_s, Observation(chunk, None, "source", last), step, None)
            )

    def _work(self, node: Node, message: Message) -> None:
        begin_s = max(message.ready_s, self.free[node.resource])
        clock = self.clock
        if isinstance(clock, SimulatedClock):
            clock.jump(begin_s)
        else:
            clock.release(begin_s)
        writes: list[tuple[float, Write]] = []
        failure: SystemFailure | None = None
        start_s = clock.enter()
        try:
            read = node.answers.exchange(message.observation, writes)
        except SystemFailure as error:
            read, failure, writes = self.read, error, said(writes)
        end_s = clock.leave()
        self.free[node.resource] = end_s
        parents = [] if message.parent is None else [message.parent]
        if self.opened is not None and node.resource not in self.used:
            parents.append(self.opened.id)
            self.used.add(node.resource)
        job = Job(
            self.recorder.next_job(), node.stage.name, start_s, end_s, tuple(parents),
            node.resource, node.meter.network_in(start_s, end_s), message.parent is None,
        )
        node.meter.clear()
        if node.is_root:
            self.read = read
        last = message.observation.is_last or node.answers.final
        step = node.hear(message.step)
        self.steps.worked(step, job, placed(node, writes, job))
        if failure is not None:
            self.steps.abandon()
            raise failure
        for child, onward in forward(node, writes, job, step, last, self.steps):
            child.inbox.append(onward)
        if last:
            self._finish(node)
        self.steps.settled(message.step)

    def _finish(self, node: Node) -> None:
        """A stage is done: what still waits for it is dropped."""
        node.done = True
        while node.inbox:
            self.steps.settled(node.inbox.popleft().step)
