"""simulstream's metrics log: one JSON object a line, times in seconds.

``{"model_loading_time"}``; ``{"id", "metadata": {"wav_name"}}``; then a line a chunk: ``{"id",
"total_audio_processed", "computation_time", "generated_tokens": [], "deleted_tokens": []}``, the
last one at the end of the stream.  Deleted tokens must be the last that stand.  Read as
simulstream 1.0.0 writes it (``server/message_processor.py``, ``inference.py``).

*Recordings* are named by the file name of ``wav_name``, without folder and suffix.  Another
session of a recording is a repeat of it.  The log holds no source length: the audio processed
stands for it.

*Text*: see :mod:`s2st_bench.formats.tokens`.

*Aware time* is the audio processed plus the computation of that chunk alone.  ``ca="live"`` lays
the chunks' work out as a queue instead, which the log allows exactly.  A log whose computation
times are all zero measured nothing.

:mod:`s2st_bench.formats.simulstream_write` writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from s2st_bench.errors import TraceError
from s2st_bench.formats.log import UNKNOWN_LANG, Ca, Log, json_lines, number_at, queued
from s2st_bench.formats.tokens import JOININGS, Joining, TokenStack, guess
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Recording,
    Segment,
    Step,
    TimedWrite,
    Trace,
)

NAME = "simulstream"
FILE = "metrics.jsonl"
EVAL_CONFIG: Mapping[str, str] = {"detokenizer_type": "simuleval", "latency_unit": "char"}
"""The evaluation config that simulstream needs for a log written here."""
LOADING = "model_loading_time"


class _Line(NamedTuple):
    where: str
    source_s: float
    compute_s: float
    new: list[str]
    gone: list[str]


@dataclass(slots=True)
class _Session:
    """One stream: its metadata and its lines."""

    name: str
    metadata: Mapping[str, Any]
    lines: list[_Line] = field(default_factory=list)


def read(
    path: Path,
    *,
    source_lang: str = "",
    target_lang: str = "",
    ca: Ca = "logged",
    joining: Joining | None = None,
) -> Log:
    """Read a log (a folder means its ``metrics.jsonl``); ``joining`` none takes what
    the log says, or guesses from its tokens.

    Raises
    ------
    TraceError
        Naming file and line.
    """
    notes: list[str] = []
    load: dict[str, Any] = {}
    file = path / FILE if path.is_dir() else path
    sessions = [s for s in _sessions(file, notes, load) if s.lines]
    if not sessions:
        raise TraceError(f"{file}: holds no whole chunk of any recording")
    joinings = _joinings(sessions, joining, file, notes)
    measured = any(line.compute_s for session in sessions for line in session.lines)
    traces: list[Trace] = []
    recordings: dict[str, Recording] = {}
    repeats: dict[str, int] = {}
    for session, how in zip(sessions, joinings, strict=True):
        recording = _recording(session, source_lang or UNKNOWN_LANG, target_lang)
        repeat = repeats.get(recording.id, 0)
        repeats[recording.id] = repeat + 1
        if repeat == 0:
            recordings[recording.id] = recording
        else:
            notes.append(f"{session.lines[0].where}: another session of {recording.id!r}; read as "
                         f"repeat {repeat}")
        trace = _trace(session, recording, repeat, load, measured, how)
        traces.append(queued(trace) if ca == "live" and measured else trace)
    meaning = (f"live(from {NAME})" if ca == "live" else NAME) if measured else ""
    return Log(tuple(traces), tuple(recordings.values()), meaning, tuple(notes))


def _sessions(path: Path, notes: list[str], load: dict[str, Any]) -> list[_Session]:
    found: list[_Session] = []
    current: dict[Any, _Session] = {}
    for where, row in json_lines(path, notes):
        if LOADING in row:
            load[LOADING] = number_at(row, LOADING, where)
            continue
        key = row.get("id")
        if key is None or isinstance(key, list | dict):
            raise TraceError(f"{where}: no 'id': not a line of simulstream")
        if "metadata" in row:
            metadata = row["metadata"]
            if not isinstance(metadata, dict) or not isinstance(metadata.get("wav_name"), str):
                raise TraceError(f"{where}: 'metadata' must be an object with a 'wav_name'")
            name = str(metadata.get("recording_id") or Path(metadata["wav_name"]).stem)
            if key not in current or current[key].name != name:
                found.append(_Session(name, metadata))
                current[key] = found[-1]
            continue
        line = _line(row, where)
        if key not in current:
            raise TraceError(f"{where}: id {key} was not given a recording by a line of metadata")
        session = current[key]
        if session.lines and line.source_s < session.lines[-1].source_s:
            session = current[key] = _Session(session.name, session.metadata)
            found.append(session)
        session.lines.append(line)
    return found


def _line(row: dict[str, Any], where: str) -> _Line:
    source_s = number_at(row, "total_audio_processed", where)
    compute_s = number_at(row, "computation_time", where)
    if source_s < 0 or compute_s < 0:
        raise TraceError(f"{where}: a negative time")
    return _Line(where, source_s, compute_s, _tokens(row, "generated_tokens", where),
                 _tokens(row, "deleted_tokens", where))


def _tokens(row: dict[str, Any], key: str, where: str) -> list[str]:
    tokens = row.get(key)
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise TraceError(f"{where}: {key!r} must be a list of texts")
    return tokens


def _joinings(
    sessions: Sequence[_Session], given: Joining | None, path: Path, notes: list[str]
) -> list[Joining]:
    """How each session's tokens join: as given, as its metadata says, or as tokens look."""
    said = [_said(session.metadata) for session in sessions]
    if given is not None:
        return [given] * len(sessions)
    if None not in said:
        return [each for each in said if each is not None]
    looks, marked = guess(t for s in sessions for line in s.lines for t in line.new)
    if not marked:
        notes.append(f"{path}: its tokens bear no mark of how they join; joined "
                     f"{'with spaces' if looks == 'word' else 'as they are'} "
                     f"(--detokenizer {'|'.join(JOININGS)} says otherwise)")
    return [each or looks for each in said]


