"""Segment lists as MuST-C has them: a YAML list of ``{duration, offset, speaker_id, wav, …}``,
and text files whose line *k* belongs to entry *k*.

Seconds, from the start of the file ``wav``.  A slice is samples ``int(offset * rate)`` and
``int(duration * rate)`` of them (:mod:`s2st_bench.audio.decode`), as fairseq's preparation has it.
An entry on one line, which is how the lists are distributed, is read without a YAML parser, some
fifty times as fast; every other entry goes through one.  Nothing is kept: lists are streamed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from sys import intern
from typing import Any, Final

from s2st_bench.corpora.checks import counts
from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.corpora.lines import Lines
from s2st_bench.corpora.rows import Row
from s2st_bench.corpora.selection import Selection

_PLAIN: Final = re.compile(r"-\s+\{([^{}\[\]\"'#&*!|>%@`\\\t]*)\}\s*")
_DEEPEST: Final = 20
_SHAPE: Final = "an entry is {duration: SECONDS, offset: SECONDS, wav: FILE}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a slice of a file."""

    line: int
    wav: str
    offset_s: float
    duration_s: float
    speaker: str = ""
    written_offset: str = ""


def list_rows(
    path: Path, texts: Mapping[str, Path], *, audio: Callable[[str], Path], selection: Selection,
    source_lang: str, targets: Sequence[str], rate_hz: int | None = None,
) -> Iterator[Row | Finding]:
    """Entries of a list with line *k* of each text file (language to file).

    ``audio`` gives the file of an entry's ``wav``.  The segments of ``ted_1.wav`` have the ids
    ``ted_1-1``, ``ted_1-2``, … in the order of the list, its talk ``ted_1`` is the unit of
    resampling.

    Raises
    ------
    DamagedCorpus
        A file is missing or no UTF-8.
    """
    files = {lang: Lines(file) for lang, file in texts.items()}
    numbers: dict[str, int] = {}
    now, talk, file_of_talk = None, "", Path()
    total = 0
    try:
        for entry in entries(path):
            if isinstance(entry, Finding) and entry.severity == "note":
                yield entry
                continue
            total += 1
            lines = {lang: next(file, None) for lang, file in files.items()}
            wav = entry.wav if isinstance(entry, Entry) else entry.recording
            if wav != now:  # once a talk: paths cost more than all the rest of an entry
                if not _is_inside(wav):
                    raise Finding("bad-path", _place(entry, path), f"wav {wav!r} leads out of the "
                                  "corpus", "give the file's name").damage()
                now, talk, file_of_talk = wav, PurePosixPath(wav).stem, audio(wav)
            numbers[talk] = number = numbers.get(talk, 0) + 1
            segment = f"{talk}-{number}"
            recording = selection.recording_of(segment, talk)
            if isinstance(entry, Finding):
                # which talk a broken entry is of is not always known; which segment, it is
                unknown = "" if selection.is_long else f"entry-{total}"
                yield replace(entry, recording=recording if wav else unknown)
                continue
            if None in lines.values():
                continue  # counted below
            said = {lang: (line or "").strip() for lang, line in lines.items()}
            yield Row(
                id=segment, recording=recording, place=Place(path, entry.line),
                source_lang=source_lang, audio=file_of_talk, offset_s=entry.offset_s,
                duration_s=entry.duration_s, transcript=said.get(source_lang, ""),
                references={lang: (said[lang],) for lang in targets},
                text_places={lang: Place(file.path, file.number) for lang, file in files.items()},
                speaker=intern(entry.speaker), cluster=talk, written_offset=entry.written_offset,
                declared_hz=rate_hz,
            )
        for file in files.values():
            yield from _rest(file, path, total)
            yield from file.notes()
    finally:
        for file in files.values():
            file.close()


def entries(path: Path) -> Iterator[Entry | Finding]:
    """The entries of a list; a finding for each that is none, its ``recording`` the ``wav`` if
    that much can be read.

    Raises
    ------
    DamagedCorpus
        The file is missing, no UTF-8, or no YAML from some line on.
    """
    done = 0
    for first, text in _items(path):
        found: Entry | Finding | None = _plain(text, first)
        if found is None:
            value = _parsed(text)
            if value is None:  # an alias to another entry, a list in brackets, or no YAML
                yield from _whole(path, done)
                return
            found = _entry(value, path, first)
        done += 1
        yield found
    if not done:
        raise Finding("no-segments", Place(path), "no entries", f"{_SHAPE}, one a line").damage()


