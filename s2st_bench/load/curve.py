"""The levels of a load test as one curve, and ``load.json``, which holds it.

A level *holds* when the 95th percentile of its lags keeps the target and no more of its
recordings failed than with one listener; it *keeps up* when its work does not fall further and
further behind (drift of at most :data:`KEEPS_UP`).

``MaxStreams@p95≤2s`` is the largest level that holds with all smaller ones; nothing is
interpolated.  The *knee* is the largest level that keeps up with all smaller ones: from there
on lag grows for as long as people speak.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import s2st_bench
from s2st_bench.errors import ConfigError, InputError
from s2st_bench.params import construct
from s2st_bench.store import write_atomically
from s2st_bench.types import RunRecord, Score

LagKind = Literal["write", "unit"]
"""Which lag a curve is of; see :mod:`.lags`."""

VERSION = 1
FILE = "load.json"
MAX_STREAMS = "MaxStreams"
KEEPS_UP = 0.05
"""Seconds of lag a second of source may add before a level counts as falling behind."""
OTHERS_SHARE = 0.25
"""Share of the processors that other work may take before a level is marked."""


@dataclass(frozen=True, slots=True)
class Level:
    """What so many listeners at once had."""

    streams: int
    n_plays: int = 0
    n_failed: int = 0
    first_failure: str = ""
    n_writes: int = 0
    """Writes that count: their source arrived while every listener was on."""
    n_outside: int = 0
    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    max_s: float | None = None
    misses: float | None = None
    """Share of writes later than the target."""
    drift: float | None = None
    """Seconds of lag that a second of source adds; median over plays."""
    jitter_p99_s: float | None = None
    """How late the harness alone hands over audio to so many listeners, 99th percentile: with a
    system that does nothing, just before the level."""
    late_p99_s: float | None = None
    """The same in the level, where the system's own work holds up the threads that hand over."""
    harness_limited: bool = False
    processes: int = 1
    memory_mib: float | None = None
    cpu_cores: float | None = None
    others_cores: float | None = None
    disturbed: bool = False
    """Other work used the processors meanwhile."""
    wall_s: float = 0.0
    error: str = ""
    """Why the level could not be measured, or not to its end."""
    directions: Mapping[str, float | None] = field(default_factory=dict)
    """Of conversations: target language to the 95th percentile of its lags."""
    overlap_s: float | None = None
    """Of conversations: seconds in which both directions were heard speaking, mean of each."""

    @property
    def keeps_up(self) -> bool:
        return not self.error and self.drift is not None and self.drift <= KEEPS_UP

    @property
    def worst_p95_s(self) -> float | None:
        """The 95th percentile of the direction that has it worst; of all without conversations."""
        known = [value for value in self.directions.values() if value is not None]
        return max(known) if known else self.p95_s

    @property
    def marks(self) -> tuple[str, ...]:
        """What a reader must know beside the numbers."""
        said = {
            "harness-limited": self.harness_limited,
            "disturbed": self.disturbed,
            f"{self.n_failed} of {self.n_plays} recordings failed": self.n_failed > 0,
            self.error: bool(self.error),
        }
        return tuple(text for text, is_so in said.items() if is_so)


