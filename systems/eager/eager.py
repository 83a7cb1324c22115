"""Decodes all it has heard after every chunk and shows what is new (re-translation).

With ``append_only`` nothing is ever taken back: of each hypothesis, the words past the number
already written are appended.
"""

from __future__ import annotations

from s2st_bench.around import PolicySession, PolicySystem
from s2st_bench.edits import difference
from s2st_bench.system import Answer, HypothesisSession, Observation, Session, System
from s2st_bench.types import Read, Write


class Eager(PolicySystem):
    """Writes each new hypothesis at once, taking back what changed."""

    def __init__(self, inner: System, *, append_only: bool = False) -> None:
        super().__init__(inner)
        self.append_only = append_only

    def around(self, inner: HypothesisSession) -> Session:
        return EagerSession(inner, self.append_only)


class EagerSession(PolicySession):
    """One listener, who sees every change of mind."""

    def __init__(self, inner: HypothesisSession, append_only: bool) -> None:
        super().__init__(inner)
        self._append_only = append_only
        self._text = ""

    def policy(self, observation: Observation) -> Answer:
        if observation.chunk is not None:
            self.inner.accept(observation.chunk)
        wanted = self.inner.hypothesis(observation.is_last)
        if self._append_only:
            wanted = _extended(self._text, wanted)
        retract, text = difference(self._text, wanted)
        self._text = wanted
        if not (retract or text):
            return Read()
        return [Write(text, retract_chars=retract)]


def _extended(written: str, hypothesis: str) -> str:
    """``written`` and the words of ``hypothesis`` past as many."""
    more = hypothesis.split()[len(written.split()) :]
    return " ".join([written, *more]) if written else " ".join(more)