def _rest(file: Lines, path: Path, total: int) -> Iterator[Finding]:
    """What a text has beyond the entries, or lacks."""
    extra = list(file)
    n_lines = file.number
    if n_lines < total or any(line.strip() for line in extra):
        yield counts(Place(path), total, Place(file.path), n_lines)
    elif extra:
        yield Finding("blank-lines", Place(file.path, total + 1), f"{len(extra)} blank lines at "
                      "the end", "nothing: they belong to no segment", "note")


# --- entries ------------------------------------------------------------------------------------


def _items(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each item of a block list; comments and markers between them left out."""
    held: list[str] = []
    first = 0
    lines = Lines(path)
    try:
        for line in lines:
            if line.startswith("-") and not line.startswith("---"):
                if held:
                    yield first, "\n".join(held)
                held, first = [line], lines.number
            elif line.strip() and not line.startswith(("#", "---", "...", "%")):
                first = first or lines.number
                held.append(line)
        if held:
            yield first, "\n".join(held)
    finally:
        lines.close()


def _plain(text: str, line: int) -> Entry | None:
    """An entry of plain values on one line; none for anything else."""
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    try:
        values = dict(pair.split(": ", 1) for pair in match[1].split(", "))
        offset, wav = values["offset"], values["wav"]
        return Entry(line, wav, float(offset), float(values["duration"]),
                     values.get("speaker_id", ""), offset)
    except (KeyError, ValueError):
        return None


def _parsed(text: str) -> Any:
    """The item of a list; none where it is not YAML by itself."""
    import yaml

    try:
        _check_depth(text)
        found = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError):
        return None
    return found[0] if isinstance(found, list) and len(found) == 1 else None


def _check_depth(text: str) -> None:
    """Refuse deep nesting by the stream of events: the C loader ends the process at it."""
    import yaml

    depth = 0
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise yaml.MarkedYAMLError(problem="nested too deep", problem_mark=event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _whole(path: Path, skip: int) -> Iterator[Entry | Finding]:
    """The entries from number ``skip`` on, by a YAML parser that sees the whole file."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        _check_depth(text)
        node = yaml.compose(text, loader)
        values = yaml.load(text, loader)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = getattr(error, "problem", None) or type(error).__name__
        raise Finding("not-yaml", Place(path, mark.line + 1 if mark else None),
                      f"not YAML ({reason})", f"restore the file; {_SHAPE}").damage() from None
    if not isinstance(values, list) or not isinstance(node, yaml.SequenceNode):
        raise Finding("not-yaml", Place(path, 1), "not a list", _SHAPE).damage()
    for place, value in list(zip(node.value, values, strict=True))[skip:]:
        yield _entry(value, path, place.start_mark.line + 1)


def _entry(value: Any, path: Path, line: int) -> Entry | Finding:
    place = Place(path, line)
    if not isinstance(value, dict):
        return Finding("bad-entry", place, "not a mapping", _SHAPE)
    wav = value.get("wav")
    if not isinstance(wav, str) or not wav:
        return Finding("bad-entry", place, f"wav is {_shown(wav)}, not the name of a file", _SHAPE)
    seconds = []
    for key in ("offset", "duration"):
        number = value.get(key)
        if isinstance(number, bool) or not isinstance(number, int | float):
            return Finding("bad-entry", place, f"{key} is {_shown(number)}, not a number of "
                           "seconds", _SHAPE, recording=wav)
        # a whole number may be larger than any float
        seconds.append(float("inf") if abs(number) >= 1e300 else float(number))
    speaker = value.get("speaker_id")
    return Entry(line, wav, seconds[0], seconds[1], "" if speaker is None else str(speaker),
                 str(value["offset"]))


def _shown(value: Any) -> str:
    """A value of a list in a message; what is nested can be without end."""
    shown = repr(value) if isinstance(value, str | float | None) else f"a {type(value).__name__}"
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def _place(entry: Entry | Finding, path: Path) -> Place:
    place = Place(path, entry.line) if isinstance(entry, Entry) else entry.place
    return place or Place(path)


def _is_inside(wav: str) -> bool:
    path = PurePosixPath(wav)
    return not path.is_absolute() and ".." not in path.parts and "\x00" not in wav
