"""Two sessions of one loaded system take turns, a chunk each: does one move the other?

The session that the replay drives is the one recorded.  The other hears a recording of its own in
a second replay, on a thread that runs only while it is its turn, so that the order is always the
same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from s2st_bench import records
from s2st_bench.errors import SystemFailure
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import Answer, Meter, Observation, PipelineSession, Session, System
from s2st_bench.types import Task

SOURCE = "source"
WAIT_S = 60.0
SECOND = "a second session"
"""How the message begins when the system does not take two sessions."""


class Pair(System):
    """The inner system, of which a second session hears ``beside`` meanwhile.

    ``beside`` is a recording as ``recordings.jsonl`` holds it; ``folder`` is a run folder for what
    the second session says; ``chunk_s`` is its chunk.
    """

    def __init__(self, *, inner: System, beside: str, folder: Path, chunk_s: float = 0.32) -> None:
        self.inner = inner
        self.sources, self.outputs = inner.sources, inner.outputs
        self._beside = records.decode_recording(beside)
        self._folder = folder
        self._chunk_s = chunk_s
        self._opened = 0

    def load(self, device: str = "cpu") -> None:
        self.inner.load(device)

    def synchronize(self) -> None:
        self.inner.synchronize()

    def supports(self, task: Task) -> str | None:
        return self.inner.supports(task)

    def open(self, task: Task) -> Session:
        try:
            theirs, ours = self.inner.open(task), self.inner.open(task)
        except Exception as error:
            raise SystemFailure(f"{SECOND}: {type(error).__name__}: {error}") from error
        turns = _Turns()
        options = ReplayOptions("ideal", self._chunk_s, sample_rate_hz=task.sample_rate_hz,
                                outputs=tuple(sorted(task.outputs)))
        self._opened += 1
        slot = f"beside-{self._opened}"
        failed: list[str] = []

        def listen() -> None:
            try:
                turns.wait(1)
                done = replay(_Opened(_turning(theirs, turns, 1), self.inner), self._beside,
                              task.target_lang, options, self._folder, slot=slot)
                if done.trace.error is not None:
                    failed.append(done.trace.error.message)
            except Exception as error:
                failed.append(f"{type(error).__name__}: {error}")
            finally:
                turns.leave(1)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()

        def close() -> None:
            turns.leave(0)
            thread.join(WAIT_S)
            if failed:
                raise SystemFailure(f"{SECOND}: {failed[0]}")

        return _turning(ours, turns, 0, close)


class _Turns:
    """Whose turn it is, of two; one that has left is passed over."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._turn = 0
        self._here = [True, True]

    def wait(self, me: int) -> None:
        """Until it is my turn."""
        with self._condition:
            if not self._condition.wait_for(lambda: self._turn == me, WAIT_S):
                raise SystemFailure(f"{SECOND}: the other did not answer within {WAIT_S:g} s")

    def change(self, me: int) -> None:
        """Let the other go on, and wait until it is my turn again."""
        with self._condition:
            if self._here[1 - me]:
                self._turn = 1 - me
                self._condition.notify_all()
        self.wait(me)

    def leave(self, me: int) -> None:
        with self._condition:
            self._here[me] = False
            self._turn = 1 - me
            self._condition.notify_all()


class _Turning(Session):
    """A session that lets the other go on before each new chunk of source."""

    def __init__(
        self, inner: Session, turns: _Turns, me: int, on_close: Callable[[], None] | None = None
    ) -> None:
        self._inner = inner
        self._turns = turns
        self._me = me
        self._on_close = on_close
        self.first = inner.first

    @property
    def meter(self) -> Meter:
        return self._inner.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self._inner.meter = meter

    def policy(self, observation: Observation) -> Answer:
        if observation.chunk is not None:
            self._turns.change(self._me)
        return self._inner.policy(observation)

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            if self._on_close is not None:
                self._on_close()


def _turning(
    session: Session, turns: _Turns, me: int, on_close: Callable[[], None] | None = None
) -> Session:
    """The session, or of a pipeline the first of the stages that read the source, taking turns."""
    if not isinstance(session, PipelineSession):
        return _Turning(session, turns, me, on_close)
    root = next(stage for stage in session.stages if SOURCE in stage.inputs)
    return PipelineSession([
        replace(stage, session=_Turning(stage.session, turns, me, on_close))
        if stage is root else stage
        for stage in session.stages
    ])


class _Opened(System):
    """A system whose one session is already open."""

    def __init__(self, session: Session, inner: System) -> None:
        self._session = session
        self.sources, self.outputs = inner.sources, inner.outputs

    def open(self, task: Task) -> Session:
        return self._session
