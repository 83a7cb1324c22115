"""Reads everything and writes nothing, or one word at the end."""

from __future__ import annotations

from s2st_bench.system import Answer, Observation, Session, System
from s2st_bench.types import Modality, Read, Task, Write

_READ = Read()


class NullAgent(System):
    """Costs nothing; ``word`` is written at the end of the source (empty: never)."""

    sources: frozenset[Modality] = frozenset({"speech", "text"})

    def __init__(self, word: str = "") -> None:
        self.word = word

    def open(self, task: Task) -> Session:
        return NullSession(self.word)


class NullSession(Session):
    """One listener of nothing."""

    def __init__(self, word: str) -> None:
        self.word = word

    def policy(self, observation: Observation) -> Answer:
        if self.word and observation.is_last and observation.chunk is not None:
            return (Write(self.word, is_final=True),)
        return _READ
