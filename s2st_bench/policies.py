"""What policies around a system that decodes whole hypotheses have in common."""

from __future__ import annotations

from abc import abstractmethod

from s2st_bench.system import HypothesisSession, HypothesisSystem, Meter, Session, System
from s2st_bench.types import Modality, Recording, Task


class PolicySystem(System):
    """A policy around ``inner``, whose hypotheses it reads.

    It takes what the inner system takes, writes text, and is a control if the inner one is.

    Raises
    ------
    ValueError
        ``inner`` does not decode whole hypotheses.
    """

    def __init__(self, inner: System) -> None:
        if not isinstance(inner, HypothesisSystem):
            raise ValueError(
                f"inner system {inner.name or type(inner).__name__!r} writes as it likes; "
                "a policy goes around one that decodes whole hypotheses (its README says so)"
            )
        self.inner: HypothesisSystem = inner
        self.sources = inner.sources
        self.outputs: frozenset[Modality] = frozenset({"text"})
        self.privileged = inner.privileged

    @abstractmethod
    def around(self, inner: HypothesisSession) -> Session:
        """A session that asks ``inner`` for hypotheses."""

    def load(self, device: str = "cpu") -> None:
        self.inner.load(device)

    def open(self, task: Task) -> Session:
        return self.around(self.inner.open_hypothesis(task))

    def open_control(self, task: Task, recording: Recording) -> Session:
        return self.around(self.inner.open_hypothesis(task, recording))

    def supports(self, task: Task) -> str | None:
        return super().supports(task) or self.inner.supports(task)

    def synchronize(self) -> None:
        self.inner.synchronize()


class PolicySession(Session):
    """A session around another; stages that the inner one measures are measured here."""

    def __init__(self, inner: HypothesisSession) -> None:
        self.inner = inner

    @property
    def meter(self) -> Meter:
        return self.inner.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self.inner.meter = meter

    def close(self) -> None:
        self.inner.close()
