"""A run folder as text: its summary, and one recording's timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from s2st_bench import records
from s2st_bench.cli.common import printable, table
from s2st_bench.errors import UsageError
from s2st_bench.load import words
from s2st_bench.load.curve import FILE as LOAD
from s2st_bench.load.curve import read_curve
from s2st_bench.params import nearest_key
from s2st_bench.remote import home_of
from s2st_bench.store import RunFolder
from s2st_bench.types import RunRecord, Segment, Step, TimedWrite, Trace


def as_json(folder: RunFolder) -> dict[str, Any]:
    """The run's record and how its recordings ended."""
    import json

    ended = list(folder.traces())
    failures = [{"recording": t.recording_id, "repeat": t.repeat, "kind": t.error.kind,
                 "message": t.error.message} for t in ended if t.error]
    record: dict[str, Any] = json.loads(records.encode_run(folder.record()))
    shown = {"version": 1, "run": record, "n_traces": len(ended), "failures": failures}
    if read_curve(folder.path) is not None:
        shown["load"] = json.loads((folder.path / LOAD).read_text("utf-8"))
    return shown


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
         f"{record.n_recordings}" + _left_out(record)],
    ]
    parts = [str(folder.path), table([[name, printable(value)] for name, value in rows])]
    if notice := record.corpus_card.get("notice"):
        parts.append(printable(str(notice)))
    if (folder.path / "scores.json").is_file():
        parts.append(scores(folder.scores().get("corpus", [])))
    else:
        parts.append(f"not scored yet: s2st-bench score {folder.path}")
    parts.extend(load(folder))
    parts.extend(_failures(failed))
    return "\n\n".join(parts)


def _left_out(record: RunRecord) -> str:
    left_out = record.corpus_card.get("left_out")
    return f"; {left_out['recordings']} left out as damaged" if left_out else ""


def outcome(folder: RunFolder) -> str:
    """What a finished run came to: scores, and which recordings failed and why."""
    whole = [row for row in folder.scores().get("corpus", []) if row.get("group") in (None, "all")]
    parts = [scores(whole)]
    reasons: dict[str, list[str]] = {}
    for row in whole:
        if row.get("value") is None:
            reasons.setdefault(str(row.get("reason") or "not scored"), []).append(row["metric"])
    parts += [f"no value: {', '.join(names)}: {printable(why)}" for why, names in reasons.items()]
    if said := _left_out(folder.record()):
        parts.append(said.removeprefix("; "))
    parts.extend(load(folder))
    failed = [trace for trace in folder.traces() if trace.error]
    parts.extend(_failures(failed))
    again = sorted({trace.error.kind for trace in failed if trace.error} & set(_BY_CHANCE))
    if again:
        parts.append("where that was the machine's fault, replay them again: s2st-bench run "
                     f"resume={home_of(folder.path) or folder.path} redo=[{','.join(again)}]")
    return "\n\n".join(parts)


_BY_CHANCE = ("died", "hung", "lost")


def load(folder: RunFolder) -> list[str]:
    """The curve of a load test; nothing where the run is none."""
    curve = read_curve(folder.path)
    if curve is None:
        return []
    used = [list(words.HEAD), *(words.cells(curve, level) for level in curve.levels)]
    parts = [f"load{' of conversations' if curve.conversations else ''}, lag of a {curve.lag}\n"
             + table([[printable(cell) for cell in row] for row in used],
                     right=range(len(words.HEAD) - 1)), words.verdict(curve)]
    parts += [f"at {level.streams}: {printable(level.first_failure)}" for level in curve.levels
              if level.first_failure and not level.error]
    return parts


def _failures(failed: Sequence[Trace]) -> list[str]:
    if not failed:
        return []
    rows = [["", printable(t.recording_id), t.error.kind, printable(t.error.message)]
            for t in failed if t.error]
    return ["failed\n" + table(rows)]


def scores(corpus: Sequence[Mapping[str, Any]]) -> str:
    """``scores.json``'s corpus rows as a table: one line a metric, its variants side by side.

    ``penalised`` counts a recording without an answer as late as can be; it is what ranks.
    """
    found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in corpus:
        name, variant = str(row["metric"]), ""
        for suffix in ("_pen", "_CA"):
            if name.endswith(suffix):
                name, variant = name.removesuffix(suffix), suffix + variant
        found.setdefault((name, str(row.get("group") or "all")), {})[variant] = row
    columns = [v for v in _VARIANTS if any(v in variants for variants in found.values())]
    head = ["metric", "unit", *(_VARIANTS[v] for v in columns), "scored"]
    rows = [head]
    for (name, group), variants in found.items():
        first = next(iter(variants.values()))
        label = name if group == "all" else f"{name} ({group})"
        rows.append([
            printable(label), str(first.get("unit", "")),
            *(_value(variants.get(v)) for v in columns),
            f"{first.get('n_scored')}/{first.get('n_total')}",
        ])
    return table(rows, right=range(2, len(head)))


_VARIANTS = {"": "value", "_CA": "aware", "_pen": "penalised", "_CA_pen": "aware, penalised"}


def _value(row: Mapping[str, Any] | None) -> str:
    """``12.34 ± 0.56``: the value with half its interval."""
    if row is None:
        return ""
    ends = row.get("ci95")
    text = number(row.get("value"), row.get("unit"))
    return f"{text} ± {number((ends[1] - ends[0]) / 2, row.get('unit'))}" if ends else text


def number(value: float | None, unit: str | None = None) -> str:
    """Milliseconds without decimals, all else with two."""
    if value is None:
        return "–"
    return f"{value:.0f}" if unit == "ms" else f"{value:.2f}"


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
