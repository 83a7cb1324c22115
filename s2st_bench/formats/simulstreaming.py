"""SimulStreaming's output: a file a recording, times in seconds.

JSON lines ``start, end, text, tokens, words, is_final, emission_time`` (speech recognition and
translation) or ``emission_time, end, status, text, unconfirmed_text, is_final`` (its second
translation step), or with ``--out-txt`` lines ``<ms> <begin ms> <end ms><text>``.  A text is
appended to those before as it is.  Of the second step only what is confirmed counts: a line with
status ``INCOMPLETE`` holds again what the next ``COMPLETE`` one of its turn begins with.
(``whisper_online_main.py`` and ``simulstreaming_translate.py`` of ufal/SimulStreaming 36edc34.)

*Times*: ``emission_time`` is a wall clock's, or simulated without computation (``--comp_unaware``),
which the file does not say.  Simulated ones fall on whole samples at 16 kHz, as a wall clock's
practically never do, and none passes the end.  The length of the source is not logged: the latest
``end`` or, without one, the last emission stands for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from s2st_bench.errors import TraceError
from s2st_bench.formats.log import UNKNOWN_LANG, Ca, Log, json_lines, number_at, text_lines
from s2st_bench.formats.shown import Shown, difference, recording_of, trace_of
from s2st_bench.timeline import text_events
from s2st_bench.types import Recording, Trace

NAME = "simulstreaming"
SUFFIX = ".jsonl"
TEXT_LINE = re.compile(r"(\d+(?:\.\d+)?) (-?\d+) (-?\d+) ?(.*)")
_RATE_HZ = 16_000
_CLOSE = 1e-4
"""Of a sample: how near to a whole one a simulated time is, float error included."""


class _Row(NamedTuple):
    at_s: float
    end_s: float
    text: str
    complete: bool
    flushed: bool
    """What was unconfirmed at the end: its words without the space before them."""


def read(path: Path, *, source_lang: str = "", target_lang: str = "", ca: Ca = "logged") -> Log:
    """Read a file, or a folder of them.

    Raises
    ------
    TraceError
        Naming file and line.
    """
    langs = source_lang or UNKNOWN_LANG, target_lang or UNKNOWN_LANG
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    notes: list[str] = []
    traces: list[Trace] = []
    recordings: list[Recording] = []
    for file in files:
        rows = list(_rows(file, notes))
        if not rows:
            raise TraceError(f"{file}: holds no output")
        length_s = max(row.end_s for row in rows) or rows[-1].at_s
        measured = not _simulated([row.at_s for row in rows], length_s)
        notes.append(f"{file}: times are {'a wall clock’s' if measured else 'simulated ones'}")
        traces.append(trace_of(NAME, file.stem, langs[1], length_s, _shown(rows),
                               measured=measured))
        recordings.append(recording_of(file.stem, langs, length_s, Path(f"{file.stem}.wav")))
    if not traces:
        raise TraceError(f"{path}: no {SUFFIX} file in it")
    if ca == "live":
        raise TraceError(f"{path}: holds times but no work to lay out anew; leave --ca out")
    measured = any(trace.clock != "ideal" for trace in traces)
    return Log(tuple(traces), tuple(recordings), NAME if measured else "", tuple(notes))


def write(traces: Iterable[Trace], recordings: Iterable[Recording], folder: Path) -> list[Path]:
    """Write a file a recording: the live time of each text or, under clock ideal, its delay.

    Raises
    ------
    TraceError
        Text input or text taken back, which the format does not know, or a file cannot be written.
    """
    texts: dict[Path, str] = {}
    for trace in traces:
        if trace.source_unit != "s":
            raise TraceError(f"trace of {trace.recording_id!r}: {NAME} knows no text input")
        rows = [] if trace.error is not None else _of_trace(trace)
        last = {"start": 0.0, "end": trace.source_length, "text": "", "tokens": [], "words": [],
                "is_final": True,
                "emission_time": max([trace.source_length, *(r["emission_time"] for r in rows)])}
        texts[folder / f"{trace.recording_id.replace('/', '_')}{SUFFIX}"] = "".join(
            json.dumps(row, ensure_ascii=False) + "\n" for row in [*rows, last])
    for target, text in texts.items():
        try:
            target.write_text(text, "utf-8")
        except OSError as error:
            raise TraceError(f"{target}: cannot be written ({error.strerror})") from None
    return list(texts)


def _of_trace(trace: Trace) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    start_s = 0.0
    for event in text_events(trace):
        if event.retract_chars:
            raise TraceError(f"trace of {trace.recording_id!r}: takes text back, which {NAME} "
                             "cannot hold; convert it to simulstream")
        at_s = event.delay_s if event.live_s is None else event.live_s
        rows.append({"start": start_s, "end": event.delay_s, "text": event.text, "tokens": [],
                     "words": [], "is_final": False, "emission_time": at_s})
        start_s = event.delay_s
    return rows


def _rows(file: Path, notes: list[str]) -> Iterator[_Row]:
    first = next((line for _, line in text_lines(file, []) if line.strip()), "")
    if TEXT_LINE.match(first):
        for where, line in text_lines(file, notes):
            if not (found := TEXT_LINE.fullmatch(line.rstrip("\r\n"))):
                raise TraceError(f"{where}: not <ms> <begin> <end> <text>")
            at_s, end_s = float(found[1]) / 1000.0, float(found[3]) / 1000.0
            yield _Row(at_s, max(end_s, 0.0), found[4], True, False)
        return
    for where, row in json_lines(file, notes):
        at_s = number_at(row, "emission_time", where)
        if at_s < 0:
            raise TraceError(f"{where}: a negative time")
        text = row.get("text", "")
        if not isinstance(text, str):
            raise TraceError(f"{where}: 'text' must be a text, not {text!r}")
        end_s = 0.0 if row.get("end") is None else number_at(row, "end", where)
        yield _Row(at_s, max(end_s, 0.0), text, row.get("status", "COMPLETE") == "COMPLETE",
                   "status" in row and bool(row.get("is_final")))


def _simulated(times: Sequence[float], length_s: float) -> bool:
    samples = [time * _RATE_HZ for time in times]
    return max(times) <= length_s and all(abs(s - round(s)) < _CLOSE for s in samples)


def _shown(rows: Sequence[_Row]) -> list[Shown]:
    spaced = any(row.text.startswith(" ") for row in rows)
    begun = False
    turn = ""  # what stands of the turn that is not complete
    found = []
    for row in rows:
        text = row.text
        if not begun:
            text = text.lstrip()
        elif row.flushed and spaced and text and not text[0].isspace():
            text = f" {text}"
        retract, added = difference(turn, text)
        if retract or added:
            found.append(Shown(row.at_s, retract, added))
        turn = "" if row.complete else text
        begun = begun or (row.complete and bool(text))
    return found
