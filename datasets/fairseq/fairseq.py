"""TSV manifests of fairseq's speech-to-text and speech-to-speech tasks, and of their kin.

The first line names the columns, cells are not quoted.  What is read of them:

==============================  ================================================================
``id``                          else the number of the row, from 0
``audio`` or ``src_audio``      see :mod:`.address`: a file, a slice, a clip in a zip
``n_frames``, ``src_n_frames``  samples (compared with the audio), or feature frames (not)
``tgt_text``                    the reference, or another column by ``reference``
``src_text``                    transcript
``src_lang``, ``tgt_lang``      languages; rows in others than asked for are passed over
``speaker``                     speaker
``tgt_audio``                   reference speech where it is a path; units are not speech
==============================  ================================================================

Seamless' manifests are these with ``audio`` and ``tgt_text``, those of StreamSpeech with
``src_audio``, ``src_text``, ``tgt_text`` and ``tgt_audio``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from s2st_bench.corpora import FileCorpus, Finding, Lines, Place, Row, Selection
from s2st_bench.corpora.rows import seconds_of
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import ConfigError
from s2st_bench.types import AudioSource

from .address import Address, AddressError, is_file_name, parse

_AUDIO: Final = ("audio", "src_audio")
_FRAMES: Final = ("n_frames", "src_n_frames")


class Manifests(FileCorpus):
    """``path`` is a manifest, or a folder with ``<split>.tsv``."""

    name = "fairseq"

    def __init__(
        self, path: Path, selection: Selection, audio_root: Path | None = None,
        reference: str = "tgt_text", n_frames: Literal["samples", "features"] = "samples",
        unescape: bool = False, cluster: Literal["sentence", "speaker"] = "sentence",
        licence: str = "",
    ) -> None:
        super().__init__(selection)
        self.path = path
        self.audio_root = audio_root
        self.reference = reference
        self.n_frames = n_frames
        self.unescape = unescape
        self.cluster: Literal["sentence", "speaker"] = cluster
        self.licence = licence

    def card(self) -> CorpusCard:
        return CorpusCard(
            name=f"fairseq:{self._file().name}", licence=self.licence, notice=self.notice,
            split=self.selection.split or "",
            cluster="talk" if self.selection.is_long else self.cluster)

    def rows(self) -> Iterator[Row | Finding]:
        lines = Lines(self._file())
        header = next(lines, "").split("\t")
        columns = {name.strip(): at for at, name in enumerate(header)}
        self._check_header(columns, len(header), lines.path)
        for index, line in enumerate(lines):
            place = Place(lines.path, lines.number)
            cells = line.split("\t")
            if len(cells) != len(header):
                if not line.strip():
                    yield Finding("blank-lines", place, "a blank line", "nothing: it is no row",
                                  "note")
                    continue
                named = cells[columns["id"]] if "id" in columns and cells[0] else ""
                yield Finding("bad-entry", place, f"{len(cells)} columns instead of {len(header)}",
                              "restore the line: cells hold no tabs, and are not quoted",
                              recording=named or str(index))
                continue
            found = self._row(index, {name: cells[at] for name, at in columns.items()}, place)
            if found is not None:
                yield from found
        yield from lines.notes()

    # --- one row -----------------------------------------------------------------------------

    def _row(
        self, index: int, cells: Mapping[str, str], place: Place
    ) -> Iterator[Row | Finding] | None:
        """The row with what was found about it; none where it is in another language."""
        wanted = self.selection.source_lang, self.selection.target_lang
        langs = [cells.get(key, "") or want or "" for key, want in
                 zip(("src_lang", "tgt_lang"), wanted, strict=True)]
        if any(want not in (None, lang) for want, lang in zip(wanted, langs, strict=True)):
            return None
        return self._in_languages(index, cells, place, langs[0], langs[1])

    def _in_languages(
        self, index: int, cells: Mapping[str, str], place: Place, source: str, target: str,
    ) -> Iterator[Row | Finding]:
        identity = cells.get("id") or str(index)
        if not source or not target:
            yield Finding("bad-entry", place, "the row does not name its languages",
                          "fill src_lang and tgt_lang, or set dataset.pair=en-de",
                          recording=identity)
            return
        try:
            where = parse(next(cells[key] for key in _AUDIO if key in cells), self._root())
            frames = self._frames(cells)
        except AddressError as error:
            yield Finding("bad-entry", place, str(error), "restore the cell", recording=identity)
            return
        if self.selection.is_long and where.frames is None:
            raise ConfigError("dataset.form=long: the rows of this manifest are whole files; only "
                              "slices (PATH:START:FRAMES) of one file make a talk")
        if where.frames is not None and frames not in (None, where.frames):
            yield Finding("audio-length", place, f"n_frames is {frames}, the slice has "
                          f"{where.frames}", "correct one of the two", recording=identity)
        texts = {key: self._text(cells[key]) for key in (self.reference, "src_text")
                 if key in cells}
        if not self.unescape and any('\\"' in text for text in texts.values()):
            yield Finding("escaped", place, 'a text holds \\"', "dataset.unescape=true reads it as "
                          "a plain quotation mark", "note", identity)
        yield self._made(identity, cells, place, source, target, where, frames, texts)

    def _made(
        self, identity: str, cells: Mapping[str, str], place: Place, source: str, target: str,
        where: Address, frames: int | None, texts: Mapping[str, str],
    ) -> Row | Finding:
        talk = where.path.stem
        offset_s, duration_s = 0.0, None
        if where.frames is not None:
            rate = where.rate_hz()
            if isinstance(rate, Finding):
                return Finding(rate.kind, place, rate.problem, rate.remedy, recording=self.selection
                               .recording_of(identity, talk))
            offset_s, duration_s = seconds_of(where.start, rate), seconds_of(where.frames, rate)
        said = cells.get("tgt_audio", "")
        speaker = cells.get("speaker", "")
        return Row(
            id=identity, recording=self.selection.recording_of(identity, talk), place=place,
            source_lang=source, audio=where.path, offset_s=offset_s, duration_s=duration_s,
            transcript=texts.get("src_text", ""),
            references={target: (texts[self.reference],)}, speaker=speaker,
            cluster=talk if self.selection.is_long else speaker if self.cluster == "speaker"
            else "",
            declared_frames=frames if where.frames is None else None,
            reference_audio={target: AudioSource(self._root() / said)} if is_file_name(said)
            else {})

    def _frames(self, cells: Mapping[str, str]) -> int | None:
        text = next((cells[key] for key in _FRAMES if cells.get(key)), "")
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 12:
            raise AddressError(f"n_frames is {text!r}, not a whole number")
        return int(text) if self.n_frames == "samples" else None

    def _text(self, cell: str) -> str:
        if self.unescape:
            cell = cell.replace("\\\\", "\x00").replace('\\"', '"').replace("\x00", "\\")
        return cell.strip()

    # --- the file ----------------------------------------------------------------------------

    def _file(self) -> Path:
        if self.path.is_dir():
            return self.path / f"{self.selection.split or 'test'}.tsv"
        return self.path

    def _root(self) -> Path:
        return self.audio_root or self._file().parent

    def _check_header(self, columns: Mapping[str, int], n: int, file: Path) -> None:
        place = Place(file, 1)
        if len(columns) != n:
            raise Finding("bad-header", place, "a column is there twice", "rename one").damage()
        if not any(key in columns for key in _AUDIO):
            raise Finding("bad-header", place, f"no column audio (or src_audio), only "
                          f"{', '.join(columns)[:200]}", "the first line names the columns; "
                          "fairseq's lists of pretraining are not manifests").damage()
        if self.reference not in columns:
            raise Finding("bad-header", place, f"no column {self.reference}, only "
                          f"{', '.join(columns)[:200]}",
                          "name the column of the references: dataset.reference=…").damage()
        if self.cluster == "speaker" and "speaker" not in columns:
            raise ConfigError(f"dataset.cluster=speaker: {file} has no column speaker")
