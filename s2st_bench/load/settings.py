"""What a load test is asked for: ``load.streams=1,2,4,8`` and how its listeners come."""

from __future__ import annotations

import math
from dataclasses import dataclass

from s2st_bench.errors import ConfigError

MAX_STREAMS = 512
"""Listeners at once that one machine is asked to play."""


@dataclass(frozen=True, slots=True)
class Load:
    """Settings of a load test; without ``streams`` there is none."""

    streams: tuple[int, ...] | None = None
    """Levels: listeners at once.  One listener is always measured, to compare with."""
    recordings: int = 2
    """Each listener hears at least so many, one after another."""
    stagger_s: float = 1.0
    """Listeners start spread over this time."""
    target_s: float = 2.0
    """The lag that 95 % of a level's writes must keep for the level to hold."""
    max_jitter_s: float = 0.1
    """A level is marked when the harness alone hands over audio to so many listeners later than
    this (99th percentile)."""
    conversations: bool = False
    """Listeners come in pairs that hear opposite directions at once."""

    def __post_init__(self) -> None:
        for number in self.streams or ():
            if not 1 <= number <= MAX_STREAMS:
                raise ConfigError(
                    f"load.streams: levels are from 1 to {MAX_STREAMS} listeners, not {number}")
        if self.streams is not None and not self.streams:
            raise ConfigError("load.streams: name at least one level, such as load.streams=1,2,4,8")
        if twice := [n for n in self.streams or () if (self.streams or ()).count(n) > 1]:
            raise ConfigError(f"load.streams: {twice[0]} is named twice")
        if self.conversations and (odd := [n for n in self.streams or () if n > 1 and n % 2]):
            raise ConfigError(f"load.streams: a conversation is two streams, so {odd[0]} is none; "
                              "give even levels")
        if not 1 <= self.recordings <= 10_000:
            raise ConfigError(f"load.recordings: from 1 to 10000, not {self.recordings}")
        for name, low, high in (("stagger_s", 0.0, 3600.0), ("target_s", 0.001, 3600.0),
                                ("max_jitter_s", 0.001, 3600.0)):
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise ConfigError(f"load.{name}: from {low:g} to {high:g} s, not {value}")

    @property
    def levels(self) -> tuple[int, ...]:
        """All levels in rising order, one listener first; empty without a load test."""
        return tuple(sorted({1, *self.streams})) if self.streams else ()
