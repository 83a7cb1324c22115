"""What ``score`` is given, as traces and recordings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s2st_bench.corpus import fingerprint
from s2st_bench.errors import UsageError
from s2st_bench.formats import readers
from s2st_bench.formats.detect import RUN, TRACE, detect
from s2st_bench.formats.segments import attach
from s2st_bench.formats.tokens import Joining
from s2st_bench.resegment import Resegmenter
from s2st_bench.store import RunFolder
from s2st_bench.types import Recording, Trace


@dataclass(frozen=True, slots=True)
class Material:
    """What one path holds."""

    traces: tuple[Trace, ...]
    recordings: tuple[Recording, ...]
    fingerprint: str
    target_lang: str = ""
    ca: str = "live"
    is_run: bool = False
    requeued: bool = False
    """The jobs of another tool's log were laid out anew, so that its times are live ones."""
    notes: tuple[str, ...] = ()
    resegmenter: Resegmenter | None = None
    """Where the log has cut its long recordings itself."""
    metrics: list[str] | None = None
    """Of a run: those it was made with."""
    metric_options: dict[str, dict[str, Any]] = field(default_factory=dict)
    folder: Path | None = None
    """What the paths of speech pieces are relative to."""


def load(
    path: Path,
    log_format: str,
    *,
    references: Path | None = None,
    segments: Path | None = None,
    source_lang: str = "",
    target_lang: str = "",
    requeue: bool = False,
    joining: Joining | None = None,
) -> Material:
    """Read a run folder, a file of traces or a log.

    Raises
    ------
    InputError, TraceError
        Naming file and line.
    UsageError
        References or segments were given that a run has already.
    """
    found = detect(path) if log_format in ("auto", TRACE) else log_format
    if found == RUN:
        return _run(path, references, segments)
    if log_format == TRACE and found != TRACE:
        raise UsageError(f"{path}: not traces but {found}; leave --format out")
    log = readers.read(path, found, readers.Reading(
        source_lang, target_lang, "live" if requeue else "logged", joining))
    langs = {trace.target_lang for trace in log.traces}
    recordings = log.recordings
    if references is not None or segments is not None:
        if len(langs) != 1:
            raise UsageError(f"{path}: holds several target languages ({', '.join(langs)}); "
                             "--references and --segments are for one")
        recordings = attach(recordings, *langs, segments=segments, references=references)
    return Material(log.traces, recordings, fingerprint(recordings, headers=False), ca=log.ca,
                    requeued=requeue and found != TRACE, notes=log.notes,
                    resegmenter=log.resegmenter, folder=path.parent if path.is_file() else path)


def _run(path: Path, references: Path | None, segments: Path | None) -> Material:
    if references is not None or segments is not None:
        raise UsageError(f"{path}: a run has its own references; score its traces.jsonl to give "
                         "others")
    run = RunFolder(path)
    record = run.record()
    return Material(tuple(run.traces()), tuple(run.recordings()), record.fingerprint,
                    record.target_lang, is_run=True, folder=path,
                    metrics=_strings(record.config.get("metrics")),
                    metric_options=dict(record.config.get("metric_options") or {}))


def _strings(value: Any) -> list[str] | None:
    """Names of metrics in a run's configuration; none where there are none to be found."""
    return [str(name) for name in value] if isinstance(value, list | tuple) and value else None
