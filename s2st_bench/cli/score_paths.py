"""What ``score`` is given, as traces and recordings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from s2st_bench import trace as trace_file
from s2st_bench.corpus import fingerprint
from s2st_bench.errors import UsageError
from s2st_bench.formats import simuleval, simulstream
from s2st_bench.formats.detect import RUN, TRACE, detect
from s2st_bench.formats.log import Log
from s2st_bench.formats.segments import attach
from s2st_bench.store import RunFolder
from s2st_bench.types import AudioSource, Recording, Segment, TextSource, Trace


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


def load(
    path: Path,
    log_format: str,
    *,
    references: Path | None,
    segments: Path | None,
    source_lang: str,
    target_lang: str,
    requeue: bool,
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
    if found == TRACE:
        log = _traces(path)
    else:
        reader = simulstream.read if found == simulstream.NAME else simuleval.read
        log = reader(path, source_lang=source_lang, target_lang=target_lang,
                     ca="live" if requeue else "logged")
    langs = {trace.target_lang for trace in log.traces}
    recordings = log.recordings
    if references is not None or segments is not None:
        if len(langs) != 1:
            raise UsageError(f"{path}: holds several target languages ({', '.join(langs)}); "
                             "--references and --segments are for one")
        recordings = attach(recordings, *langs, segments=segments, references=references)
    return Material(log.traces, recordings, fingerprint(recordings), ca=log.ca,
                    requeued=requeue and found != TRACE, notes=log.notes)


def _run(path: Path, references: Path | None, segments: Path | None) -> Material:
    if references is not None or segments is not None:
        raise UsageError(f"{path}: a run has its own references; score its traces.jsonl to give "
                         "others")
    run = RunFolder(path)
    record = run.record()
    return Material(tuple(run.traces()), tuple(run.recordings()), record.fingerprint,
                    record.target_lang, is_run=True)


def _traces(path: Path) -> Log:
    """Traces alone: recordings are made up from what they say, without references."""
    traces = tuple(trace_file.read(path))
    recordings: dict[str, Recording] = {}
    for trace in traces:
        known = recordings.get(trace.recording_id)
        langs = dict.fromkeys((*(known.target_langs if known else ()), trace.target_lang))
        recordings[trace.recording_id] = replace(known or _made_up(trace),
                                                 target_langs=tuple(langs))
    return Log(traces, tuple(recordings.values()), "live")


def _made_up(trace: Trace) -> Recording:
    in_seconds = trace.source_unit == "s"
    length_s = trace.source_length if in_seconds else 0.0
    source = AudioSource(Path(trace.recording_id), 0.0, length_s) if in_seconds else \
        TextSource(("",) * int(trace.source_length))
    segment = Segment(trace.recording_id, 0.0, length_s)
    return Recording(trace.recording_id, source, "und", (trace.target_lang,), (segment,))
