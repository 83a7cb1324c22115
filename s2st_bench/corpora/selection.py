"""Options that every reader of a corpus on disk shares.

A reader's constructor takes ``selection: Selection``; users set the fields one by one, as
``dataset.split=dev dataset.limit=10``, and the run's languages arrive here too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from s2st_bench.errors import ConfigError

_NAME: Final = re.compile(r"[\w][\w.+-]*")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which recordings of a corpus, in which form and order."""

    split: str | None = None
    """None: the reader's usual test split."""
    source_lang: str | None = None
    target_lang: str | None = None
    form: Literal["short", "long"] = "short"
    """``short``: a recording is one segment; ``long``: one talk, with all its segments."""
    ids: tuple[str, ...] | None = None
    """These recordings only, in the corpus' order."""
    limit: int | None = None
    """The first so many of what is left."""
    order: Literal["corpus", "fairseq"] = "corpus"
    """``fairseq``: as its preparation scripts leave them, which for MuST-C sort the segments of a
    talk by their offset read as text ("10.5" < "9.1").  Ids stay those of the corpus' order."""
    strip_silence: bool = False
    """Leave out silence before and after the speech of each segment (short form)."""
    skip_damaged: bool = False
    """Leave damaged recordings out, counted on the record, where a run else refuses."""

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"dataset.limit={self.limit} leaves no recording; give at least 1")
        if self.ids is not None and not self.ids:
            raise ConfigError("dataset.ids=[] leaves no recording; name some, or leave it out")
        if self.form == "long" and self.order != "corpus":
            raise ConfigError(f"dataset.order={self.order} sorts short recordings; talks keep the "
                              "order of speech: leave it out, or set dataset.form=short")
        if self.form == "long" and self.strip_silence:
            raise ConfigError("dataset.strip_silence is for short recordings: it would move the "
                              "times of a talk; leave it out, or set dataset.form=short")
        # both become parts of paths
        if self.split is not None and not _NAME.fullmatch(self.split):
            raise ConfigError(f"dataset.split: expected a name such as dev, not {self.split!r}")
        for key in ("source_lang", "target_lang"):
            lang = getattr(self, key)
            if lang is not None and not _LANGUAGE.fullmatch(lang):
                raise ConfigError(f"{key}: expected a language code such as de, not {lang!r}")

    def pair_of(self, pairs: Sequence[tuple[str, str]], where: Path) -> tuple[str, str]:
        """The (source, target) among ``pairs`` that is asked for, or the only one there is.

        Raises
        ------
        ConfigError
            None fits, or several do; names those of ``where``.
        """
        wanted = (self.source_lang, self.target_lang)
        fit = [pair for pair in pairs
               if all(want in (None, lang) for want, lang in zip(wanted, pair, strict=True))]
        if len(fit) == 1:
            return fit[0]
        listed = ", ".join("-".join(pair) for pair in pairs) or "no pair of languages"
        if fit:
            raise ConfigError(f"{where} has {listed}: choose one, dataset.pair={'-'.join(fit[0])}")
        asked = "-".join(lang or "…" for lang in wanted)
        raise ConfigError(f"dataset.pair={asked}: {where} has {listed}")

    @property
    def is_long(self) -> bool:
        return self.form == "long"

    def recording_of(self, segment: str, talk: str) -> str:
        """The id of the recording that a segment belongs to in the chosen form."""
        return talk if self.is_long else segment
