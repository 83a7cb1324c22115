"""What the two pipeline runners share: the graph of stages, its queues, and open steps.

A stage is handed one observation at a time, first in, first out.  Everything that follows from
source chunk k belongs to step k, so that its unaware delay is the source given with chunk k.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from s2st_bench.clock import Clock
from s2st_bench.errors import ConfigError
from s2st_bench.replay.policy import Answers
from s2st_bench.replay.record import Record
from s2st_bench.system import Meter, Observation, PipelineSession, Stage, System
from s2st_bench.types import MAIN, Job, Write

SOURCE = "source"


@dataclass(slots=True)
class Message:
    """One observation on its way to a stage."""

    ready_s: float
    observation: Observation
    step: int
    parent: int | None
    """The job that wrote it; none for source."""


@dataclass(slots=True)
class Node:
    """One stage at work."""

    stage: Stage
    answers: Answers
    meter: Meter
    depth: int
    resource: str
    children: list[Node] = field(default_factory=list)
    inbox: deque[Message] = field(default_factory=deque)
    open_inputs: int = 0
    done: bool = False
    heard: int = 0
    """The latest step it has heard of."""

    def hear(self, step: int) -> int:
        """The step that work on a message of ``step`` belongs to.

        Inputs of different depth can bring an older chunk's news after a newer chunk's; what is
        said then rests on both, and so comes with the newer.
        """
        self.heard = max(self.heard, step)
        return self.heard

    @property
    def is_root(self) -> bool:
        return SOURCE in self.stage.inputs


@dataclass(slots=True)
class OpenStep:
    """A step whose work is not all done."""

    source_s: float
    arrived_s: float
    pending: int = 0
    jobs: list[Job] = field(default_factory=list)
    writes: list[tuple[int, float, Write, bool]] = field(default_factory=list)


class Steps:
    """Steps in order; each is recorded once all that followed from it is done."""

    def __init__(self, recorder: Record) -> None:
        self._recorder = recorder
        self._open: dict[int, OpenStep] = {}
        self._next = 0
        self._written = 0

    def begin(self, source_s: float, arrived_s: float) -> int:
        """A step for one more chunk of source."""
        index = self._next
        self._next += 1
        self._open[index] = OpenStep(source_s, arrived_s)
        return index

    def sent(self, step: int) -> None:
        """One more message belongs to ``step``."""
        self._open[step].pending += 1

    def worked(
        self, step: int, job: Job, writes: Sequence[tuple[int, float, Write, bool]]
    ) -> None:
        """A message of ``step`` was worked off by ``job``."""
        entry = self._open[step]
        entry.jobs.append(job)
        entry.writes.extend(writes)

    def settled(self, step: int) -> None:
        """A message of ``step`` needs nothing more; records the steps that are whole."""
        self._open[step].pending -= 1
        while self._written in self._open and not self._open[self._written].pending:
            self._record(self._open.pop(self._written))
            self._written += 1

    def abandon(self) -> None:
        """Record what was done of the steps still open: the recording ends here."""
        for index in sorted(self._open):
            self._record(self._open.pop(index))

    def _record(self, entry: OpenStep) -> None:
        jobs = tuple(sorted(entry.jobs, key=lambda job: job.id))
        live_s = max((job.end_s for job in jobs), default=entry.arrived_s)
        entry.writes.sort(key=lambda write: write[0])
        self._recorder.step(entry.source_s, entry.arrived_s, jobs, entry.writes, live_s)


def build(
    session: PipelineSession, system: System, clock: Clock, recorder: Record, concurrent: bool,
) -> list[Node]:
    """The graph, in topological order.

    Raises
    ------
    ConfigError
        A stage reads from one that does not come before it, or two share a name.
    """
    nodes: dict[str, Node] = {}
    for stage in session.stages:
        if stage.name in nodes or stage.name == SOURCE:
            raise ConfigError(f"pipeline: two stages are called {stage.name!r}")
        missing = [name for name in stage.inputs if name != SOURCE and name not in nodes]
        if missing or not stage.inputs:
            raise ConfigError(
                f"pipeline: stage {stage.name!r} reads from {missing or 'nothing'}; "
                "inputs are 'source' or stages declared before it"
            )
        depth = 1 + max((nodes[n].depth for n in stage.inputs if n != SOURCE), default=-1)
        meter = stage.session.meter = Meter(clock.now)
        node = Node(
            stage,
            Answers(stage.session, clock, recorder, system, stage.name, stage.output),
            meter,
            depth,
            (stage.resource or stage.name) if concurrent else MAIN,
            open_inputs=len(stage.inputs),
        )
        for name in stage.inputs:
            if name != SOURCE:
                nodes[name].children.append(node)
        nodes[stage.name] = node
    if not any(node.is_root for node in nodes.values()):
        raise ConfigError("pipeline: no stage reads from 'source'")
    if not any(node.stage.output for node in nodes.values()):
        raise ConfigError("pipeline: no stage is marked output=True")
    return list(nodes.values())


def forward(
    node: Node, writes: Sequence[tuple[float, Write]], job: Job, step: int, last: bool,
    steps: Steps,
) -> list[tuple[Node, Message]]:
    """Messages to the children of ``node`` for what it wrote; ``last`` if it is done."""
    messages: list[tuple[Node, Message]] = []
    for child in node.children:
        if child.done:
            continue
        observations = [Observation(write=write, stage=node.stage.name) for _, write in writes]
        if last:
            child.open_inputs -= 1
            if not child.open_inputs:
                if observations:
                    observations[-1] = replace(observations[-1], is_last=True)
                else:
                    observations = [Observation(stage=node.stage.name, is_last=True)]
        for observation in observations:
            steps.sent(step)
            messages.append((child, Message(job.end_s, observation, step, job.id)))
    return messages


def placed(
    node: Node, writes: Sequence[tuple[float, Write]], job: Job
) -> list[tuple[int, float, Write, bool]]:
    """Writes as the recorder takes them."""
    return [(job.id, at_s - job.start_s, write, node.stage.output) for at_s, write in writes]
