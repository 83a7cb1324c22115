"""Decodes all it has heard after every chunk and writes all but the last n words."""

from __future__ import annotations

from s2st_bench.around import CommittingSession, PolicySystem
from s2st_bench.policy import Hold
from s2st_bench.system import HypothesisSession, Session, System


class HoldSystem(PolicySystem):
    """Hold-n over words, around any system that decodes hypotheses."""

    def __init__(self, inner: System, *, n: int = 4) -> None:
        super().__init__(inner)
        self.rule = Hold(n, unit="word")

    def around(self, inner: HypothesisSession) -> Session:
        return CommittingSession(inner, self.rule)
