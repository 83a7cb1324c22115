"""One clip's JSON: segments with utterances, times in milliseconds, terms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from s2st_bench.corpora import Finding, Place
from s2st_bench.corpora.lines import Lines
from s2st_bench.types import Term

_SHAPE: Final = ("a clip is {vid, duration, segment: [{start_time, end_time, utterance: "
                 "[{sub_start_time, sub_end_time, sub_src_text, sub_trg_text, term}]}]}")
_UNSPACED: Final = frozenset({"zh", "ja"})


@dataclass(frozen=True, slots=True)
class Utterance:
    """A part of a segment; seconds."""

    line: int
    start_s: float
    end_s: float
    said: str
    translated: str
    terms: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A reference unit: one utterance, or all of a segment."""

    id: str
    line: int
    start_s: float
    end_s: float
    utterances: tuple[Utterance, ...]

    def said(self, lang: str) -> str:
        return _joined((u.said for u in self.utterances), lang)

    def translated(self, lang: str) -> str:
        return _joined((u.translated for u in self.utterances), lang)

    def terms(self, lang: str) -> tuple[Term, ...]:
        return _terms((pair for u in self.utterances for pair in u.terms), lang)


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip with its segments, each a unit."""

    path: Path
    vid: str
    segments: tuple[Unit, ...]
    findings: tuple[Finding, ...]
    length_s: float | None
    """As the file declares it."""

    def units(self, kind: Literal["segment", "utterance"]) -> Iterator[Unit]:
        for segment in self.segments:
            if kind == "segment":
                yield segment
                continue
            for number, part in enumerate(segment.utterances, 1):
                yield Unit(f"{segment.id}.{number}", part.line, part.start_s, part.end_s, (part,))

    def glossary(self, lang: str) -> tuple[Term, ...]:
        """All terms of the clip, once each."""
        return _terms((pair for s in self.segments for u in s.utterances for pair in u.terms), lang)


def read_clip(path: Path) -> Clip | Finding:
    """The clip of a file, or why it is none.

    Raises
    ------
    DamagedCorpus
        The file is no UTF-8.
    """
    lines = list(Lines(path))
    try:
        found = json.loads("\n".join(lines))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        return Finding("not-json", Place(path, line), f"not JSON ({error})",
                       "copy the file from the repository again", recording=path.stem)
    if not isinstance(found, dict) or not isinstance(found.get("segment"), list):
        return Finding("bad-entry", Place(path, 1), "no clip", _SHAPE, recording=path.stem)
    return _Reader(path, lines).clip(found)


class _Bad(ValueError):
    pass


class _Reader:
    """Values of one file with their lines: those of the keys, which stand in the file's order."""

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        self._path = path
        self._starts = _lines_with(lines, '"start_time"')
        self._parts = _lines_with(lines, '"sub_start_time"')
        self._findings: list[Finding] = []

    def clip(self, found: dict[str, Any]) -> Clip:
        vid = self._path.stem
        if found.get("vid") != vid:
            self._add("bad-id", 1, f"vid is {found.get('vid')!r}, the file's name is {vid}",
                      "restore the name: audio is found by it", vid)
        segments = []
        n_parts = 0
        for number, value in enumerate(found["segment"], 1):
            line = self._starts[number - 1] if number <= len(self._starts) else 1
            identity = f"{vid}-{number}"
            utterances = []
            inside = value.get("utterance") if isinstance(value, dict) else None
            for part in inside if isinstance(inside, list) else ():
                at = self._parts[n_parts] if n_parts < len(self._parts) else line
                n_parts += 1
                try:
                    utterances.append(_utterance(part, at))
                except _Bad as error:
                    self._add("bad-entry", at, str(error), _SHAPE, vid)
            if not isinstance(inside, list) or not inside:
                self._add("bad-entry", line, "a segment without utterances", _SHAPE, vid)
                continue
            if len(utterances) < len(inside):
                continue  # half a sentence is no reference
            try:
                start_s, end_s = (_seconds(value, key) for key in ("start_time", "end_time"))
            except _Bad as error:
                self._add("bad-entry", line, str(error), _SHAPE, vid)
                continue
            self._check_times(found, start_s, end_s, utterances, line, vid)
            segments.append(Unit(identity, line, start_s, end_s, tuple(utterances)))
        if not segments:
            self._add("no-segments", 1, "no segment in it", _SHAPE, vid)
        length: Any = found.get("duration")
        length_s = length / 1000 if _is_number(length) else None
        return Clip(self._path, vid, tuple(segments), tuple(self._findings), length_s)

    def _check_times(
        self, found: dict[str, Any], start_s: float, end_s: float,
        utterances: Sequence[Utterance], line: int, vid: str,
    ) -> None:
        length: Any = found.get("duration")
        if _is_number(length) and end_s > length / 1000 + 1.0:
            self._add("segment-past-end", line, f"the segment ends at {end_s:.3f} s, the clip is "
                      f"declared {length / 1000:.3f} s", "times are in milliseconds", vid)
        outside = [u for u in utterances if u.start_s < start_s - 1.0 or u.end_s > end_s + 1.0]
        if outside:
            self._add("out-of-segment", outside[0].line, "an utterance lies more than a second "
                      "outside its segment", "nothing, if dataset.unit=segment is used; times of "
                      "utterances run from the start of the clip", vid, "note")

    def _add(
        self, kind: str, line: int, problem: str, remedy: str, vid: str,
        severity: Literal["error", "note"] = "error",
    ) -> None:
        self._findings.append(
            Finding(kind, Place(self._path, line), problem, remedy, severity, vid))


def _utterance(part: Any, line: int) -> Utterance:
    if not isinstance(part, dict):
        raise _Bad("an utterance is not an object")
    texts = []
    for key in ("sub_src_text", "sub_trg_text"):
        if not isinstance(part.get(key), str):
            raise _Bad(f"{key} is {part.get(key)!r}, not a text")
        texts.append(part[key].strip())
    terms = []
    for term in part.get("term") or ():
        pair = [term.get(key) if isinstance(term, dict) else None for key in ("src", "trg")]
        if not all(isinstance(text, str) and text.strip() for text in pair):
            raise _Bad(f"a term is {term!r}, not {{src, trg}}")
        terms.append((str(pair[0]).strip(), str(pair[1]).strip()))
    return Utterance(line, _seconds(part, "sub_start_time"), _seconds(part, "sub_end_time"),
                     texts[0], texts[1], tuple(terms))


def _seconds(value: dict[str, Any], key: str) -> float:
    number: Any = value.get(key)
    if not _is_number(number):
        raise _Bad(f"{key} is {number!r:.100}, not a number of milliseconds")
    return float(number / 1000)


def _is_number(value: Any) -> bool:
    return (isinstance(value, int | float) and not isinstance(value, bool)
            and abs(value) < 1e12)  # not infinite, and not NaN, which compares with nothing


def _joined(texts: Iterator[str], lang: str) -> str:
    return ("" if lang in _UNSPACED else " ").join(text for text in texts if text)


def _terms(pairs: Iterator[tuple[str, str]], lang: str) -> tuple[Term, ...]:
    """Terms in order, those of one source form together."""
    targets: dict[str, dict[str, None]] = {}
    for source, target in pairs:
        targets.setdefault(source, {})[target] = None
    return tuple(Term(source, {lang: tuple(forms)}) for source, forms in targets.items())


def _lines_with(lines: Sequence[str], key: str) -> list[int]:
    """The line of every place where ``key`` stands (from 1)."""
    return [number for number, line in enumerate(lines, 1) for _ in range(line.count(key))]
