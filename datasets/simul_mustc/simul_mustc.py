"""Simul-MuST-C (Makinae et al. 2024): MuST-C's talks and transcripts, with references rewritten so
that they follow the source chunk by chunk.

The data is not released; who has MuST-C makes it again (:mod:`.builder`).  Its files lie in::

    <rewritten>/<source>-<target>/<split>/output.rewrite    line k is the reference of segment k
                                          sep.<source>      optional: chunks, joined by " / "
                                          sep.<target>

Everything else (talks, times, ids, order, unit of resampling) is MuST-C's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import ClassVar, Final

from s2st_bench.corpora import Finding, Lines, Place, Row, Selection
from s2st_bench.corpora.talklists import Pair, TalkLists, find_pair
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import CorpusError

OUTPUT: Final = "output.rewrite"
FAILED: Final = "Error"
"""What stands where no rewriting could be made."""
JOINT: Final = " / "


class SimulMustC(TalkLists):
    """``path`` is MuST-C, ``rewritten`` the folder of the rewritten texts (none: the same)."""

    name = "simul_mustc"
    licence = "CC BY-NC-ND 4.0 (MuST-C)"
    usual_split = "tst-COMMON"
    rate_hz: ClassVar[int | None] = 16_000

    def __init__(self, path: Path, selection: Selection, rewritten: Path | None = None) -> None:
        super().__init__(path, selection)
        self.rewritten = rewritten or path

    def card(self) -> CorpusCard:
        return CorpusCard(
            name="Simul-MuST-C", licence=self.licence, split=self.split, cluster="talk",
            citation="Makinae et al., Simul-MuST-C: Simultaneous Multilingual Speech Translation "
            "Corpus Using Large Language Model, EMNLP 2024", notice=self.notice)

    def texts(self, pair: Pair) -> Mapping[str, Path]:
        output = self._folder(pair) / OUTPUT
        if not output.is_file():
            raise CorpusError(f"{output}: no such file; make it from MuST-C (README of simul_mustc)"
                              ", or give dataset.rewritten=DIR")
        return {**super().texts(pair), pair.target_lang: output}

    def rows(self) -> Iterator[Row | Finding]:
        pair = find_pair(self.path, self.selection, self.name)
        paths = [self._folder(pair) / f"sep.{lang}" for lang in (pair.source_lang,
                                                                 pair.target_lang)]
        with ExitStack() as stack:
            chunks = [stack.enter_context(closing(Lines(path))) for path in paths
                      if path.is_file()]
            for row in super().rows():
                if isinstance(row, Row):
                    place = row.text_place(pair.target_lang)
                    counts = [_line(lines, place.line).count(JOINT) + 1 for lines in chunks]
                    yield from _oddities(row, row.references[pair.target_lang][0], counts, place)
                yield row

    def _folder(self, pair: Pair) -> Path:
        return self.rewritten / pair.name / self.split


def _oddities(row: Row, text: str, chunks: list[int], place: Place) -> Iterator[Finding]:
    if text == FAILED:
        yield row.found("rewrite-failed", f"segment {row.id} has no rewriting",
                        "rewrite it again, or leave it out", place=place)
    elif len(set(chunks)) > 1:
        yield row.found("chunks-differ", f"segment {row.id} has {chunks[0]} chunks of source and "
                        f"{chunks[1]} of target", "nothing: the reference alone is scored", "note",
                        place=place)


def _line(lines: Lines, number: int | None) -> str:
    """Line ``number`` of a file that is read forward; empty past its end."""
    text = ""
    while number is not None and lines.number < number:
        if (found := next(lines, None)) is None:
            return ""
        text = found
    return text
