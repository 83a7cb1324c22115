"""What one run is on the board: its name, its numbers, what failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.load.curve import Curve, max_streams_score, read_curve
from s2st_bench.metric import LatencyUnit
from s2st_bench.scored import FailedRecording, LeftOut, PerRecording, read_scores
from s2st_bench.scored.json_rows import number
from s2st_bench.store import RunFolder
from s2st_bench.trust.report import Trust, read_trust
from s2st_bench.types import Modality, RunRecord, Score

from .text import file_key

OFFLINE = "offline"
"""The system that waits for the whole source: a line to compare with, never ranked."""
MIN_COVERAGE = 0.8
"""A system that answered less of its recordings is shown, not ranked."""

WHOLE = "all"
"""The part of a corpus that is all of it, as scores name it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the traces say about the run as a whole."""

    lengths_s: Mapping[str, float]
    """Recording to the seconds of source it was given."""
    outputs: tuple[Modality, ...]
    n_disturbed: int
    """Traces measured while other work shared the host."""
    hosts: tuple[str, ...]
    """Kinds of machine on which computation was measured."""
    compute_s: Mapping[str, float]
    """Stage to the seconds of computation measured in it, all recordings together."""
    disconnects: int | None = None
    """Connections of a service lost and made anew, all recordings together; none: no service."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run folder as the board ranks it."""

    key: str
    """Stem of its files: ``[a-z0-9-]``, unique on the board."""
    folder: RunFolder
    record: RunRecord
    scores: Mapping[str, Score]
    """Metric to its score over the whole corpus."""
    parts: Mapping[str, Mapping[str, Score]]
    """The same for each part that the corpus scores apart, by the part's name."""
    recordings: PerRecording
    heard: Heard
    left_out: Mapping[str, LeftOut]
    """By metric; only of metrics and releases that write it."""
    trust: Trust
    """What trust checks found of its system."""
    load: Curve | None = None
    """Of a load test: how its lag grows with listeners."""

    @property
    def name(self) -> str:
        """The system, and the one inside it: entries of one name are one family's points."""
        inner = self.record.card.get("params", {}).get("inner")
        within = inner.get("name") if isinstance(inner, dict) else None
        return f"{self.record.system}({within})" if within else self.record.system

    @property
    def latency_unit(self) -> LatencyUnit:
        """Characters where its latencies were counted in characters, else words."""
        counted = (score.signature.split("|") for score in self.scores.values())
        return "char" if any("unit:char" in fields for fields in counted) else "word"

    @property
    def offline(self) -> bool:
        return self.record.system == OFFLINE

    @property
    def privileged(self) -> bool:
        return bool(self.record.card.get("privileged"))

    @property
    def control(self) -> bool:
        """A system that only shows what a number means: privileged, or its card says so."""
        return self.privileged or bool(self.record.card.get("control"))

    @property
    def anchor(self) -> bool:
        """Shown for scale at the foot of a table: a control, or an offline system."""
        return self.control or self.offline

    @property
    def synthetic(self) -> bool:
        return bool(self.record.corpus_card.get("synthetic"))

    @property
    def failures(self) -> tuple[FailedRecording, ...]:
        return self.recordings.failures

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
        if self.control:
            return "control: it does not translate"
        if self.offline:
            return "offline: it waits for the whole source"
        if self.trust.barred:
            return self.trust.barred
        if self.record.status != "finished":
            return f"the run is not finished ({self.record.status})"
        if self.failures:
            return f"{len(self.failures)} of {len(self.recordings)} recordings failed"
        if self.coverage is not None and self.coverage < MIN_COVERAGE:
            return f"coverage {self.coverage:.0%} is below {MIN_COVERAGE:.0%}"
        return ""

    @property
    def unranked_aware(self) -> str:
        """The same for what was measured."""
        if self.unranked:
            return self.unranked
        if len(self.heard.hosts) > 1:
            return f"measured on {len(self.heard.hosts)} kinds of machine"
        if not self.heard.n_disturbed:
            return ""
        return ("other work shared the host while it was measured "
                f"({self.heard.n_disturbed} of {len(self.recordings)} recordings)")


