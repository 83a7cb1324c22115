"""CVSS (Jia et al. 2022): English speech and normalised text for the clips of CoVoST 2.

::

    <path>/<split>.tsv                  clip TAB normalised text, no header
    <path>/<split>/<clip>.wav           24 kHz; <clip> is common_voice_fr_17299399.mp3
    <clips>/<clip>                      Common Voice 4
    <covost>/covost_v2.<source>_en.<split>.tsv      transcripts and speakers (not needed)

Recordings come in the order of CoVoST's list, where it is given, else in that of CVSS; ids are
names of clips without ``.mp3``.  References are lower-cased without punctuation, as the target
speech says them.  The unit of resampling is the speaker, without CoVoST the sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from s2st_bench.corpora import FileCorpus, Finding, Place, Row, Selection
from s2st_bench.corpora.commonvoice import SPLITS, Clip, ClipFolder, clip_id, clips_of
from s2st_bench.corpora.preparation import Step
from s2st_bench.corpora.tables import is_name, numbered_rows
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import ConfigError
from s2st_bench.types import AudioSource

from .places import Folder, covost_list, find_folder
from .preparing import steps

RATE_HZ = 24_000
CITATION = ("Jia, Tadmor Ramanovich, Wang and Zen, CVSS Corpus and Massively Multilingual "
            "Speech-to-Speech Translation, LREC 2022")


class Said(NamedTuple):
    """A row of CVSS."""

    line: int
    name: str
    text: str


class Cvss(FileCorpus):
    """``path`` holds CVSS, ``clips`` Common Voice's clips, ``covost`` the lists of CoVoST 2."""

    name = "cvss"
    licence = "CC BY 4.0 (translations and their speech), CC0 1.0 (Common Voice clips)"
    text_norm = "lower"

    def __init__(
        self, path: Path, clips: Path, selection: Selection, voice: Literal["C", "T"] = "C",
        covost: Path | None = None,
    ) -> None:
        super().__init__(selection)
        if selection.split not in (None, *SPLITS):
            raise ConfigError(f"dataset.split={selection.split}: CVSS has {', '.join(SPLITS)}")
        if selection.target_lang not in (None, "en"):
            raise ConfigError(f"target_lang={selection.target_lang}: CVSS translates into en only")
        if selection.is_long:
            raise ConfigError("dataset.form=long: CVSS has single sentences and no talks; use "
                              "dataset.form=short")
        self.path = path
        self.clips = clips
        self.voice = voice
        self.covost = covost

    def card(self) -> CorpusCard:
        return CorpusCard(
            name=f"CVSS-{self.voice}", licence=self.licence, split=self.split,
            cluster="speaker" if self.covost else "sentence", citation=CITATION,
            notice="; ".join(filter(None, ("reference speech is synthetic", self.notice))))

    def rows(self) -> Iterator[Row | Finding]:
        if self.covost is None:
            for said in self._said():
                yield said if isinstance(said, Finding) else self._row(said, None)
        else:
            yield from self._joined(covost_list(
                self.covost, self.folder.source_lang, self.split))

    def preparation(self) -> Sequence[Step]:
        return steps(self.path, self.voice, self.selection.source_lang, self.split, self.clips)

    @property
    def split(self) -> str:
        return self.selection.split or "test"

    @cached_property
    def folder(self) -> Folder:
        """CVSS of the language that is asked for, or of the only one there is."""
        return find_folder(self.path, self.voice, self.selection.source_lang, self.split)

    # --- rows --------------------------------------------------------------------------------

    def _said(self) -> Iterator[Said | Finding]:
        table = self.folder.path / f"{self.split}.tsv"
        for found in numbered_rows(table, 2):
            if isinstance(found, Finding):
                yield found
                continue
            line, (name, text) = found
            if is_name(name):
                yield Said(line, name, text)
            else:
                yield Finding("bad-path", Place(table, line), f"{name!r} is no name of a clip",
                              "restore the line", recording=f"line-{line}")

    def _joined(self, table: Path) -> Iterator[Row | Finding]:
        """Rows in CoVoST's order: what CVSS says of each clip."""
        texts: dict[str, Said] = {}
        for said in self._said():
            if isinstance(said, Finding):
                yield said
            elif said.name in texts:
                yield self._row(said, None).found(
                    "duplicate-id", f"{said.name!r} is there already", "remove one of the two")
            else:
                texts[said.name] = said
        without = 0
        for clip in clips_of(table):
            if isinstance(clip, Finding):
                yield replace(clip, recording=f"covost-{clip.recording}") if clip.recording \
                    else clip
            elif (found := texts.pop(clip.name, None)) is not None:
                yield self._row(found, clip, table)
            else:
                without += 1
        if without:
            yield Finding("no-target-speech", Place(table), f"{without} clips have no speech in "
                          "CVSS: they are no recordings", "nothing, if CVSS is whole", "note")
        if texts:
            first = next(iter(texts.values()))
            yield Finding(
                "not-in-covost", Place(self.folder.path / f"{self.split}.tsv", first.line),
                f"{len(texts)} clips, {first.name} the first, are not in {table}", "take the "
                "list of the same split and pair, made from Common Voice 4; or leave "
                "dataset.covost out")

    def _row(self, said: Said, clip: Clip | None, table: Path | None = None) -> Row:
        place = Place(self.folder.path / f"{self.split}.tsv", said.line)
        identity = clip_id(said.name)
        source_lang = self.selection.source_lang or self.folder.source_lang
        speech = self.folder.path / self.split / f"{said.name}.wav"
        row = Row(
            id=identity, recording=identity, place=place, source_lang=source_lang,
            audio=self._clips[said.name], references={"en": (said.text,)},
            reference_audio={"en": AudioSource(speech)}, reference_hz=RATE_HZ)
        if clip is None or table is None:
            return row
        return replace(row, transcript=clip.sentence, speaker=clip.speaker, cluster=clip.speaker,
                       text_places={source_lang: Place(table, clip.line)})

    @cached_property
    def _clips(self) -> ClipFolder:
        return ClipFolder(self.clips)
