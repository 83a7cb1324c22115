"""Europarl-ST (Iranzo-Sánchez et al. 2020), version 1.1, as it lies on disk.

::

    <source>/audios/<speech>.m4a
    <source>/<target>/<split>/segments.lst            SPEECH START END, seconds from its start
                              segments.<language>     line k belongs to line k of segments.lst
                              speeches.lst speakers.lst   line k is of the speech in line k

Recordings come in the order of ``segments.lst``; ids are ``<speech>-<k>`` (*k* from 1) or
``<speech>``.  A segment is samples ``int(start * rate)`` and ``int((end - start) * rate)`` of them.
The unit of resampling is the speech in both forms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from s2st_bench.corpora import FileCorpus, Finding, Lines, Place, Row, Selection
from s2st_bench.corpora.checks import counts
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import ConfigError, CorpusError

ENDINGS: Final = (".flac", ".wav", ".m4a")
"""The corpus has m4a; a copy converted once is decoded faster, and to the sample."""


class EuroparlST(FileCorpus):
    """``path`` holds the folders ``en``, ``de``, …."""

    name = "europarl_st"
    licence = "CC BY-NC 4.0"

    def __init__(self, path: Path, selection: Selection) -> None:
        super().__init__(selection)
        self.path = path

    def card(self) -> CorpusCard:
        return CorpusCard(
            name="Europarl-ST 1.1", licence=self.licence, split=self.split, cluster="talk",
            citation="Iranzo-Sánchez et al., Europarl-ST: A Multilingual Corpus for Speech "
            "Translation of Parliamentary Debates, ICASSP 2020", notice=self.notice)

    def fairseq_key(self, row: Row) -> float:
        return row.offset_s

    @property
    def split(self) -> str:
        return self.selection.split or "test"

    def rows(self) -> Iterator[Row | Finding]:
        source, target = self._pair()
        folder = self.path / source / target / self.split
        if not folder.is_dir():
            there = sorted(p.name for p in folder.parent.iterdir() if p.is_dir())
            raise ConfigError(f"dataset.split={self.split}: {folder.parent} has "
                              f"{', '.join(there) or 'no split'}")
        speakers, odd = _speakers(folder)
        yield from odd
        yield from self._segments(folder, source, target, speakers)

    def _segments(
        self, folder: Path, source: str, target: str, speakers: dict[str, str]
    ) -> Iterator[Row | Finding]:
        spans = Lines(folder / "segments.lst")
        said, translated = (Lines(folder / f"segments.{lang}") for lang in (source, target))
        now, audio, number, total = "", Path(), 0, 0
        for line in spans:
            total += 1
            texts = next(said, None), next(translated, None)
            place = Place(spans.path, spans.number)
            speech, found = _span(line)
            if isinstance(found, str):
                unknown = "" if self.selection.is_long else f"line-{total}"
                yield Finding("bad-entry", place, found, "a line is SPEECH START END",
                              recording=speech if self.selection.is_long else unknown)
                continue
            if None in texts:
                continue  # counted below
            if speech != now:
                now, number, audio = speech, 0, self._audio(source, speech)
            number += 1
            segment = f"{speech}-{number}"
            yield Row(
                id=segment, recording=self.selection.recording_of(segment, speech), place=place,
                source_lang=source, audio=audio, offset_s=found[0],
                duration_s=found[1] - found[0], transcript=(texts[0] or "").strip(),
                references={target: ((texts[1] or "").strip(),)},
                text_places={source: Place(said.path, said.number),
                             target: Place(translated.path, translated.number)},
                speaker=speakers.get(speech, ""), cluster=speech, written_offset=str(found[0]))
        if not total:
            yield Finding("no-segments", Place(spans.path), "no segment", "copy the file again")
        for text in (said, translated):
            extra = [line for line in text if line.strip()]
            if text.number < total or extra:
                yield counts(Place(spans.path), total, Place(text.path), text.number)
            yield from text.notes()
        yield from spans.notes()

    def _audio(self, source: str, speech: str) -> Path:
        folder = self.path / source / "audios"
        for ending in ENDINGS:
            if (found := folder / f"{speech}{ending}").exists():
                return found
        return folder / f"{speech}.m4a"

    def _pair(self) -> tuple[str, str]:
        """The pair that is asked for, or the only one there is."""
        try:
            sources = sorted(p for p in self.path.iterdir() if (p / "audios").is_dir())
        except OSError:
            sources = []
        if not sources:
            raise CorpusError(f"dataset.path={self.path}: no folder such as en/audios is there; "
                              "give the folder that holds the source languages")
        pairs = [(source.name, target.name) for source in sources
                 for target in sorted(source.iterdir())
                 if target.is_dir() and target.name != "audios"]
        return self.selection.pair_of(pairs, self.path)


def _span(line: str) -> tuple[str, tuple[float, float] | str]:
    """Speech and (start, end) in seconds, or what is wrong with the line."""
    cells = line.split()
    if len(cells) != 3:
        return "", f"{len(cells)} columns instead of 3"
    speech = cells[0]
    if "/" in speech or speech in (".", "..") or "\x00" in speech:
        return "", f"{speech!r} is not the name of a speech"
    try:
        start, end = float(cells[1]), float(cells[2])
    except ValueError:
        return speech, f"{cells[1]!r} to {cells[2]!r}: not seconds"
    if not (math.isfinite(start) and math.isfinite(end)):
        return speech, f"{cells[1]} to {cells[2]}: not finite"
    return speech, (start, end)


def _speakers(folder: Path) -> tuple[dict[str, str], list[Finding]]:
    """Speech to speaker; without them where the lists are missing or cannot be paired."""
    paths = [folder / "speeches.lst", folder / "speakers.lst"]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        return {}, [Finding("missing-file", Place(path), "no such file",
                            "nothing: speakers are not known", "note") for path in missing]
    speeches, speakers = (list(Lines(path)) for path in paths)
    if len(speeches) != len(speakers):
        return {}, [Finding("counts-differ", Place(paths[1]), f"{len(speakers)} lines, but "
                            f"{len(speeches)} speeches in {paths[0]}",
                            "nothing: speakers are not known", "note")]
    return {a.strip(): b.strip() for a, b in zip(speeches, speakers, strict=True)}, []
