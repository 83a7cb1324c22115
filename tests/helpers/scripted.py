"""A system whose policy is a function, and one replay of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import (
    Answer,
    Observation,
    Session,
    System,
)
from s2st_bench.types import (
    Recording,
    Task,
    Trace,
)

RATE = 16_000
Policy = Callable[[Observation], Answer]


class FromFunction(Session):
    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def policy(self, observation: Observation) -> Answer:
        return self._policy(observation)


class Scripted(System):
    """A system whose policy is a function made anew for each session."""

    sources = frozenset({"speech", "text"})
    outputs = frozenset({"text", "speech"})

    def __init__(self, make: Callable[[], Policy]) -> None:
        self.make = make

    def open(self, task: Task) -> Session:
        return FromFunction(self.make())


def once(make: Callable[[], Policy], recording: Recording, run: Path, **options: object) -> Trace:
    settings = ReplayOptions(**{"clock": "ideal", "chunk_s": 0.125, **options})  # type: ignore[arg-type]
    return replay(Scripted(make), recording, "de", settings, run).whole()
