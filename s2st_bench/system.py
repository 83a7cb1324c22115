"""What a system is: weights loaded once, a session per listener, one question after another.

A system is asked through :meth:`Session.policy`: it is handed what is new and answers with a
:class:`~s2st_bench.types.Read` or with writes.

*Protocol.*  ``policy(observation)`` returns

- a ``Read``: wait for more source;
- an iterable of ``Write``s, usually by being a generator: all of them are taken, and its end is a
  READ (``return Read(…)`` in a generator gives its terms; one that yields nothing just reads);
- a single ``Write``: it is asked again at once, with an empty observation.

After the chunk with ``is_last`` the first READ, or a write with ``is_final``, ends the recording:
what is left to say is said there.  Observations carry only what is new: a session keeps its own
history.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import dataclass

from s2st_bench.types import (
    AudioChunk,
    Modality,
    Read,
    Recording,
    Samples,
    Task,
    TextChunk,
    Write,
)

OTHER = "other"
"""The stage of time inside a call that no stage claims."""

Answer = Read | Write | Iterable[Write] | Generator[Write, None, Read | None]


@dataclass(frozen=True, slots=True)
class Observation:
    """What is new since the last call: source, or (in a pipeline) what an upstream stage wrote.

    Both none: nothing is new, the session may go on writing.
    """

    chunk: AudioChunk | TextChunk | None = None
    write: Write | None = None
    stage: str = "source"
    """Who ``write`` is from."""
    is_last: bool = False
    """Nothing follows, on any input."""

    @property
    def samples(self) -> Samples | None:
        return self.chunk.samples if isinstance(self.chunk, AudioChunk) else None

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.chunk.tokens if isinstance(self.chunk, TextChunk) else ()


class Meter:
    """Attributes time inside one policy call to stages; the rest is stage ``other``.

    >>> with self.meter.stage("asr"):
    ...     recogniser.accept(samples)

    Stages inside a stage count for the outer one.
    """

    __slots__ = ("_now", "marks", "networks")

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self.marks: list[tuple[str, float, float]] = []
        """(stage, start, end) on the replay's clock, in the order they ended."""
        self.networks: list[tuple[float, float]] = []
        """(when it had passed, seconds) of time spent on the network."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Attribute what happens inside to stage ``name``."""
        started = self._now()
        try:
            yield
        finally:
            self.marks.append((name, started, self._now()))

    def network(self, seconds: float) -> None:
        """Count the last ``seconds``, of the stage that this is called in, as spent on the
        network.
        """
        self.networks.append((self._now(), seconds))

    def network_in(self, start_s: float, end_s: float) -> float:
        """Seconds on the network that had passed after ``start_s``, until ``end_s``; never more
        than lie between the two.
        """
        passed = sum(s for at, s in self.networks if start_s < at <= end_s)
        return min(passed, end_s - start_s)

    def cuts(self, start_s: float, end_s: float) -> list[tuple[str, float, float]]:
        """The interval cut into attributed and ``other`` stretches, in order, gapless."""
        cuts: list[tuple[str, float, float]] = []
        cursor = start_s
        for stage, begin, end in sorted(self.marks, key=lambda mark: (mark[1], -mark[2])):
            begin, end = max(begin, cursor), min(end, end_s)
            if end <= begin:
                continue
            if begin > cursor:
                cuts.append((OTHER, cursor, begin))
            cuts.append((stage, begin, end))
            cursor = end
        if cursor < end_s or not cuts:
            cuts.append((OTHER, cursor, end_s))
        return cuts

    def clear(self) -> None:
        """Forget what was marked; called between exchanges."""
        self.marks.clear()
        self.networks.clear()


class Session(ABC):
    """One listener's use of a system, for one recording."""

    first: Read = Read()
    """What it waits for before the first call."""

    _meter: Meter | None = None

    @property
    def meter(self) -> Meter:
        """Where the session attributes its time to stages."""
        if self._meter is None:
            self._meter = Meter()
        return self._meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self._meter = meter

    @abstractmethod
    def policy(self, observation: Observation) -> Answer:
        """Decide on what is new: READ, or write.  See the module's protocol."""

    def close(self) -> None:  # noqa: B027
        """Free what the session holds; called once, also after a failure."""


