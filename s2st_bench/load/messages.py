"""What the processes of a level and their supervisor say to each other; all of it is pickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s2st_bench.executor.base import Finished, Work

from .plan import Listener


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many sessions the process serves at once; none: any number."""

    sessions: int | None
    is_service: bool
    """The system runs elsewhere: this process only talks to it."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Order: run the start of this recording and forget it."""

    work: Work


@dataclass(frozen=True, slots=True)
class Warm:
    """It is done."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Order: hand over the start of each listener's first recording to nobody."""

    zero_s: float
    listeners: tuple[Listener, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """It is done; how late the audio was handed over, all listeners together."""

    late_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Orders:
    """Order: play these listeners; the level's time is 0 at ``zero_s`` of the machine's clock."""

    zero_s: float
    listeners: tuple[Listener, ...]
    load: Mapping[str, object]
    """Noted in every trace."""


@dataclass(frozen=True, slots=True)
class Played:
    """A play is done."""

    finished: Finished
    late_s: tuple[float, ...]
    """How late its audio was handed over, each time it was waited for."""
