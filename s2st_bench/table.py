"""The result of scoring: values per recording and scores of the corpus, as JSON and as text."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.store import RunFolder
from s2st_bench.types import Failure, Recording, Score, Trace

VERSION = 1


@dataclass(frozen=True, slots=True)
class RecordingScores:
    """What one trace scored."""

    id: str
    target_lang: str
    repeat: int
    cluster: str
    origin: str
    scores: Mapping[str, float | None]
    """Metric to value; none where it has none."""
    reasons: Mapping[str, str]
    """Why, for each metric without a value."""
    error: Failure | None = None

    @classmethod
    def of(
        cls, trace: Trace, recording: Recording, scores: Mapping[str, float | None],
        reasons: Mapping[str, str],
    ) -> RecordingScores:
        origins = {segment.origin for segment in recording.segments}
        return cls(
            recording.id,
            trace.target_lang,
            trace.repeat,
            recording.cluster or recording.id,
            origins.pop() if len(origins) == 1 else "mixed" if origins else "",
            scores,
            reasons,
            trace.error,
        )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A metric's corpus value without each cluster in turn: what it takes to compare runs in
    pairs without scoring them again.
    """

    n_items: tuple[int, ...]
    """Scored items of each cluster of the corpus; 0 where it has none."""
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """All numbers of one call of scoring."""

    recordings: tuple[RecordingScores, ...]
    corpus: tuple[Score, ...]
    repeats: Mapping[tuple[str, str], tuple[float | None, ...]] = field(default_factory=dict)
    """(metric, group) to the corpus value of each repeat, where there are several."""
    optimistic: bool = False
    """Aware values assume overlap that was never measured: not to be ranked with others."""
    clusters: tuple[str, ...] = ()
    """Of the corpus, in its order."""
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)
    """By metric, over :attr:`clusters`; only metrics that are functions of sums have it."""

    def get(self, metric: str, group: str = "all") -> Score:
        """One corpus score; KeyError where it was not computed."""
        for score in self.corpus:
            if (score.metric, score.group) == (metric, group):
                return score
        raise KeyError(metric, group)

    def failures(self) -> Iterator[RecordingScores]:
        return (row for row in self.recordings if row.error is not None)

    def as_dict(self) -> dict[str, Any]:
        """The shape of ``scores.json`` and ``score --json``."""
        return {
            "version": VERSION,
            "optimistic": self.optimistic,
            "recordings": [_recording_row(row) for row in self.recordings],
            "corpus": [self._corpus_row(score) for score in self.corpus],
            "left_out": {
                "clusters": list(self.clusters),
                "metrics": {name: {"n": list(one.n_items), "values": list(one.values)}
                            for name, one in self.left_out.items()},
            },
        }

    def to_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False, allow_nan=False, indent=1) + "\n"

    def _corpus_row(self, score: Score) -> dict[str, Any]:
        row = asdict(score)
        if values := self.repeats.get((score.metric, score.group)):
            known = [value for value in values if value is not None]
            row["repeats"] = list(values)
            row["spread"] = statistics.stdev(known) if len(known) > 1 else None
        return row


def _recording_row(row: RecordingScores) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": row.id,
        "target_lang": row.target_lang,
        "repeat": row.repeat,
        "cluster": row.cluster,
        "origin": row.origin,
        "scores": dict(row.scores),
        "error": None,
    }
    if row.error is not None:
        out["error"] = {"kind": row.error.kind, "message": row.error.message}
    if row.reasons:
        out["reasons"] = dict(row.reasons)
    return out


def kept_beside(run: Path, found: ScoreTable) -> dict[str, Any]:
    """The object of a run's ``scores.json`` with the numbers of ``found``; other metrics stay.

    Raises
    ------
    InputError
        What is there is damaged, or of other recordings.
    """
    path = run / "scores.json"
    ours = found.as_dict()
    if not path.is_file():
        return ours
    table = RunFolder(run).scores()
    try:
        new = {row["metric"] for row in ours["corpus"]}
        keys = ("id", "target_lang", "repeat")
        rows = {tuple(row[key] for key in keys): row for row in ours["recordings"]}
        if rows.keys() != {tuple(row[key] for key in keys) for row in table["recordings"]}:
            raise InputError(f"{path}: is of other recordings; score the run again without --keep")
        for row in table["recordings"]:
            one = rows[tuple(row[key] for key in keys)]
            row["scores"] = {**row["scores"], **one["scores"]}
            reasons = {name: why for name, why in (row.get("reasons") or {}).items()
                       if name not in new}
            row["reasons"] = {**reasons, **one.get("reasons", {})}
        table["corpus"] = [row for row in table["corpus"] if row["metric"] not in new]
        table["corpus"] += ours["corpus"]
        held = table.get("left_out") or {"clusters": [], "metrics": {}}
        same = held["clusters"] == ours["left_out"]["clusters"]
        kept = {name: one for name, one in held["metrics"].items() if same and name not in new}
        table["left_out"] = {"clusters": ours["left_out"]["clusters"],
                             "metrics": {**kept, **ours["left_out"]["metrics"]}}
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not scores of this release ({error!r}); score the run again"
                         ) from None
    return table