class System(ABC):
    """Weights and settings, shared by all sessions.

    A subclass takes its parameters as keyword arguments with annotations (they are checked
    against the configuration) and does no work before :meth:`load`.
    """

    # Set on the class, or in the constructor where they follow from the parameters.
    sources: frozenset[Modality] = frozenset({"speech"})
    outputs: frozenset[Modality] = frozenset({"text"})
    voices: frozenset[str] = frozenset()
    """What makes its speech, by synthesiser or ``synthesiser voice`` (``espeak-ng de+f2``); empty:
    not declared.  An ASR-BLEU by a recogniser trained on the same synthesiser is marked."""
    control: bool = False
    """True for what only shows what a number means; never ranks."""
    privileged: bool = False
    """True for controls that are shown the references (:meth:`open_control`)."""

    sessions: int | None = None
    """How many sessions one loaded instance can have open at a time, each in a thread of its own;
    none: any number.  More listeners get more processes (load tests).  :meth:`load` may settle it.
    """
    cost_per_hour: float | None = None
    """What an hour of source costs, as the vendor states it, in ``currency``; none: not stated."""
    currency: str = "USD"

    name: str = ""
    """Filled by the registry: what the user typed."""

    def load(self, device: str = "cpu") -> None:  # noqa: B027
        """Load weights; called once per worker, excluded from every measurement."""

    @abstractmethod
    def open(self, task: Task) -> Session:
        """Start a session; counted as compute (a reset is work too)."""

    def open_control(self, task: Task, recording: Recording) -> Session:
        """Start a session of a control, which alone is shown the recording."""
        raise NotImplementedError(f"{type(self).__name__} is not a control")

    def supports(self, task: Task) -> str | None:
        """None, or one line saying why this task cannot be done (languages, modality)."""
        if task.source not in self.sources:
            return f"takes {_or(self.sources)} as input, not {task.source}"
        if missing := task.outputs - self.outputs:
            return f"gives {_or(self.outputs)}, not {_or(missing)}"
        return None

    def synchronize(self) -> None:  # noqa: B027
        """Wait for the device; called before every time stamp."""

    def policy_batch(
        self, sessions: Sequence[Session], observations: Sequence[Observation]
    ) -> Sequence[Answer]:
        """Answer for several sessions at once (``ideal`` clock only); default: one by one."""
        return [s.policy(o) for s, o in zip(sessions, observations, strict=True)]


class HypothesisSession(Session):
    """A session that can say, at any time, how all it has heard translates.

    Policies around it (``offline``, ``eager``, local agreement, hold-n) decide what of that is
    written.  On its own it hears everything and decodes once.
    """

    @abstractmethod
    def accept(self, chunk: AudioChunk | TextChunk) -> None:
        """Take in new source."""

    @abstractmethod
    def hypothesis(self, is_last: bool) -> str:
        """The translation of all source so far, from its first word; final if ``is_last``.

        A session that bounds its memory keeps what it can no longer change at the front.
        """

    def policy(self, observation: Observation) -> Answer:
        if observation.chunk is not None:
            self.accept(observation.chunk)
        if not observation.is_last:
            return Read()
        return [Write(self.hypothesis(is_last=True), is_final=True)]


class HypothesisSystem(System):
    """A system whose hypotheses other policies can use (``system=offline system.inner=…``)."""

    @abstractmethod
    def open_hypothesis(self, task: Task, recording: Recording | None = None) -> HypothesisSession:
        """Start a session to be asked for hypotheses; a control is shown the recording."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a pipeline.

    ``inputs`` names where its observations come from: ``source`` or other stages.  ``output``
    marks what the stage writes as output of the whole system.
    """

    name: str
    session: Session
    inputs: tuple[str, ...] = ("source",)
    output: bool = False
    resource: str = ""
    """Stages that name the same resource take turns; empty: its own worker."""


class PipelineSession(Session):
    """A declared graph of stages, run by the replay: in order, or one worker per stage.

    Every stage is itself a session; a downstream stage is handed each write of its inputs.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)

    def policy(self, observation: Observation) -> Answer:
        raise NotImplementedError("a pipeline's stages are run by the replay")

    def close(self) -> None:
        for stage in self.stages:
            stage.session.close()


class StreamSession(ABC):
    """A black box that answers when it likes (a WebSocket service); wall clock only."""

    network_s: float = 0.0
    """Of the answer just given, the time spent on the way, as far as the session can tell."""
    disconnects: int = 0
    """Connections lost and made anew so far; goes into the trace."""

    @abstractmethod
    async def send(self, chunk: AudioChunk | TextChunk) -> None:
        """Send new source; the chunk with ``is_last`` ends it."""

    @abstractmethod
    def events(self) -> AsyncIterator[Write]:
        """What comes back, as it comes; ends when the service is done."""

    async def close(self) -> None:  # noqa: B027
        """Free the connection; called once, also after a failure."""


class StreamSystem(System):
    """A system reached over a stream.  ``connect`` replaces ``open``."""

    @abstractmethod
    async def connect(self, task: Task) -> StreamSession:
        """Open one connection for one recording."""

    def open(self, task: Task) -> Session:
        raise NotImplementedError("a stream system is connected to, not opened")


def _or(modalities: Iterable[Modality]) -> str:
    return " or ".join(sorted(modalities))


__all__ = [
    "OTHER",
    "Answer",
    "HypothesisSession",
    "HypothesisSystem",
    "Meter",
    "Observation",
    "PipelineSession",
    "Session",
    "Stage",
    "StreamSession",
    "StreamSystem",
    "System",
]
