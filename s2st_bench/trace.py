"""Traces as JSON: one line each in a run's ``traces.jsonl``, defaults left out.

``encode_step`` gives one step's text, so that a replay can spool steps and join them into the
trace's line without keeping objects; ``decode`` reads a line back.  Numbers keep full precision
(``repr``), so a round trip is exact.

Line: ``{"version": 1, "system": …, "recording_id": …, …, "steps": [step, …]}``.
Step: ``{"source_s", "arrived_s", "jobs": [job, …], "writes": [write, …]}``; a job is
``[id, stage, start_s, end_s]`` and, where they differ from the defaults, a trailing object with
``parents``, ``resource``, ``network_s``, ``on_source``; a write is an object whose default
fields are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from sys import intern
from typing import Any

from s2st_bench.errors import TraceError
from s2st_bench.types import MAIN, Failure, Job, Piece, Step, TimedWrite, Trace, Word

VERSION = 1
_WRITE_DEFAULTS = {"text": "", "retract_chars": 0, "cancel_audio": False, "speech_s": 0.0,
                   "is_final": False, "output": True}
_HEAD_SKIP = {"steps", "pieces", "error", "version"}
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def encode_step(step: Step) -> str:
    """One step as JSON text."""
    text = f'{{"source_s":{step.source_s!r},"arrived_s":{step.arrived_s!r}'
    if step.jobs:
        text += f',"jobs":[{",".join(map(_encode_job, step.jobs))}]'
    if step.writes:
        text += f',"writes":[{",".join(map(_encode_write, step.writes))}]'
    return text + "}"


def encode(trace: Trace, steps: Iterable[str] | None = None) -> str:
    """A trace as one line of JSON, without the newline.

    ``steps`` are steps already encoded; none encodes ``trace.steps``.
    """
    head: dict[str, Any] = {"version": trace.version}
    for f in fields(Trace):
        if f.name not in _HEAD_SKIP:
            head[f.name] = getattr(trace, f.name)
    head["load"] = dict(trace.load)
    if trace.error is not None:
        head["error"] = {"kind": trace.error.kind, "message": trace.error.message}
    head["pieces"] = [[p.path, p.offset, p.length, p.sample_rate_hz, p.write]
                      for p in trace.pieces]
    body = ",".join(map(encode_step, trace.steps) if steps is None else steps)
    return f'{_dumps(head)[:-1]},"steps":[{body}]}}'


def decode(line: str | bytes, where: str = "trace") -> Trace:
    """Read one line back.

    Raises
    ------
    TraceError
        Naming ``where`` and what is wrong with it.
    """
    try:
        row = json.loads(line, parse_constant=_not_finite)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{where}: not a whole JSON line ({error})") from None
    if not isinstance(row, dict) or "recording_id" not in row:
        raise TraceError(f"{where}: not a trace (an object with a recording_id is wanted)")
    version = row.get("version")
    if version != VERSION:
        raise TraceError(f"{where}: trace version {version!r}; this release reads {VERSION}")
    try:
        known = {f.name for f in fields(Trace)}
        values = {k: v for k, v in row.items() if k in known}
        values["steps"] = tuple(map(decode_step, row.get("steps", ())))
        values["pieces"] = tuple(_piece(*p) for p in row.get("pieces", ()))
        values["outputs"] = tuple(row.get("outputs", ("text",)))
        values["voices"] = tuple(row.get("voices", ()))
        error_row = row.get("error")
        values["error"] = Failure(**error_row) if error_row else None
        return Trace(**values)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise TraceError(f"{where}: a field of the trace is damaged ({error})") from None


def _not_finite(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _piece(path: str, offset: int, length: int, sample_rate_hz: int, write: int) -> Piece:
    if sample_rate_hz < 1 or length < 0 or offset < 0:
        raise ValueError(f"{length} samples at {offset} of {path!r}, {sample_rate_hz} Hz")
    return Piece(path, offset, length, sample_rate_hz, write)


def decode_step(row: Mapping[str, Any]) -> Step:
    """One step from its parsed JSON."""
    return Step(
        row["source_s"],
        row["arrived_s"],
        tuple(map(_decode_job, row.get("jobs", ()))),
        tuple(map(_decode_write, row.get("writes", ()))),
    )


def read(path: Path, *, tolerate_cut: bool = False) -> Iterator[Trace]:
    """All traces of a file, one at a time.

    ``tolerate_cut`` stops quietly before a last line without its newline, which a killed run
    may have left; anything else damaged raises :class:`TraceError` with file and line.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if tolerate_cut and not line.endswith(b"\n"):
                    return
                if line.strip():
                    yield decode(line, f"{path}:{number}")
    except OSError as error:
        raise TraceError(f"{path}: cannot be read ({error.strerror})") from None


def _encode_job(job: Job) -> str:
    text = f"[{job.id},{_dumps(job.stage)},{job.start_s!r},{job.end_s!r}"
    rest: dict[str, Any] = {}
    if job.parents:
        rest["parents"] = job.parents
    if job.resource != MAIN:
        rest["resource"] = job.resource
    if job.network_s:
        rest["network_s"] = job.network_s
    if not job.on_source:
        rest["on_source"] = False
    return f"{text},{_dumps(rest)}]" if rest else text + "]"


def _decode_job(row: list[Any]) -> Job:
    stage = intern(row[1])  # a trace has thousands of jobs and a handful of stages
    if len(row) == 4:
        return Job(row[0], stage, row[2], row[3])
    rest = row[4]
    return Job(
        row[0], stage, row[2], row[3],
        tuple(rest.get("parents", ())),
        rest.get("resource", MAIN),
        rest.get("network_s", 0.0),
        rest.get("on_source", True),
    )


def _encode_write(write: TimedWrite) -> str:
    row: dict[str, Any] = {"job": write.job, "at_s": write.at_s}
    for name, default in _WRITE_DEFAULTS.items():
        if (value := getattr(write, name)) != default:
            row[name] = value
    if write.words:
        row["words"] = [[w.text, w.start_s, w.end_s] for w in write.words]
    return _dumps(row)


def _decode_write(row: Mapping[str, Any]) -> TimedWrite:
    given = row.get
    words = given("words")
    return TimedWrite(
        row["job"], row["at_s"],
        given("text", ""), given("retract_chars", 0), given("cancel_audio", False),
        given("speech_s", 0.0),
        tuple(Word(*word) for word in words) if words else (),
        given("is_final", False), given("output", True),
    )
