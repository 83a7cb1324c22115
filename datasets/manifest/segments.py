"""Long form: a segments YAML beside the list, and files of lines aligned to it by order.

The YAML is MuST-C's: a list of ``{wav, offset, duration, speaker_id}``, times in seconds, grouped
by recording in the order of the talk.  Line *k* of every text file belongs to entry *k*.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2st_bench.errors import CorpusError


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry: where it lies in which file, and its texts by language."""

    wav: str
    start_s: float
    end_s: float
    speaker: str
    texts: Mapping[str, str]


def read(path: Path, texts: Mapping[str, Path]) -> list[Piece]:
    """Entries of ``path`` with line *k* of each file of ``texts`` (language to file).

    Raises
    ------
    CorpusError
        Naming the file and entry: not YAML, a field missing or no number, a time that runs
        backwards, and counts of lines that differ.
    """
    import yaml

    try:
        entries = yaml.load(path.read_bytes().decode("utf-8-sig"),
                            getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise CorpusError(f"{path} is not a YAML list of segments: {error}") from None
    if not isinstance(entries, list) or not entries:
        raise CorpusError(f"{path} must be a list of {{wav, offset, duration}}")
    columns = {language: _text_lines(file, len(entries), path) for language, file in texts.items()}
    found: list[Piece] = []
    for number, entry in enumerate(entries):
        where = f"{path}, entry {number + 1}"
        if not isinstance(entry, dict) or not isinstance(entry.get("wav"), str):
            raise CorpusError(f"{where}: needs a text 'wav'")
        offset, duration = _number(entry, "offset", where), _number(entry, "duration", where)
        if duration == 0:
            raise CorpusError(f"{where}: duration is 0")
        if found and found[-1].wav == entry["wav"] and offset < found[-1].start_s:
            raise CorpusError(f"{where}: starts at {offset} s, before the entry above it; "
                              "sort the list by time")
        found.append(Piece(entry["wav"], offset, offset + duration,
                           str(entry.get("speaker_id", "")),
                           {language: lines[number] for language, lines in columns.items()}))
    return found


def _text_lines(path: Path, count: int, segments: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise CorpusError(f"{path} is not UTF-8; convert it") from None
    found = text.removesuffix("\n").split("\n")
    if len(found) != count:
        raise CorpusError(f"{path} has {len(found)} lines, {segments} {count} segments; "
                          "line k belongs to segment k")
    found = [line.strip() for line in found]
    for number, line in enumerate(found, 1):
        if not line:
            raise CorpusError(f"{path}, line {number}: empty")
    return found


def _number(entry: Mapping[str, Any], key: str, where: str) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CorpusError(f"{where}: {key} is {value!r}, not a number of seconds")
    if not math.isfinite(value) or value < 0:
        raise CorpusError(f"{where}: {key} is {value}; give a finite number, 0 or more")
    return float(value)
