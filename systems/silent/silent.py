"""Hears everything and never writes: what a metric gives for silence."""

from __future__ import annotations

from s2st_bench.system import Answer, Observation, Session, System
from s2st_bench.types import Modality, Read, Task


class Silent(System):
    """Never writes, whatever the task."""

    sources: frozenset[Modality] = frozenset({"speech", "text"})
    outputs: frozenset[Modality] = frozenset({"speech", "text"})
    control = True

    def open(self, task: Task) -> Session:
        return SilentSession()


class SilentSession(Session):
    """One listener, who waits in vain."""

    def policy(self, observation: Observation) -> Answer:
        return Read()