def _said(metadata: Mapping[str, Any]) -> Joining | None:
    if metadata.get("detokenizer_type") != EVAL_CONFIG["detokenizer_type"]:
        return None
    return next((j for j in JOININGS if j == metadata.get("latency_unit")), None)


def _recording(session: _Session, source_lang: str, target_lang: str) -> Recording:
    metadata = session.metadata
    length_s = _length_s(session)
    return Recording(
        session.name,
        AudioSource(Path(metadata["wav_name"]), 0.0, length_s),
        str(metadata.get("source_lang") or source_lang),
        (target_lang or str(metadata.get("target_lang") or UNKNOWN_LANG),),
        (Segment(session.name, 0.0, length_s),),
    )


def _length_s(session: _Session) -> float:
    if "source_length" in session.metadata:
        return number_at(dict(session.metadata), "source_length", session.lines[0].where)
    return session.lines[-1].source_s


def _trace(
    session: _Session, recording: Recording, repeat: int, load: Mapping[str, Any],
    measured: bool, joining: Joining,
) -> Trace:
    error = session.metadata.get("error")
    return Trace(
        system=NAME,
        recording_id=recording.id,
        target_lang=recording.target_langs[0],
        source_length=_length_s(session),
        steps=tuple(_steps(session.lines, joining)),
        repeat=repeat,
        clock="simulated" if measured else "ideal",
        load=dict(load),
        error=Failure("raised", str(error)) if error else None,
    )


def _steps(lines: Iterable[_Line], joining: Joining) -> Iterator[Step]:
    stack = TokenStack(joining)
    for number, line in enumerate(lines):
        try:
            retract = stack.take_back(line.gone)
        except ValueError as error:
            raise TraceError(f"{line.where}: {error}") from None
        text = stack.add(line.new)
        job = Job(number, "system", line.source_s, line.source_s + line.compute_s)
        said = (TimedWrite(number, line.compute_s, text, retract),) if text or retract else ()
        yield Step(line.source_s, line.source_s, (job,), said)
