"""SLTev's files: ``<name>.<source>.<target>.slt`` (and ``.asr``), a file a recording.

Lines ``P|C <shown at> <start> <end> <text>``: each P(artial) text takes the place of the one
before it, until a C(omplete) one ends the sentence.  Times are hundredths of a second, as in its
sample data; a text is joined to the sentence before it by a space.  As SLTev reads them
(``files_modules.py`` of ELITR/SLTev 1ccd4fc), partial texts of several sentences that a system
shows at once count as one after the other.

The length of the source is not in the file: the latest end stands for it.  References and segment
times are taken from ``<name>.<target>.OSt`` and ``<name>.<source>.OStt`` where they lie beside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from s2st_bench.errors import TraceError
from s2st_bench.formats.log import UNKNOWN_LANG, Ca, Log, text_lines
from s2st_bench.formats.shown import Shown, difference, recording_of, trace_of
from s2st_bench.timeline import text_events
from s2st_bench.types import Recording, Segment, Trace

NAME = "sltev"
SUFFIXES = (".slt", ".asr", ".asrt")
_LINE = re.compile(r"([PC])\s+(\d+(?:\.\d+)?)\s+(\d+(?:\.\d+)?)\s+(\d+(?:\.\d+)?)(?:\s+(.*))?")
_TIMED = re.compile(r"([PC])\s+(\d+(?:\.\d+)?)\s+(\d+(?:\.\d+)?)(?:\s+(.*))?")
_PER_S = 100.0


class _Row(NamedTuple):
    complete: bool
    at_s: float
    end_s: float
    text: str


def read(path: Path, *, source_lang: str = "", target_lang: str = "", ca: Ca = "logged") -> Log:
    """Read a file, or a folder of them; languages are in the files' names unless given.

    Raises
    ------
    TraceError
        Naming file and line.
    """
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    notes: list[str] = []
    traces: list[Trace] = []
    recordings: list[Recording] = []
    for file in files:
        rows = list(_rows(file, notes))
        if not rows:
            raise TraceError(f"{file}: holds no output")
        name, langs = _named(file, source_lang, target_lang)
        length_s = max(row.end_s for row in rows)
        traces.append(trace_of(NAME, name, langs[1], length_s, list(_shown(rows)), measured=True))
        recording = recording_of(name, langs, length_s, Path(f"{name}.wav"))
        recordings.append(_with_references(recording, file, notes))
    if not traces:
        raise TraceError(f"{path}: no {' or '.join(SUFFIXES)} file in it")
    if ca == "live":
        raise TraceError(f"{path}: holds times but no work to lay out anew; leave --ca out")
    return Log(tuple(traces), tuple(recordings), NAME, tuple(notes))


def write(traces: Iterable[Trace], recordings: Iterable[Recording], folder: Path) -> list[Path]:
    """Write a file a recording: what stands after each write, all of it one sentence.

    A time is the live one or, under clock ideal, the delay.

    Raises
    ------
    TraceError
        Text input, which the format does not know, or a file cannot be written.
    """
    by_id = {recording.id: recording for recording in recordings}
    written = []
    for trace in traces:
        if trace.source_unit != "s":
            raise TraceError(f"trace of {trace.recording_id!r}: {NAME} knows no text input")
        source_lang = by_id[trace.recording_id].source_lang
        target = folder / (f"{trace.recording_id.replace('/', '_')}.{source_lang}."
                           f"{trace.target_lang}.slt")
        try:
            target.write_text("".join(_of_trace(trace)), "utf-8")
        except OSError as error:
            raise TraceError(f"{target}: cannot be written ({error.strerror})") from None
        written.append(target)
    return written


def _of_trace(trace: Trace) -> Iterator[str]:
    events = () if trace.error is not None else text_events(trace)
    text, at_s = "", trace.source_length
    for event in events:
        text = text[: len(text) - event.retract_chars] + event.text
        at_s = event.delay_s if event.live_s is None else event.live_s
        yield _line("P", at_s, event.delay_s, text)
    yield _line("C", max(at_s, trace.source_length), trace.source_length, text)


def _line(kind: str, at_s: float, end_s: float, text: str) -> str:
    # whole numbers: SLTev's reader takes no others
    return f"{kind} {round(at_s * _PER_S)} 0 {round(end_s * _PER_S)} {' '.join(text.split())}\n"


def _rows(file: Path, notes: list[str]) -> Iterator[_Row]:
    for where, line in text_lines(file, notes):
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            if not line.endswith("\n"):
                notes.append(f"{where}: the last line is cut off and was left out")
                return
            raise TraceError(f"{where}: not P|C <shown at> <start> <end> <text>")
        yield _Row(found[1] == "C", float(found[2]) / _PER_S, float(found[4]) / _PER_S,
                   " ".join((found[5] or "").split()))


def _shown(rows: Sequence[_Row]) -> Iterator[Shown]:
    sentence = ""
    begun = False
    for row in rows:
        text = f" {row.text}" if begun and row.text else row.text
        retract, added = difference(sentence, text)
        if retract or added:
            yield Shown(row.at_s, retract, added)
        sentence = "" if row.complete else text
        begun = begun or (row.complete and bool(text))


def _named(file: Path, source_lang: str, target_lang: str) -> tuple[str, tuple[str, str]]:
    """``talk.en.de.slt`` to ``talk`` and its languages."""
    parts = file.name.split(".")
    if len(parts) < 4:
        return file.stem, (source_lang or UNKNOWN_LANG, target_lang or UNKNOWN_LANG)
    return ".".join(parts[:-3]), (source_lang or parts[-3], target_lang or parts[-2])


def _with_references(recording: Recording, file: Path, notes: list[str]) -> Recording:
    source, (target,) = recording.source_lang, recording.target_langs
    said = file.with_name(f"{recording.id}.{target}.OSt")
    timed = file.with_name(f"{recording.id}.{source}.OStt")
    if not said.is_file():
        return recording
    lines = [line.strip() for _, line in text_lines(said, notes) if line.strip()]
    spans = list(_sentences(timed, notes)) if timed.is_file() else []
    if len(spans) != len(lines):
        if spans:
            raise TraceError(f"{said}: {len(lines)} sentences for the {len(spans)} of {timed}")
        whole = replace(recording.segments[0], references={target: (" ".join(lines),)})
        return replace(recording, segments=(whole,))
    return replace(recording, cluster=recording.id, segments=tuple(
        Segment(str(i), start_s, end_s, text, {target: (line,)})
        for i, ((start_s, end_s, text), line) in enumerate(zip(spans, lines, strict=True))
    ))


def _sentences(file: Path, notes: list[str]) -> Iterator[tuple[float, float, str]]:
    """Start, end and text of the complete lines of a timed transcript."""
    for where, line in text_lines(file, notes):
        if not line.strip():
            continue
        found = _TIMED.fullmatch(line.strip())
        if found is None:
            raise TraceError(f"{where}: not P|C <start> <end> <text>")
        if found[1] == "C":
            yield float(found[2]) / _PER_S, float(found[3]) / _PER_S, found[4] or ""
