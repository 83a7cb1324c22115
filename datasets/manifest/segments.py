"""Long form: a segments YAML beside the list, and files of lines aligned to it by order.

The YAML is MuST-C's: a list of ``{wav, offset, duration, speaker_id}``, times in seconds, grouped
by recording in the order of the talk.  Line *k* of every text file belongs to entry *k*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from s2st_bench.corpora import Finding, Lines, Place, Row, entries
from s2st_bench.corpora.checks import counts, times
from s2st_bench.errors import DamagedCorpus


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry: where it lies in which file, and its texts by language."""

    place: Place
    wav: str
    start_s: float
    end_s: float
    speaker: str
    texts: Mapping[str, str]


def read(path: Path, texts: Mapping[str, Path]) -> list[Piece]:
    """Entries of ``path`` with line *k* of each file of ``texts`` (language to file).

    Raises
    ------
    DamagedCorpus
        Naming the file and line: not YAML, a field missing or no number, a time that runs
        backwards, and counts of lines that differ.
    """
    listed = list(entries(path))
    columns = {lang: _text_lines(file, len(listed), path) for lang, file in texts.items()}
    found: list[Piece] = []
    for number, entry in enumerate(listed):
        if isinstance(entry, Finding):
            raise entry.damage()
        place = Place(path, entry.line)
        row = Row(f"{number + 1}", entry.wav, place, "", None, entry.offset_s, entry.duration_s)
        for wrong in times(row):
            if wrong.is_error:
                raise wrong.damage()
        if found and found[-1].wav == entry.wav and entry.offset_s < found[-1].start_s:
            raise _damage("out-of-order", place, f"starts at {entry.offset_s} s, before the entry "
                          "above it", "sort the list by time")
        found.append(Piece(place, entry.wav, entry.offset_s, entry.offset_s + entry.duration_s,
                           entry.speaker, {k: lines[number] for k, lines in columns.items()}))
    return found


def _text_lines(path: Path, count: int, segments: Path) -> list[str]:
    lines = Lines(path)
    found = [line.strip() for line in lines]
    if len(found) != count:
        raise counts(Place(segments), count, Place(path), len(found)).damage()
    for number, line in enumerate(found, 1):
        if not line:
            raise _damage("empty-reference", Place(path, number), "empty", "restore the line")
    return found


def _damage(kind: str, place: Place, problem: str, remedy: str) -> DamagedCorpus:
    return Finding(kind, place, problem, remedy).damage()