def read_entries(
    paths: Sequence[Path], note: Callable[[str], None] | None = None
) -> tuple[Entry, ...]:
    """The entries of run folders, in the order given; a folder given twice counts once.

    With ``note``, a run that is not scored is left out and told to it, unless none is left.

    Raises
    ------
    InputError
        Naming the run folder, or the file in it, that is missing or damaged.
    """
    folders = {path.resolve(): path for path in paths}
    if not folders:
        raise InputError("no run folder was given; give the folders that `s2st-bench run` printed")
    found: list[Entry] = []
    unscored: list[InputError] = []
    for index, path in enumerate(folders.values()):
        try:
            found.append(_entry(path, index))
        except _NotScored as error:
            unscored.append(error)
    if unscored and (note is None or not found):
        raise unscored[0]
    for reason in unscored:
        if note is not None:
            note(f"left out: {reason}")
    return tuple(found)


class _NotScored(InputError):
    """A run folder without scores."""


def _entry(path: Path, index: int) -> Entry:
    folder = RunFolder(path)
    record = folder.record()
    if not (path / "scores.json").is_file():
        raise _NotScored(f"{path}: not scored yet (it holds no scores.json); "
                         f"run: s2st-bench score {path}")
    scored = read_scores(folder)
    try:
        parts: dict[str, dict[str, Score]] = {WHOLE: {}}
        for row in scored.corpus:
            score = _score(row)
            parts.setdefault(str(row.get("group") or WHOLE), {})[score.metric] = score
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path / 'scores.json'}: not scores of this release ({error!r}); "
                         "score the run again") from None
    key = file_key(f"{record.system} {path.name}", index=index)
    scores, curve = parts.pop(WHOLE), read_curve(path)
    if curve is not None:
        scores[curve.metric] = max_streams_score(curve, record)
    return Entry(key, folder, record, scores, parts, scored.recordings, _heard(folder, record),
                 scored.left_out, read_trust(path, record), curve)


def _heard(folder: RunFolder, record: RunRecord) -> Heard:
    lengths: dict[str, float] = {}
    outputs: set[Modality] = set(record.outputs)
    compute: dict[str, float] = {}
    disturbed = 0
    disconnects: int | None = None
    hosts: set[str] = set()
    for trace in folder.traces():
        for job in (job for step in trace.steps for job in step.jobs):
            compute[job.stage] = compute.get(job.stage, 0.0) + job.compute_s
        outputs.update(trace.outputs)
        if trace.clock != "ideal":
            disturbed += bool(trace.load.get("shared"))
            hosts.add(trace.host)
        if isinstance(lost := trace.load.get("disconnects"), int):
            disconnects = (disconnects or 0) + lost
        if trace.source_unit == "s":
            lengths[trace.recording_id] = max(
                trace.source_length, lengths.get(trace.recording_id, 0.0))
    ordered: tuple[Modality, ...] = tuple(sorted(outputs, reverse=True))
    return Heard(lengths, ordered, disturbed, tuple(sorted(hosts)), compute, disconnects)


def _score(row: Mapping[str, Any]) -> Score:
    ci95 = row.get("ci95")
    return Score(
        metric=str(row["metric"]),
        value=number(row["value"]),
        unit=str(row.get("unit") or ""),
        ci95=_interval(ci95),
        n_scored=int(row["n_scored"]),
        n_total=int(row["n_total"]),
        n_clusters=int(row.get("n_clusters") or 0),
        coverage=number(row.get("coverage")),
        signature=str(row.get("signature") or ""),
        higher_is_better=row.get("higher_is_better"),
        reason=str(row.get("reason") or ""),
        unranked=str(row.get("unranked") or ""),
        marks=tuple(str(mark) for mark in row.get("marks") or ()),
    )


def _interval(ends: Any) -> tuple[float, float] | None:
    if ends is None:
        return None
    low, high = (number(end) for end in ends)
    return None if low is None or high is None else (low, high)
