"""Policies around a system that decodes whole hypotheses: what they have in common."""

from __future__ import annotations

from abc import abstractmethod

from s2st_bench.policy import Committer, Stability
from s2st_bench.system import (
    Answer,
    HypothesisSession,
    HypothesisSystem,
    Meter,
    Observation,
    Session,
    System,
)
from s2st_bench.types import Modality, Read, Recording, Task, Write


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


class CommittingSession(PolicySession):
    """Decodes after every chunk, writes the words that a stability rule commits, takes none back.

    Words are what spaces separate; what the inner session changes in words already written is
    not shown, see :func:`~s2st_bench.policy.commit.continuation`.
    """

    def __init__(self, inner: HypothesisSession, rule: Stability) -> None:
        super().__init__(inner)
        self._committer = Committer(rule)
        self._has_written = False

    def policy(self, observation: Observation) -> Answer:
        if observation.chunk is not None:
            self.inner.accept(observation.chunk)
        elif not observation.is_last:
            return Read()  # the same hypothesis again would agree with itself
        hypothesis = self.inner.hypothesis(observation.is_last).split()
        if observation.is_last:
            words = self._committer.finish(hypothesis)
        else:
            words = self._committer.push(hypothesis)
        text = " ".join(["", *words] if self._has_written else words)
        self._has_written = self._has_written or bool(words)
        if observation.is_last:
            return [Write(text, is_final=True)]
        return [Write(text)] if text else Read()
