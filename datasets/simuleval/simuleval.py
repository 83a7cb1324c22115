"""SimulEval's inputs: ``--source`` with one audio file (or sentence) a line, ``--target`` with one
reference a line, ``--tgt-lang`` with one language a line.

Line *k* (from 0, as SimulEval's ``index``) of one belongs to line *k* of the others, and *k* is
the id.  Paths are taken from the folder of the list where they are relative.  Text is cut at
spaces.  The unit of resampling is the sentence.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Literal

from s2st_bench.corpora import FileCorpus, Finding, Lines, Place, Row, Selection
from s2st_bench.corpora.checks import counts
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import ConfigError


class SimulEvalLists(FileCorpus):
    """The languages are the user's to say; with ``target_langs`` only the lines in
    ``target_lang`` are taken.
    """

    name = "simuleval"

    def __init__(
        self, source: Path, target: Path | tuple[Path, ...], selection: Selection,
        source_type: Literal["speech", "text"] = "speech", target_langs: Path | None = None,
        transcripts: Path | None = None, licence: str = "",
    ) -> None:
        super().__init__(selection)
        for key in ("source_lang", "target_lang"):
            if getattr(selection, key) is None:
                raise ConfigError(f"{key} is not given, and lists do not tell it: set "
                                  "dataset.pair=en-de")
        if selection.is_long:
            raise ConfigError("dataset.form=long: a line of these lists is one recording with one "
                              "reference; whole talks with a list of segments: dataset=manifest")
        if source_type == "text" and selection.strip_silence:
            raise ConfigError("dataset.strip_silence is for speech; the source is text")
        if source_type == "text" and transcripts is not None:
            raise ConfigError("dataset.transcripts: the source is text and its own transcript")
        self.source = source
        self.targets: Sequence[Path] = (target,) if isinstance(target, Path) else target
        self.source_type = source_type
        self.target_langs = target_langs
        self.transcripts = transcripts
        self.licence = licence

    def card(self) -> CorpusCard:
        return CorpusCard(name=f"simuleval:{self.source.name}", licence=self.licence,
                          split=self.selection.split or "", cluster="sentence", notice=self.notice)

    def rows(self) -> Iterator[Row | Finding]:
        paths = [self.source, *self.targets,
                 *(path for path in (self.target_langs, self.transcripts) if path is not None)]
        with ExitStack() as stack:
            files = [stack.enter_context(closing(Lines(path))) for path in paths]
            n_targets = len(self.targets)
            for index, lines in enumerate(itertools.zip_longest(*files)):
                if None in lines:
                    yield from _unequal(files, lines)
                    break
                rest = list(lines[1 + n_targets:])
                lang = rest.pop(0).strip() if self.target_langs else None
                if lang is not None and lang != self.selection.target_lang:
                    continue
                yield self._row(index, files, lines[0].strip(), lines[1:1 + n_targets],
                                rest[0].strip() if rest else "")
            for file in files:
                yield from file.notes()

    def _row(
        self, index: int, files: Sequence[Lines], source: str, targets: Sequence[str], said: str,
    ) -> Row | Finding:
        selection = self.selection
        from_lang, to_lang = selection.source_lang or "", selection.target_lang or ""
        place = Place(self.source, files[0].number)
        if not source or "\x00" in source:
            problem = "a NUL character" if source else "an empty line"
            return Finding("bad-entry", place, problem, "every line names one audio file" if
                           self.source_type == "speech" else "every line is a sentence",
                           recording=str(index))
        places = {to_lang: Place(files[1].path, files[1].number)}
        if self.transcripts is not None:
            places[from_lang] = Place(files[-1].path, files[-1].number)
        is_text = self.source_type == "text"
        return Row(
            id=str(index), recording=str(index), place=place, source_lang=from_lang,
            audio=None if is_text else self.source.parent / source,
            transcript=source if is_text else said,
            references={to_lang: tuple(text.strip() for text in targets)}, text_places=places)


def _unequal(files: Sequence[Lines], lines: Sequence[str | None]) -> Iterator[Finding]:
    """What the lists that go on have beyond the one that ended first."""
    ended = next(file for file, line in zip(files, lines, strict=True) if line is None)
    for file, line in zip(files, lines, strict=True):
        if line is None:
            continue
        first = file.number
        rest = [line, *file]
        if any(text.strip() for text in rest):
            yield counts(Place(ended.path), first - 1, Place(file.path), first - 1 + len(rest))
        else:
            yield Finding("blank-lines", Place(file.path, first), f"{len(rest)} blank lines at the "
                          "end", "nothing: they belong to no segment", "note")