@dataclass(frozen=True, slots=True)
class Curve:
    """All levels of a run, in rising order."""

    target_s: float
    lag: LagKind = "write"
    recordings: int = 0
    stagger_s: float = 0.0
    conversations: bool = False
    service: bool = False
    """The system runs elsewhere: memory and processor time are the harness' own."""
    planned: tuple[int, ...] = ()
    """Levels that were asked for."""
    levels: tuple[Level, ...] = ()

    def holds(self, level: Level) -> bool:
        """Whether the level keeps the target, and fails no more than one listener alone."""
        alone = self.levels[0]
        failed = level.n_failed / max(level.n_plays, 1)
        worst_s = level.worst_p95_s
        return (not level.error and worst_s is not None and worst_s <= self.target_s
                and failed <= alone.n_failed / max(alone.n_plays, 1))

    @property
    def max_streams(self) -> int:
        """The largest level that holds with all smaller ones; 0 where one listener is too many."""
        return _last(self.levels, [self.holds(level) for level in self.levels])

    @property
    def knee(self) -> int | None:
        """The largest level that keeps up with all smaller ones; none where no level does."""
        return _last(self.levels, [level.keeps_up for level in self.levels]) or None

    @property
    def is_whole(self) -> bool:
        """Whether every planned level was tried, or a smaller one could not be measured."""
        tried = {level.streams for level in self.levels}
        return tried >= {*self.planned} or any(level.error for level in self.levels)

    @property
    def knee_is_beyond(self) -> bool:
        """Whether the knee lies beyond the largest level, or at it: all levels keep up."""
        return bool(self.levels) and all(level.keeps_up for level in self.levels)

    @property
    def metric(self) -> str:
        return f"{MAX_STREAMS}@p95≤{self.target_s:g}s"

    def with_level(self, level: Level) -> Curve:
        """The curve with one more level, or that level measured anew."""
        others = [known for known in self.levels if known.streams != level.streams]
        ordered = sorted([*others, level], key=lambda one: one.streams)
        return replace(self, levels=tuple(ordered))


def max_streams_score(curve: Curve, record: RunRecord) -> Score:
    """``MaxStreams@p95≤…`` as a number of the run."""
    tried = ",".join(str(level.streams) for level in curve.levels)
    ready = curve.is_whole and bool(curve.levels)
    broken = next((level for level in curve.levels if not curve.holds(level)), None)
    why = [] if broken is None else [
        text for text, is_so in (("the harness was late itself", broken.harness_limited),
                                 ("other work used the processors", broken.disturbed)) if is_so]
    kind = "conversation" if curve.conversations else "stream"
    return Score(
        metric=curve.metric,
        value=float(curve.max_streams) if ready else None,
        unit="streams",
        ci95=None,
        n_scored=record.n_recordings if ready else 0,
        n_total=record.n_recordings,
        n_clusters=0,
        coverage=None,
        signature=f"load:{kind}|levels:{tried}|lag:{curve.lag}|each:{curve.recordings}|"
                  f"stagger:{curve.stagger_s:g}s|clock:realtime|s2st_bench:{s2st_bench.__version__}",
        higher_is_better=True,
        reason="" if ready else "not all levels are measured yet",
        unranked=f"at {broken.streams} streams {' and '.join(why)}" if broken and why else "",
        marks=("at least",) if ready and (broken is None or why) else (),
    )


def write_curve(folder: Path, curve: Curve) -> None:
    """Put ``load.json`` into a run folder, atomically."""
    row = {"version": VERSION, "metric": curve.metric, "max_streams": curve.max_streams,
           "knee": curve.knee, "knee_is_beyond": curve.knee_is_beyond, **asdict(curve)}
    row["levels"] = [
        {"streams": level.streams, "path": level_path(level.streams),
         "holds": curve.holds(level), "keeps_up": level.keeps_up, **asdict(level)}
        for level in curve.levels
    ]
    write_atomically(folder / FILE, json.dumps(row, ensure_ascii=False, allow_nan=False,
                                               indent=1) + "\n")


def read_curve(folder: Path) -> Curve | None:
    """The curve of a run folder; none where it is no load test.

    Raises
    ------
    InputError
        ``load.json`` is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        row = json.loads(path.read_text("utf-8"))
        if row["version"] != VERSION:
            raise InputError(f"{path}: version {row['version']!r}; this release reads {VERSION}")
        levels = tuple(construct(Level, _own(Level, one), "levels") for one in row["levels"])
        return construct(Curve, {**_own(Curve, row), "levels": levels}, "load")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError,
            ConfigError) as error:
        raise InputError(f"{path}: damaged ({error!r}); run the load test again") from None


def level_path(streams: int) -> str:
    """Where the traces of a level lie, below the run's folder."""
    return "." if streams == 1 else f"load/{streams}"


def _own(kind: type[Level] | type[Curve], row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in kind.__slots__ if name in row}


def _last(levels: Sequence[Level], good: Sequence[bool]) -> int:
    """The streams of the last level before the first that is not good; 0 where that is the
    first.
    """
    found = 0
    for level, is_good in zip(levels, good, strict=True):
        if not is_good:
            break
        found = level.streams
    return found
