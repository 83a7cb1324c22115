"""Several recordings replayed side by side, their sessions asked in one ``policy_batch``.

Only where time is not measured (``ideal``).  Each recording has a thread of its own that runs the
same loop as ever; its session waits until every session that is still open has been asked too, so
which are asked together follows from the recordings alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from s2st_bench.errors import ConfigError, SystemFailure
from s2st_bench.system import Answer, Meter, Observation, PipelineSession, Session, System
from s2st_bench.types import Task


def check_batchable(system: System, clock: str) -> None:
    """Raises ConfigError where a system cannot be asked for several sessions at once."""
    if clock != "ideal":
        raise ConfigError("executor.batch: sessions are asked together only under clock=ideal; "
                          "what is measured is measured alone")
    if type(system).policy_batch is System.policy_batch:
        raise ConfigError(f"executor.batch: {type(system).__name__} answers one session at a time "
                          "(it has no policy_batch)")


class Together:
    """The sessions of one batch.  ``run`` replays, one callable a recording."""

    def __init__(self, system: System, n_sessions: int) -> None:
        self._system = system
        self._open = n_sessions
        self._asked: dict[int, tuple[Session, Observation]] = {}
        self._answers: dict[int, Answer | BaseException] = {}
        self._meeting = threading.Condition()
        self.failed = False
        """A question to all of them raised: whose fault it was cannot be told."""

    def run(self, replays: Sequence[Callable[[System], object]]) -> list[object | BaseException]:
        """What each replay returned or raised, in order."""
        results: list[object | BaseException] = [None] * len(replays)

        def one(seat: int, replay: Callable[[System], object]) -> None:
            try:
                results[seat] = replay(_Seats(self._system, self, seat))
            except BaseException as error:  # raised again where the results are looked at
                results[seat] = error
            finally:
                self._leave()

        threads = [threading.Thread(target=one, args=pair) for pair in enumerate(replays)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def ask(self, seat: int, session: Session, observation: Observation) -> Answer:
        """The session's answer, once all that are open have been asked."""
        with self._meeting:
            self._asked[seat] = session, observation
            self._answer_if_all()
            while seat not in self._answers:
                self._meeting.wait()
            answer = self._answers.pop(seat)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _leave(self) -> None:
        with self._meeting:
            self._open -= 1
            self._answer_if_all()

    def _answer_if_all(self) -> None:
        if not self._asked or len(self._asked) < self._open:
            return
        seats = sorted(self._asked)
        sessions, observations = zip(*(self._asked[seat] for seat in seats), strict=True)
        self._asked.clear()
        try:
            answers = self._system.policy_batch(sessions, observations)
            if len(answers) != len(seats):
                raise SystemFailure(f"policy_batch gave {len(answers)} answers to {len(seats)} "
                                    "sessions")
            self._answers.update(zip(seats, answers, strict=True))
        except BaseException as error:
            self.failed = True
            self._answers.update(dict.fromkeys(seats, error))
        self._meeting.notify_all()


class _Seated(Session):
    """A session that is asked with others."""

    def __init__(self, inner: Session, together: Together, seat: int) -> None:
        self.inner = inner
        self.first = inner.first
        self._together = together
        self._seat = seat

    @property
    def meter(self) -> Meter:
        return self.inner.meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self.inner.meter = meter

    def policy(self, observation: Observation) -> Answer:
        return self._together.ask(self._seat, self.inner, observation)

    def close(self) -> None:
        self.inner.close()


class _Seats(System):
    """The system, as one recording of the batch sees it."""

    def __init__(self, inner: System, together: Together, seat: int) -> None:
        self._inner = inner
        self._together = together
        self._seat = seat
        self.sources = inner.sources
        self.outputs = inner.outputs
        self.voices = inner.voices
        self.name = inner.name

    def open(self, task: Task) -> Session:
        session = self._inner.open(task)
        if isinstance(session, PipelineSession):
            raise ConfigError(f"executor.batch: {self.name} is a pipeline, whose stages are run "
                              "one by one")
        return _Seated(session, self._together, self._seat)

    def supports(self, task: Task) -> str | None:
        return self._inner.supports(task)
