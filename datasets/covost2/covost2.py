"""CoVoST 2 (Wang et al. 2020) as its makers' ``get_covost_splits.py`` leaves it.

::

    <path>/covost_v2.<source>_<target>.<split>.tsv     path, sentence, translation, client_id
    <path>/clips/<path of the row>                     Common Voice 4

Recordings come in the order of the list, which is that of Common Voice's ``validated.tsv``; ids are
names of clips without ``.mp3``.  The unit of resampling is the speaker (``client_id``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from s2st_bench.corpora import FileCorpus, Finding, Place, Row, Selection
from s2st_bench.corpora.commonvoice import (
    SPLITS,
    ClipFolder,
    CovostTable,
    clips_of,
    covost_tables,
    same_language,
)
from s2st_bench.corpora.preparation import Step
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import ConfigError, CorpusError

from .preparing import steps

CITATION = ("Wang, Wu, Gu and Pino, CoVoST 2 and Massively Multilingual Speech Translation, "
            "Interspeech 2021; Ardila et al., Common Voice, LREC 2020")


class Covost2(FileCorpus):
    """``path`` holds the lists of CoVoST, ``clips`` is Common Voice's folder of clips."""

    name = "covost2"
    licence = "CC0 1.0"

    def __init__(
        self, path: Path, selection: Selection, clips: Path | None = None,
        validated: Path | None = None,
    ) -> None:
        super().__init__(selection)
        if selection.split not in (None, *SPLITS):
            raise ConfigError(f"dataset.split={selection.split}: CoVoST 2 has {', '.join(SPLITS)}")
        if selection.is_long:
            raise ConfigError("dataset.form=long: CoVoST 2 has single sentences and no talks; use "
                              "dataset.form=short")
        self.path = path
        self.clips = clips
        self.validated = validated

    def card(self) -> CorpusCard:
        return CorpusCard(name="CoVoST 2", licence=self.licence, split=self.split,
                          cluster="speaker", citation=CITATION, notice=self.notice)

    def rows(self) -> Iterator[Row | Finding]:
        table = self.table
        source_lang = self.selection.source_lang or table.source_lang
        target_lang = self.selection.target_lang or table.target_lang
        clips = ClipFolder(self.clips or table.path.parent / "clips")
        for clip in clips_of(table.path):
            if isinstance(clip, Finding):
                yield clip
                continue
            identity = clip.id
            yield Row(
                id=identity, recording=identity, place=Place(table.path, clip.line),
                source_lang=source_lang, audio=clips[clip.name], transcript=clip.sentence,
                references={target_lang: (clip.translation,)}, speaker=clip.speaker,
                cluster=clip.speaker)

    def preparation(self) -> Sequence[Step]:
        source_lang, target_lang = self._pair_to_make()
        return steps(self.path, source_lang, target_lang, self.split, clips=self.clips,
                     validated=self.validated)

    @property
    def split(self) -> str:
        return self.selection.split or "test"

    @cached_property
    def table(self) -> CovostTable:
        """The list of the pair and split that are asked for, or of the only pair there is.

        Raises
        ------
        CorpusError
            ``path`` holds no lists.
        ConfigError
            The pair or the split is not there, or several pairs are and none was chosen.
        """
        tables = covost_tables(self.path)
        splits = [table for table in tables if table.split]
        if not splits:
            raise CorpusError(f"dataset.path={self.path}: no list such as covost_v2.fr_en.test.tsv "
                              "is there; `s2st-bench prepare covost2` with the same options makes "
                              "them")
        pair = self._pair_of(splits)
        fit = [table for table in splits if (table.source_lang, table.target_lang) == pair]
        for table in fit:
            if table.split == self.split:
                return table
        raise ConfigError(f"dataset.split={self.split}: {self.path} has "
                          f"{', '.join(table.split for table in fit)} of {'-'.join(pair)}")

    def _pair_of(self, tables: Sequence[CovostTable]) -> tuple[str, str]:
        """The pair that is asked for, by CoVoST's codes or without their regions."""
        pairs = sorted({(table.source_lang, table.target_lang) for table in tables})
        asked = (self.selection.source_lang, self.selection.target_lang)
        sides = zip(*pairs, strict=True)
        codes = [next((code for code in side if same_language(lang, code)), lang) if lang else None
                 for lang, side in zip(asked, sides, strict=True)]
        named = replace(self.selection, source_lang=codes[0], target_lang=codes[1])
        return named.pair_of(pairs, self.path)

    def _pair_to_make(self) -> tuple[str, str]:
        """The languages to prepare; those of the tables that are there, where none is given."""
        source, target = self.selection.source_lang, self.selection.target_lang
        if source and target:
            return _CODES.get(source, source), _CODES.get(target, target)
        if tables := covost_tables(self.path):
            return self._pair_of(tables)
        raise ConfigError("prepare covost2: which languages? source_lang=fr target_lang=en")


_CODES = {"zh": "zh-CN", "sv": "sv-SE"}
