"""A user's own recordings: a list of audio (or text), transcripts and references.

Columns: ``audio`` (path relative to the list) or ``text``, ``lang``, ``transcript``, ``speaker``,
one column per target language; optional ``id``, ``offset``, ``duration``, ``cluster``.  A row is
one recording of one sentence.  With ``segments`` a row is a long recording and its sentences come
from there.  Indexing reads headers, never audio.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Literal

from s2st_bench.audio import info
from s2st_bench.corpora import Finding, Place, findings
from s2st_bench.corpus import Corpus, CorpusCard
from s2st_bench.errors import AudioError, ConfigError, CorpusError, DamagedCorpus
from s2st_bench.types import AudioSource, Recording, Segment, TextSource

from . import segments as long_form
from .table import Row, damaged, read

_SLACK_S = 0.05
"""How far past the end a slice may reach: lists round, and mp3 headers estimate."""


class Manifest(Corpus):
    """``path`` is a ``.tsv`` or ``.jsonl``; of several source languages ``source_lang`` picks one.

    Long form: ``segments`` is the YAML of segments, ``references`` maps languages to files of
    lines, ``transcripts`` is the file of the source language; all relative to the list.
    """

    def __init__(
        self,
        path: Path,
        segments: Path | None = None,
        references: Mapping[str, Path] | None = None,
        transcripts: Path | None = None,
        ids: Sequence[str] | None = None,
        limit: int | None = None,
        licence: str = "",
        skip_damaged: bool = False,
        cluster: Literal["recording", "speaker", "talk", "sentence"] = "recording",
        source_lang: str | None = None,
        target_lang: str | None = None,
    ) -> None:
        if segments is None and (references or transcripts):
            raise ConfigError("dataset.references and dataset.transcripts go with "
                              "dataset.segments; short lists hold their texts in columns")
        if limit is not None and limit < 1:
            raise ConfigError(f"dataset.limit={limit} leaves no recording; give at least 1")
        self.path = path
        self.segments = segments
        self.references = dict(references or {})
        self.transcripts = transcripts
        self.ids = None if ids is None else tuple(ids)
        self.limit = limit
        self.licence = licence
        self.skip_damaged = skip_damaged
        self.cluster = cluster
        self.source_lang = source_lang
        self.target_lang = target_lang

    def card(self) -> CorpusCard:
        return CorpusCard(name=f"manifest:{self.path.name}", licence=self.licence,
                          cluster=self.cluster)

    def recordings(self) -> Iterator[Recording]:
        for found, _ in self._found():
            if isinstance(found, Recording):
                yield found
            elif not self.skip_damaged:
                raise DamagedCorpus(found, "dataset.skip_damaged=true leaves it out; "
                                    "`s2st-bench check manifest …` lists all there is")

    def check(self) -> Iterator[Finding]:
        try:
            yield from findings(self._found())
        except DamagedCorpus as error:
            yield error.finding

    def left_out(self) -> Mapping[str, Finding]:
        if not self.skip_damaged:
            return {}
        return {found.recording: found for found, _ in self._found() if isinstance(found, Finding)}

    def _found(self) -> Iterator[tuple[Recording | Finding, Place]]:
        """The recordings, or why one cannot be made, each with its row."""
        rows = self._chosen(read(self.path))
        source = self._source_language(rows)
        rows = [row for row in rows if row.cells.get("lang", source) == source]
        pieces = self._pieces(source) if self.segments else None
        identities = _identities(rows)
        if self.ids is not None:
            missing = [i for i in self.ids if i not in identities]
            if missing:
                raise ConfigError(f"dataset.ids: {self.path} has no {', '.join(missing)}")
        chosen = ((i, row) for i, row in zip(identities, rows, strict=True)
                  if self.ids is None or i in self.ids)
        for identity, row in islice(chosen, self.limit):
            place = Place(row.path, row.line)
            try:
                if pieces is None:
                    yield self._short(identity, row, source), place
                else:
                    yield self._long(identity, row, source, pieces), place
            except DamagedCorpus as error:
                yield replace(error.finding, recording=identity), place

    # --- which rows --------------------------------------------------------------------------

    def _chosen(self, rows: list[Row]) -> list[Row]:
        """Rows that have what is asked for; a list with no such row is refused."""
        if self.source_lang is None:
            return rows
        chosen = [r for r in rows if r.cells.get("lang", self.source_lang) == self.source_lang]
        if not chosen:
            raise CorpusError(f"{self.path} has no row with lang {self.source_lang!r}; it has "
                              f"{', '.join(sorted({r.cells['lang'] for r in rows}))}")
        return chosen

    def _source_language(self, rows: Sequence[Row]) -> str:
        found = sorted({row.cells["lang"] for row in rows if "lang" in row.cells})
        if self.source_lang is not None:
            return self.source_lang
        if len(found) == 1:
            return found[0]
        if not found:
            raise CorpusError(f"{self.path} does not say its language: add a column 'lang', or "
                              "set source_lang=…")
        raise CorpusError(f"{self.path} has several source languages ({', '.join(found)}); "
                          f"choose one: source_lang={found[0]}")

    def _targets(self, row: Row, offered: Sequence[str]) -> tuple[str, ...]:
        if self.target_lang is None:
            return tuple(offered)
        if self.target_lang not in offered:
            listed = ", ".join(offered) or "none"
            raise row.error(f"no reference in {self.target_lang!r} (it has {listed}); add a column "
                            "of that name or set another target_lang")
        return (self.target_lang,)

    # --- recordings --------------------------------------------------------------------------

    def _short(self, identity: str, row: Row, source: str) -> Recording:
        cells = row.cells
        targets = self._targets(row, [k for k in row.languages if k != source])
        references = {k: (cells[k],) for k in targets}
        speaker = cells.get("speaker", "")
        if "text" in cells:
            if "audio" in cells:
                raise row.error("both 'audio' and 'text'; a row has one source")
            tokens = tuple(cells["text"].split(" "))
            segment = Segment(identity, 0.0, 0.0, cells.get("transcript", cells["text"]),
                              references, speaker)
            return Recording(identity, TextSource(tokens), source, targets, (segment,),
                             cluster=self._cluster(row, identity), licence=self.licence)
        audio, rate, length = self._audio(row)
        # A sentence's times run from the start of its recording, which is the slice.
        segment = Segment(identity, 0.0, length, cells.get("transcript", ""), references, speaker)
        return Recording(identity, audio, source, targets, (segment,), sample_rate_hz=rate,
                         cluster=self._cluster(row, identity), licence=self.licence)

    def _long(self, identity: str, row: Row, source: str,
              pieces: Mapping[str, Sequence[long_form.Piece]]) -> Recording:
        audio, rate, length = self._audio(row)
        name = audio.path.name
        mine = pieces.get(row.cells["audio"], pieces.get(name, ()))
        if not mine:
            raise row.error(f"{self.segments} has no segment of {name}")
        targets = self._targets(row, [k for k in self.references if k != source])
        segments = []
        for number, piece in enumerate(mine, 1):
            if piece.end_s > length + _SLACK_S:
                raise damaged(piece.place.file, piece.place.line, f"segment {number} of {name} "
                              f"ends at {piece.end_s:.3f} s, the audio at {length:.3f} s",
                              "segment-past-end")
            segments.append(Segment(
                f"{identity}-{number}", piece.start_s, piece.end_s, piece.texts.get(source, ""),
                {k: (piece.texts[k],) for k in targets},
                piece.speaker or row.cells.get("speaker", "")))
        return Recording(identity, audio, source, targets, tuple(segments), sample_rate_hz=rate,
                         cluster=self._cluster(row, identity), licence=self.licence)

    def _cluster(self, row: Row, identity: str) -> str:
        if "cluster" in row.cells:
            return row.cells["cluster"]
        if self.cluster == "speaker":
            if "speaker" not in row.cells:
                raise row.error("dataset.cluster=speaker, but the row names no speaker")
            return row.cells["speaker"]
        return identity

    def _audio(self, row: Row) -> tuple[AudioSource, int, float]:
        """The slice, its rate and its length in seconds as the header tells them."""
        name = row.cells.get("audio")
        if name is None:
            raise row.error("no audio (and no text)")
        path = self.path.parent / name
        if not path.is_file():
            raise row.error(f"audio {path} is missing", "missing-audio")
        try:
            header = info(path)
        except AudioError as error:
            raise row.error(str(error), "damaged-audio") from error
        offset, duration = row.seconds("offset") or 0.0, row.seconds("duration")
        if duration == 0:
            raise row.error("duration is 0", "zero-duration")
        end = header.duration_s
        if end is not None and offset + (duration or 0.0) > end + _SLACK_S:
            raise row.error(f"the slice ends at {offset + (duration or 0.0):.3f} s, the audio "
                            f"{path} at {end:.3f} s", "segment-past-end")
        if duration is None and end is None:
            raise row.error(f"the header of {path} does not say how long it is; add 'duration'")
        length = duration if duration is not None else (end or 0.0) - offset
        if length <= 0:
            raise row.error(f"nothing is left of {path} after offset {offset} s")
        return AudioSource(path, offset, duration), header.sample_rate_hz, length

    def _pieces(self, source: str) -> dict[str, list[long_form.Piece]]:
        folder = self.path.parent
        texts = {k: folder / file for k, file in self.references.items()}
        if self.transcripts is not None:
            texts[source] = folder / self.transcripts
        grouped: dict[str, list[long_form.Piece]] = {}
        listed = folder / (self.segments or "")
        for piece in long_form.read(listed, texts):
            grouped.setdefault(piece.wav, []).append(piece)
        return grouped


def _identities(rows: Sequence[Row]) -> list[str]:
    """The ids as given, else the audio's stem (and offset), else the line."""
    found: dict[str, Row] = {}
    for row in rows:
        given = row.cells.get("id")
        if given is None:
            given = Path(row.cells["audio"]).stem if "audio" in row.cells else f"line{row.line}"
            if "offset" in row.cells:
                given += f"@{row.cells['offset']}"
        if given in found:
            raise row.error(f"id {given!r} is that of line {found[given].line} too; "
                            "give every row its own 'id'", "duplicate-id")
        found[given] = row
    return list(found)
