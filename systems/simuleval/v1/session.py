"""One recording through an agent of SimulEval 1.0.

The agent is asked READ or WRITE until it writes the end of the sentence; a READ for which the
source has not arrived yet is carried out when it has.  The end of the source is a READ of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Literal

from s2st_bench.errors import LimitExceeded, SystemFailure
from s2st_bench.system import Observation, Session
from s2st_bench.types import Read, Write

from .names import READ_ACTION, WRITE_ACTION
from .source import Exchange

Unit = Literal["word", "char"]

IDLE_CALLS = 10_000
"""Calls in a row that take no source and say nothing."""


class PullSession(Session):
    """One listener's use of an agent that fetches its source."""

    def __init__(
        self, agent: Any, args: Any, exchange: Exchange, unit: Unit, on_close: Callable[[], None]
    ) -> None:
        self._agent = agent
        self._exchange = exchange
        self._unit = unit
        self._on_close = on_close
        self._reading = False
        self._idle = 0
        self._said = False
        self._states = agent.build_states(args, exchange, 0)
        self.first = Read(exchange.missing_s(self._segment_ms) or 0.0)

    def policy(self, observation: Observation) -> Generator[Write, None, Read]:
        """Let the agent act until it needs source that is not here."""
        self._exchange.add(observation)
        while not self._states.finish_hypo():
            if not self._reading:
                self._reading = self._decides_to_read()
            if self._reading:
                if (missing_s := self._missing_s()) is not None:
                    return Read(missing_s)
                self._read()
            else:
                self._states.update_target(self._agent.predict(self._states))
            yield from self._heard()
            self._count()
        return Read()

    def close(self) -> None:
        self._on_close()

    @property
    def _segment_ms(self) -> float:
        return float(getattr(self._agent, "speech_segment_size", 0))

    def _decides_to_read(self) -> bool:
        action = self._agent.policy(self._states)
        if action not in (READ_ACTION, WRITE_ACTION):
            raise SystemFailure(
                f"the agent's policy gave {action!r}: simuleval's READ_ACTION or WRITE_ACTION "
                "is wanted"
            )
        return bool(action == READ_ACTION)

    def _missing_s(self) -> float | None:
        """What a READ waits for; none: a queued unit, or a segment that is here."""
        if self._states.finish_read() or not self._states.unit_queue.source.empty():
            return None
        return self._exchange.missing_s(self._segment_ms)

    def _read(self) -> None:
        self._reading = False
        if not self._states.finish_read():
            self._idle = 0
        self._states.update_source()

    def _heard(self) -> Generator[Write, None, None]:
        """What the agent said just now."""
        words, self._exchange.words = self._exchange.words, []
        text = ("" if self._unit == "char" else " ").join(words)
        if text and self._said and self._unit == "word":
            text = f" {text}"
        if text:
            self._said, self._idle = True, 0
        if text or self._states.finish_hypo():
            yield Write(text, is_final=self._states.finish_hypo())

    def _count(self) -> None:
        self._idle += 1
        if self._idle > IDLE_CALLS:
            raise LimitExceeded(
                f"the agent neither read nor wrote in {IDLE_CALLS} calls (it never wrote "
                "DEFAULT_EOS)"
            )
