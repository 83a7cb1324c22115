"""All checks over a stream of rows, in one pass that keeps next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from s2st_bench.corpora import checks
from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.corpora.headers import Headers
from s2st_bench.corpora.rows import Row
from s2st_bench.corpora.scripts import foreign, letters
from s2st_bench.corpora.texts import equals_source, texts
from s2st_bench.corpora.words import guess

_MIN_ROWS = 3
_MIN_LETTERS = 40


def examine(
    rows: Iterable[Row | Finding], headers: Headers, *, is_long: bool
) -> Iterator[Row | Finding]:
    """The rows, each after the findings about it; what a reader found itself passes through.

    Findings about all texts of a language (another language, not translated) come last.
    """
    seen = _Ids(is_long)
    whole = _Texts()
    before: Row | None = None
    for row in rows:
        if isinstance(row, Finding):
            yield row
            continue
        yield from seen.add(row)
        yield from checks.times(row)
        if row.audio is not None:
            yield from checks.audio(row, headers[row.audio])
            if before is not None and (before.audio is row.audio or before.audio == row.audio):
                yield from checks.order(before, row, is_long=is_long)
        if row.reference_audio:
            yield from checks.reference_audio(row, headers)
        yield from texts(row)
        whole.add(row)
        yield row
        before = row
    yield from whole.findings()


class _Ids:
    """Ids that were there before: of recordings, and of segments inside one."""

    def __init__(self, is_long: bool) -> None:
        self._is_long = is_long
        self._recordings: set[str] = set()
        self._segments: set[str] = set()
        self._now = ""

    def add(self, row: Row) -> Iterator[Finding]:
        if not row.id or not row.id.isprintable():
            yield row.found("bad-id", f"{row.id!r} is no id", "give every segment a printable id")
        if not self._is_long or row.recording != self._now:
            if row.recording in self._recordings:
                yield row.found(
                    "duplicate-id", f"{row.recording!r} is there already",
                    "keep the segments of a talk together" if self._is_long
                    else "give every segment its own id, or remove one of the two")
            self._recordings.add(row.recording)
            self._segments.clear()
            self._now = row.recording
        if self._is_long:
            if row.id in self._segments:
                yield row.found("duplicate-id", f"segment {row.id!r} is there already",
                                "remove one of the two")
            self._segments.add(row.id)


@dataclass(slots=True)
class _Text:
    """What is counted of all texts in one language."""

    file: Place
    """Of the first of them."""
    rows: int = 0
    equal: int = 0
    letters: int = 0
    foreign: int = 0
    sample: list[str] = field(default_factory=list)


class _Texts:
    """Texts as wholes: are they in their language?  The first ones tell."""

    SAMPLE = 500

    def __init__(self) -> None:
        self._rows = 0
        self._langs: dict[str, _Text] = {}

    def add(self, row: Row) -> None:
        if self._rows >= self.SAMPLE:
            return
        self._rows += 1
        self._count(row, row.source_lang, row.transcript, False)
        for lang, references in row.references.items():
            for reference in references:
                self._count(row, lang, reference, equals_source(row, reference, lang))

    def findings(self) -> Iterator[Finding]:
        for lang, text in self._langs.items():
            found = ""
            if text.rows >= _MIN_ROWS and text.equal * 2 > text.rows:
                yield Finding("not-translated", text.file, f"{text.equal} of {text.rows} "
                              f"references ({lang}) are their transcripts",
                              "put the translations there")
            elif text.letters >= _MIN_LETTERS and text.foreign * 2 > text.letters:
                found = (f"{text.foreign} of {text.letters} letters are not in the script of "
                         f"{lang!r}")
            elif guessed := guess(text.sample, lang):
                found = f"the text reads like {guessed!r}, not {lang!r}"
            if found:
                yield Finding("wrong-language", text.file, found,
                              f"put the text in {lang!r} there, or correct the language")

    def _count(self, row: Row, lang: str, text: str, equal: bool) -> None:
        if not text:
            return
        counted = self._langs.get(lang)
        if counted is None:
            counted = self._langs[lang] = _Text(Place(row.text_place(lang).file))
        counted.rows += 1
        counted.equal += equal
        counted.letters += letters(text)
        counted.foreign += foreign(text, lang)
        counted.sample.append(text)
