"""What one run is on the board: its name, its numbers, what failed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.store import RunFolder
from s2st_bench.types import RunRecord, Score

from .text import file_key

MIN_COVERAGE = 0.8
"""A system that answered less of its recordings is shown, not ranked."""


@dataclass(frozen=True, slots=True)
class FailedRecording:
    """A recording without a whole answer, and why."""

    recording_id: str
    target_lang: str
    repeat: int
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class RecordingScores:
    """One recording's values by metric; none where it was not scored."""

    recording_id: str
    target_lang: str
    repeat: int
    values: Mapping[str, float | None]
    failure: FailedRecording | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One run folder as the board ranks it."""

    key: str
    """Stem of its files: ``[a-z0-9-]``, unique on the board."""
    folder: RunFolder
    record: RunRecord
    scores: Mapping[str, Score]
    recordings: tuple[RecordingScores, ...]

    @property
    def name(self) -> str:
        """The system's plugin: entries of one name are operating points of one family."""
        return self.record.system

    @property
    def privileged(self) -> bool:
        return bool(self.record.card.get("privileged"))

    @property
    def synthetic(self) -> bool:
        return bool(self.record.corpus_card.get("synthetic"))

    @property
    def failures(self) -> tuple[FailedRecording, ...]:
        return tuple(row.failure for row in self.recordings if row.failure is not None)

    @property
    def n_failed(self) -> int:
        return len(self.failures)

    @property
    def n_total(self) -> int:
        return max((s.n_total for s in self.scores.values()), default=len(self.recordings))

    @property
    def n_scored(self) -> int:
        """Of the metric scored on most."""
        return max((s.n_scored for s in self.scores.values()), default=0)

    @property
    def n_clusters(self) -> int:
        return max((s.n_clusters for s in self.scores.values()), default=0)

    @property
    def coverage(self) -> float | None:
        """The least coverage any metric states."""
        known = [s.coverage for s in self.scores.values() if s.coverage is not None]
        return min(known) if known else None

    @property
    def unranked(self) -> str:
        """Why the entry has no rank; empty when it has one."""
        if self.privileged:
            return "control: it saw the references"
        if self.record.status != "finished":
            return f"the run is not finished ({self.record.status})"
        if self.failures:
            return f"{len(self.failures)} of {len(self.recordings)} recordings failed"
        if self.coverage is not None and self.coverage < MIN_COVERAGE:
            return f"coverage {self.coverage:.0%} is below {MIN_COVERAGE:.0%}"
        return ""


def read_entries(paths: Sequence[Path]) -> tuple[Entry, ...]:
    """The entries of run folders, in the order given; a folder given twice counts once.

    Raises
    ------
    InputError
        Naming the run folder, or the file in it, that is missing or damaged.
    """
    folders = {path.resolve(): path for path in paths}
    if not folders:
        raise InputError("no run folder was given; give the folders that `s2st-bench run` printed")
    return tuple(_entry(path, index) for index, path in enumerate(folders.values()))


def _entry(path: Path, index: int) -> Entry:
    folder = RunFolder(path)
    record = folder.record()
    if not (path / "scores.json").is_file():
        raise InputError(f"{path}: not scored yet (it holds no scores.json); "
                         f"run: s2st-bench score {path}")
    table = folder.scores()
    where = str(path / "scores.json")
    try:
        scores = tuple(_score(row) for row in table["corpus"])
        recordings = tuple(_recording(row) for row in table["recordings"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where}: not scores of this release ({error!r}); score the run again"
                         ) from None
    key = file_key(f"{record.system} {path.name}", index=index)
    return Entry(key, folder, record, {s.metric: s for s in scores}, recordings)


def _score(row: Mapping[str, Any]) -> Score:
    ci95 = row.get("ci95")
    return Score(
        metric=str(row["metric"]),
        value=_number(row["value"]),
        unit=str(row.get("unit") or ""),
        ci95=_interval(ci95),
        n_scored=int(row["n_scored"]),
        n_total=int(row["n_total"]),
        n_clusters=int(row.get("n_clusters") or 0),
        coverage=_number(row.get("coverage")),
        signature=str(row.get("signature") or ""),
        higher_is_better=row.get("higher_is_better"),
        reason=str(row.get("reason") or ""),
    )


def _recording(row: Mapping[str, Any]) -> RecordingScores:
    identity = (str(row["id"]), str(row.get("target_lang") or ""), int(row.get("repeat") or 0))
    error = row.get("error")
    if isinstance(error, str):
        error = {"kind": "raised", "message": error}
    failure = None if not error else FailedRecording(
        *identity, str(error.get("kind") or "raised"), str(error.get("message") or ""))
    values = {str(name): _number(value) for name, value in row["scores"].items()}
    return RecordingScores(*identity, values, failure)


def _interval(ends: Any) -> tuple[float, float] | None:
    if ends is None:
        return None
    low, high = (_number(end) for end in ends)
    return None if low is None or high is None else (low, high)


def _number(value: Any) -> float | None:
    """A finite float, or none."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
