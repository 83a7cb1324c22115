"""Common Voice clips, and the tables of CoVoST 2 over them: what corpora made from it share.

A clip is known by the name of its mp3, ``common_voice_fr_17299399.mp3``, which is its key in
Common Voice, CoVoST and CVSS alike.  Clips are mono mp3; 48 kHz is usual, and not promised.  How
many samples an mp3 decodes to differs between decoders (libsndfile, ffmpeg, sox and torchaudio
treat the encoder's delay differently), so times of one decoder do not hold for another.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from sys import intern
from typing import Final, NamedTuple

from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.corpora.tables import is_name, named_rows

SPLITS: Final = ("train", "dev", "test")
_SPLIT_FILE: Final = re.compile(r"covost_v2\.([^._]+)_([^._]+)(?:\.(train|dev|test))?\.tsv")
_CONVERTED: Final = (".mp3.wav", ".wav", ".flac", ".opus")


class Clip(NamedTuple):
    """A row of ``covost_v2.<source>_<target>.<split>.tsv``."""

    line: int
    name: str
    sentence: str
    translation: str
    speaker: str
    """``client_id``."""

    @property
    def id(self) -> str:
        return clip_id(self.name)


class CovostTable(NamedTuple):
    """A table of CoVoST 2 and its languages; ``split`` is empty for that of all translations."""

    path: Path
    source_lang: str
    target_lang: str
    split: str


def clip_id(name: str) -> str:
    """``common_voice_fr_17299399`` of the name of a clip."""
    return name.removesuffix(".mp3")


def clips_of(table: Path) -> Iterator[Clip | Finding]:
    """The rows of a split, read as its makers do: no quotes, a backslash escapes.

    Raises
    ------
    DamagedCorpus
        The file is missing, not UTF-8, or lacks a column.
    """
    for found in named_rows(table, ("path", "sentence", "translation", "client_id"), escaped=True):
        if isinstance(found, Finding):
            yield found
            continue
        line, (name, sentence, translation, speaker) = found
        if is_name(name):
            yield Clip(line, name, sentence, translation, intern(speaker))
        else:
            yield Finding("bad-path", Place(table, line), f"{name!r} is no name of a clip",
                          "restore the line", recording=f"line-{line}")


class ClipFolder:
    """Common Voice's ``clips``, as distributed or converted beside or instead of the mp3."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = os.path.join(folder, "")

    def __getitem__(self, name: str) -> Path:
        """The file of a clip: as distributed, else converted (``<clip>.mp3.wav``, ``.wav``,
        ``.flac``, ``.opus``); the mp3 where there is none.
        """
        stem = clip_id(name)
        if not os.path.exists(f"{self._prefix}{stem}.mp3"):
            for ending in _CONVERTED:
                if os.path.exists(f"{self._prefix}{stem}{ending}"):
                    return self.folder / (stem + ending)
        return self.folder / f"{stem}.mp3"


def covost_tables(folder: Path) -> list[CovostTable]:
    """Tables of CoVoST 2 in a folder and in those right below it, by name; none where it cannot
    be read.
    """
    found = []
    for path in sorted([*folder.glob("covost_v2.*.tsv"), *folder.glob("*/covost_v2.*.tsv")]):
        if match := _SPLIT_FILE.fullmatch(path.name):
            found.append(CovostTable(path, match[1], match[2], match[3] or ""))
    return found


def same_language(asked: str | None, code: str) -> bool:
    """Whether a corpus' code is what was asked for: ``zh`` for ``zh-CN``, and the other way."""
    if asked is None:
        return True
    one, other = (lang.lower().replace("_", "-") for lang in (asked, code))
    return one == other or (("-" in one) != ("-" in other)
                            and one.partition("-")[0] == other.partition("-")[0])
