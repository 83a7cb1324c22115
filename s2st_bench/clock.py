"""The three clocks of a replay; all times in seconds from the start of the recording.

``ideal``      computation costs nothing; deterministic
``simulated``  a virtual clock: compute is measured, waiting for audio is skipped
``realtime``   audio is released as it would be spoken

A clock is paused between exchanges (decoding and book-keeping of the harness never count, save
under ``realtime`` where the wall decides): ``release`` lets source exist, ``enter`` and ``leave``
frame a system's work, ``now`` stamps inside it.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from s2st_bench.errors import ConfigError
from s2st_bench.types import ClockName

RESOLUTION_DIGITS = 6
"""Times are kept to the microsecond, far below what any clock here can tell apart."""

_SPIN_S = 0.0015
"""A sleep may overshoot by about this much; the rest is waited out awake."""
_BEAT_S = 0.25


class Clock(ABC):
    """One recording's clock; make a new one for each."""

    name: ClockName
    measures: bool
    """Whether computation takes time on it."""
    wall: bool = False

    @abstractmethod
    def release(self, at_s: float) -> float:
        """Wait until ``at_s`` and return the time then, which is later when work is behind."""

    @abstractmethod
    def enter(self) -> float:
        """Work starts; returns the time."""

    @abstractmethod
    def now(self) -> float:
        """The time inside work."""

    @abstractmethod
    def leave(self) -> float:
        """Work ends; returns the time."""

    @property
    @abstractmethod
    def time_s(self) -> float:
        """The time between work."""


class IdealClock(Clock):
    """No cost for computation."""

    name: ClockName = "ideal"
    measures = False

    def __init__(self) -> None:
        self._now = 0.0

    def release(self, at_s: float) -> float:
        self._now = max(self._now, at_s)
        return self._now

    def enter(self) -> float:
        return self._now

    def now(self) -> float:
        return self._now

    def leave(self) -> float:
        return self._now

    @property
    def time_s(self) -> float:
        return self._now


class SimulatedClock(Clock):
    """A virtual clock that runs only while a system works."""

    name: ClockName = "simulated"
    measures = True

    def __init__(self) -> None:
        self._now = 0.0
        self._skew = 0.0

    def release(self, at_s: float) -> float:
        self._now = max(self._now, at_s)
        return self._now

    def jump(self, at_s: float) -> None:
        """Set the time: a scheduler of several workers runs their work one after another."""
        self._now = at_s

    def enter(self) -> float:
        self._skew = time.perf_counter() - self._now
        return self._now

    def now(self) -> float:
        return max(self._now, round(time.perf_counter() - self._skew, RESOLUTION_DIGITS))

    def leave(self) -> float:
        self._now = self.now()
        return self._now

    @property
    def time_s(self) -> float:
        return self._now


class RealtimeClock(Clock):
    """The wall clock.

    ``beat`` is called now and then while waiting, so that a supervisor knows it is alive.
    """

    name: ClockName = "realtime"
    measures = True
    wall = True

    def __init__(self, beat: Callable[[], None] | None = None) -> None:
        self._zero = time.perf_counter()
        self._beat = beat
        self.late_s: list[float] = []
        """How late each release came that was waited for: the harness' own lateness."""

    def restart(self) -> None:
        """Start again at zero (after a connection stands)."""
        self._zero = time.perf_counter()

    def release(self, at_s: float) -> float:
        waited = False
        while True:
            left = at_s - (time.perf_counter() - self._zero)
            if left <= 0:
                if waited:
                    self.late_s.append(-left)
                return self.now()
            waited = True
            if left > _BEAT_S:
                time.sleep(_BEAT_S)
                if self._beat is not None:
                    self._beat()
            elif left > _SPIN_S:
                time.sleep(left - _SPIN_S)
            else:
                time.sleep(0)

    def enter(self) -> float:
        return self.now()

    def now(self) -> float:
        return round(time.perf_counter() - self._zero, RESOLUTION_DIGITS)

    def leave(self) -> float:
        return self.now()

    @property
    def time_s(self) -> float:
        return self.now()


def make_clock(name: str, beat: Callable[[], None] | None = None) -> Clock:
    """A fresh clock of that name."""
    if name == "ideal":
        return IdealClock()
    if name == "simulated":
        return SimulatedClock()
    if name == "realtime":
        return RealtimeClock(beat)
    raise ConfigError(f"no clock {name!r}; there are ideal, simulated and realtime")
