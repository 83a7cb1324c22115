"""Decodes all it has heard after every chunk and writes what the last n hypotheses agree on."""

from __future__ import annotations

from s2st_bench.around import CommittingSession, PolicySystem
from s2st_bench.policy import LocalAgreement
from s2st_bench.system import HypothesisSession, Session, System


class LocalAgreementSystem(PolicySystem):
    """LA-n over words, around any system that decodes hypotheses."""

    def __init__(self, inner: System, *, n: int = 2) -> None:
        super().__init__(inner)
        self.rule = LocalAgreement(n, unit="word")

    def around(self, inner: HypothesisSession) -> Session:
        return CommittingSession(inner, self.rule)
