"""All checks over a stream of rows, in one pass that keeps next to nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from s2st_bench.corpora import checks
from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.corpora.headers import Headers, ends_early
from s2st_bench.corpora.rows import Row
from s2st_bench.corpora.scripts import fitting
from s2st_bench.corpora.texts import equals_source, texts
from s2st_bench.corpora.words import guess
from s2st_bench.errors import AudioError

_MIN_ROWS = 3
_MIN_LETTERS = 40


def examine(
    rows: Iterable[Row | Finding], headers: Headers, *, is_long: bool, thorough: bool = False
) -> Iterator[Row | Finding]:
    """The rows, each after the findings about it; what a reader found itself passes through.

    ``thorough`` also decodes the last sample of every flac, whose header cannot tell whether the
    file was cut short.  Findings about a whole text file (wrong language, not translated) come
    last.
    """
    seen = _Ids(is_long)
    files = _Files()
    before: Row | None = None
    probed: set[object] = set()
    for row in rows:
        if isinstance(row, Finding):
            yield row
            continue
        yield from seen.add(row)
        yield from checks.times(row)
        if row.audio is not None:
            header = headers[row.audio]
            yield from checks.audio(row, header)
            if thorough and row.audio not in probed and not isinstance(header, AudioError):
                probed.add(row.audio)
                if problem := ends_early(row.audio, header):
                    yield row.found("damaged-audio", f"audio: {problem}", "copy it again")
            if before is not None and before.audio == row.audio:
                yield from checks.order(before, row, is_long=is_long)
        yield from texts(row)
        files.add(row)
        yield row
        before = row
    yield from files.findings()


class _Ids:
    """Ids that were there before: of recordings, and of segments inside one."""

    def __init__(self, is_long: bool) -> None:
        self._is_long = is_long
        self._recordings: set[str] = set()
        self._segments: set[str] = set()
        self._now = ""

    def add(self, row: Row) -> Iterator[Finding]:
        if not row.id or any(not c.isprintable() for c in row.id):
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
class _File:
    """What is counted of the texts of one file in one language."""

    lang: str
    rows: int = 0
    equal: int = 0
    letters: int = 0
    fit: int = 0
    sample: list[str] = field(default_factory=list)


class _Files:
    """Text files as wholes: in which language they are."""

    SAMPLE = 500

    def __init__(self) -> None:
        self._files: dict[tuple[Place, str], _File] = {}

    def add(self, row: Row) -> None:
        self._count(row, row.source_lang, row.transcript, False)
        for lang, references in row.references.items():
            for reference in references:
                self._count(row, lang, reference, equals_source(row, reference, lang))

    def findings(self) -> Iterator[Finding]:
        for (place, lang), file in self._files.items():
            if file.rows >= _MIN_ROWS and file.equal * 2 > file.rows:
                yield Finding("not-translated", place, f"{file.equal} of {file.rows} references "
                              f"({lang}) are their transcripts", "put the translations there")
            elif file.letters >= _MIN_LETTERS and file.fit * 2 < file.letters:
                yield Finding("wrong-language", place, f"{file.letters - file.fit} of "
                              f"{file.letters} letters are not in the script of {lang!r}",
                              f"put the text in {lang!r} there, or correct the language")
            elif found := guess(file.sample, lang):
                yield Finding("wrong-language", place, f"the text reads like {found!r}, not "
                              f"{lang!r}", f"put the text in {lang!r} there, or correct the "
                              "language")

    def _count(self, row: Row, lang: str, text: str, equal: bool) -> None:
        if not text:
            return
        place = Place(row.text_place(lang).file)
        file = self._files.setdefault((place, lang), _File(lang))
        file.rows += 1
        file.equal += equal
        # the language of a file shows in its first lines; counting letters costs more than reading
        if file.rows <= self.SAMPLE:
            letters, fit = fitting(text, lang)
            file.letters += letters
            file.fit += fit
            file.sample.append(text)
