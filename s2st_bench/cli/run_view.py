"""A run folder as text: its summary, and one recording's timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from s2st_bench import records
from s2st_bench.cli.common import printable, table
from s2st_bench.errors import UsageError
from s2st_bench.params import nearest_key
from s2st_bench.store import RunFolder
from s2st_bench.types import Segment, Step, TimedWrite, Trace


def as_json(folder: RunFolder) -> dict[str, Any]:
    """The run's record and how its recordings ended."""
    import json

    ended = list(folder.traces())
    failures = [{"recording": t.recording_id, "repeat": t.repeat, "kind": t.error.kind,
                 "message": t.error.message} for t in ended if t.error]
    record: dict[str, Any] = json.loads(records.encode_run(folder.record()))
    return {"version": 1, "run": record, "n_traces": len(ended), "failures": failures}


def summary(folder: RunFolder) -> str:
    """What ran on what, how it ended, and what it scored."""
    record = folder.record()
    traces = list(folder.traces())
    failed = [trace for trace in traces if trace.error]
    rows = [
        ["system", record.system],
        ["corpus", " ".join(filter(None, [record.corpus, record.fingerprint]))],
        ["languages", f"{record.source_lang} → {record.target_lang}"],
        ["clock", record.clock],
        ["started", record.started_at],
        ["status", record.status],
        ["recordings", f"{len(traces) - len(failed)} answered, {len(failed)} failed, of "
         f"{record.n_recordings}"],
    ]
    parts = [str(folder.path), table([[name, printable(value)] for name, value in rows])]
    if notice := record.corpus_card.get("notice"):
        parts.append(printable(str(notice)))
    if (folder.path / "scores.json").is_file():
        head = ["metric", "value", "unit", "95 % interval", "scored"]
        corpus = folder.scores().get("corpus", [])
        parts.append(table([head, *map(_score_row, corpus)], right=(1, 3, 4)))
    else:
        parts.append(f"not scored yet: s2st-bench score {folder.path}")
    if failed:
        parts.append("failed\n" + table([
            ["", printable(t.recording_id), t.error.kind, printable(t.error.message)]
            for t in failed if t.error
        ]))
    return "\n\n".join(parts)


def _score_row(row: Mapping[str, Any]) -> list[str]:
    """One entry of ``scores.json`` as cells."""
    ends = row.get("ci95")
    group = row.get("group") or "all"
    return [
        printable(str(row["metric"])) + ("" if group == "all" else f" ({printable(str(group))})"),
        number(row.get("value")),
        str(row.get("unit", "")),
        f"{number(ends[0])} … {number(ends[1])}" if ends else "",
        f"{row.get('n_scored')}/{row.get('n_total')}",
    ]


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def recording(folder: RunFolder, recording_id: str) -> str:
    """The timelines of one recording, one for each of its repeats.

    Raises
    ------
    UsageError
        If the run holds no trace of it; names the nearest.
    """
    ids = []
    found = []
    for trace in folder.traces():
        ids.append(trace.recording_id)
        if trace.recording_id == recording_id:
            found.append(trace)
    if not found:
        nearest = nearest_key(recording_id, ids)
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        raise UsageError(f"{folder.path}: no recording {recording_id!r} in this run.{hint}")
    segments: tuple[Segment, ...] = ()
    for candidate in folder.recordings():
        if candidate.id == recording_id:
            segments = candidate.segments
    return "\n\n".join("\n".join(timeline(trace, segments)) for trace in found)


def timeline(trace: Trace, segments: tuple[Segment, ...] = ()) -> Iterator[str]:
    """Lines of what was heard and said, in the order of time.

    ``<`` a reference sentence ended (its transcript), ``>`` the system wrote, ``x`` it took
    text back, ``»`` it spoke.  Times are seconds of the recording: live time (computation
    included), then in brackets the source given when it wrote.
    """
    unit = "s" if trace.source_unit == "s" else " tokens"
    yield (f"{printable(trace.recording_id)} by {printable(trace.system)}, repeat {trace.repeat}, "
           f"{trace.source_length:g}{unit} of source, clock {trace.clock}")
    events = [(segment.end_s, 0, f"< {printable(segment.transcript)}") for segment in segments
              if trace.source_unit == "s"]
    for step in trace.steps:
        for write in step.writes:
            if write.output:
                live = _live(step, write)
                events.append((live, 1, _said(write) + f"  [{step.source_s:g}{unit}]"))
    for at_s, _, text in sorted(events, key=lambda event: event[:2]):
        yield f"{at_s:9.2f}  {text}"
    if trace.error:
        yield f"failed ({trace.error.kind}): {printable(trace.error.message)}"


def _live(step: Step, write: TimedWrite) -> float:
    """When a write left, on the recording's time."""
    for job in step.jobs:
        if job.id == write.job:
            return job.start_s + write.at_s
    return step.arrived_s


def _said(write: TimedWrite) -> str:
    parts = []
    if write.retract_chars:
        parts.append(f"x {write.retract_chars} characters")
    if write.text.strip():
        parts.append(f"> {printable(write.text.strip())}")
    if write.cancel_audio:
        parts.append("» speech cancelled")
    if write.speech_s:
        parts.append(f"» {write.speech_s:.2f} s")
    return "  ".join(parts) or "> (nothing)"
