"""Multilingual TEDx (Salesky et al. 2021) as OpenSLR 100 has it on disk.

MuST-C's layout, ``<source>-<target>/data/{train,valid,test}/{wav,txt,vtt}``, with one difference:
the lists name ``.wav`` files, and the files are ``.flac``.  Ids, order, slices and the unit of
resampling are as for MuST-C.
"""

from __future__ import annotations

from typing import ClassVar

from s2st_bench.corpora import Row
from s2st_bench.corpora.talklists import TalkLists
from s2st_bench.corpus import CorpusCard


class MultilingualTedx(TalkLists):
    """``path`` holds the folders ``es-en``, …."""

    name = "mtedx"
    licence = "CC BY-NC-ND 4.0"
    usual_split = "test"
    suffixes: ClassVar[tuple[str, ...]] = (".flac",)

    def fairseq_key(self, row: Row) -> float:
        # its script for mTEDx, unlike that for MuST-C, reads offsets as numbers
        return row.offset_s

    def card(self) -> CorpusCard:
        return CorpusCard(
            name="mTEDx", licence=self.licence, split=self.split, cluster="talk",
            citation="Salesky et al., The Multilingual TEDx Corpus for Speech Recognition and "
            "Translation, Interspeech 2021", notice=self.notice)
