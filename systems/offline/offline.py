"""Reads the whole source, decodes once: the quality a system could have, at the latest moment."""

from __future__ import annotations

from s2st_bench.around import PolicySession, PolicySystem
from s2st_bench.system import Answer, HypothesisSession, Observation, Session, System
from s2st_bench.types import Read, Write


class Offline(PolicySystem):
    """Writes the inner system's hypothesis once, after the end of the source."""

    def __init__(self, inner: System) -> None:
        super().__init__(inner)

    def around(self, inner: HypothesisSession) -> Session:
        return OfflineSession(inner)


class OfflineSession(PolicySession):
    """One listener, who waits for the end."""

    def policy(self, observation: Observation) -> Answer:
        if observation.chunk is not None:
            self.inner.accept(observation.chunk)
        if not observation.is_last:
            return Read()
        return [Write(self.inner.hypothesis(is_last=True), is_final=True)]
