"""What every executor takes and gives; all of it can be pickled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from s2st_bench.config import Choice
from s2st_bench.replay import ReplayOptions
from s2st_bench.types import AudioSource, Recording


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker needs once."""

    system: Choice
    plugin_dirs: tuple[Path, ...]
    options: ReplayOptions
    run: Path
    device: str = "cpu"
    threads: int = 1
    batch: int = 1
    """Recordings whose sessions are asked together (``policy_batch``)."""


@dataclass(frozen=True, slots=True)
class Work:
    """One recording to replay."""

    index: int
    """Position in the run; names files."""
    recording: Recording
    target_lang: str
    repeat: int = 0
    attempt: int = 1
    alone: bool = False
    """Not in a batch: one that it was in has been lost, and who lost it is to be found out."""

    @property
    def key(self) -> tuple[str, str, int]:
        return self.recording.id, self.target_lang, self.repeat

    @property
    def slot(self) -> str:
        """Stem of this recording's files, safe for any id."""
        return f"{self.index:06d}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A worker has loaded the system."""

    load_s: float


@dataclass(frozen=True, slots=True)
class Progress:
    """A recording goes on."""

    index: int
    source_s: float
    lag_s: float
    compute_s: float


@dataclass(frozen=True, slots=True)
class Finished:
    """A recording is done: its trace as a line of ``traces.jsonl``."""

    index: int
    line: bytes
    failed: str
    """The failure's message; empty when the system answered."""
    source_s: float
    compute_s: float


@dataclass(frozen=True, slots=True)
class Started:
    """A worker has begun this work."""

    index: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A worker cannot go on: the system cannot be loaded, or the harness failed."""

    error: BaseException


Event = Loaded | Progress | Finished


class Executor(Protocol):
    """Replays works, in any order, each exactly once."""

    def run(self, works: Sequence[Work]) -> Iterator[Event]:
        """Yield events as they come; a ``Finished`` for each work.

        Raises
        ------
        BenchError
            The system cannot be loaded or constructed at all.
        """
        ...


def source_s(recording: Recording) -> float:
    """Seconds of a recording as its corpus says, without decoding it."""
    end_s = max((segment.end_s for segment in recording.segments), default=0.0)
    source = recording.source
    if isinstance(source, AudioSource) and source.duration_s is not None:
        return source.duration_s
    return end_s
