"""MuST-C (Di Gangi et al. 2019; Cattoni et al. 2021) as it lies on disk, v1 to v3.

Recordings come in the order of the segment list, ids are ``<talk>-<k>`` (short form, *k* from 1)
or ``<talk>``.  Talks are 16 kHz wav files; a segment is samples ``int(offset * 16000)`` and
``int(duration * 16000)`` of them.  The unit of resampling is the talk in both forms.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from s2st_bench.corpora import Selection
from s2st_bench.corpora.talklists import TalkLists
from s2st_bench.corpus import CorpusCard

CITATION = ("Di Gangi et al., MuST-C: a Multilingual Speech Translation Corpus, NAACL 2019; "
            "Cattoni et al., Computer Speech & Language 66, 2021")


class MustC(TalkLists):
    """``path`` holds the folders ``en-de``, …; ``version`` is only for the card: the files do not
    tell it, the fingerprint of the test set does.
    """

    name = "mustc"
    licence = "CC BY-NC-ND 4.0"
    usual_split = "tst-COMMON"
    rate_hz: ClassVar[int | None] = 16_000

    def __init__(
        self, path: Path, selection: Selection, version: Literal["v1", "v2", "v3"] | None = None,
    ) -> None:
        super().__init__(path, selection)
        self.version = version

    def card(self) -> CorpusCard:
        return CorpusCard(
            name=f"MuST-C {self.version}" if self.version else "MuST-C", licence=self.licence,
            split=self.split, cluster="talk", citation=CITATION, notice=self.notice)
