"""The layout of MuST-C and its kin: pairs of languages, splits, whole talks, a list of segments.

::

    <source>-<target>/data/<split>/wav/<talk>.wav
                                   txt/<split>.yaml  <split>.<source>  <split>.<target>
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from s2st_bench.corpora.finding import Finding
from s2st_bench.corpora.reader import FileCorpus
from s2st_bench.corpora.rows import Row
from s2st_bench.corpora.segmentlist import list_rows
from s2st_bench.corpora.selection import Selection
from s2st_bench.errors import ConfigError, CorpusError

_PAIR: Final = re.compile(r"([a-z]{2,3}(?:-[A-Z]{2})?)-([a-z]{2,3}(?:-[A-Z]{2})?)")


@dataclass(frozen=True, slots=True)
class Pair:
    """The folder of a pair of languages."""

    folder: Path
    source_lang: str
    target_lang: str

    @property
    def name(self) -> str:
        return f"{self.source_lang}-{self.target_lang}"


class TalkLists(FileCorpus):
    """A corpus in that layout; ``path`` holds the folders of pairs, or is one of them."""

    usual_split: ClassVar[str]
    rate_hz: ClassVar[int | None] = None
    """Rate of all audio, where the corpus promises one."""
    suffixes: ClassVar[tuple[str, ...]] = ()
    """Other endings that a file which the list names may have."""

    def __init__(self, path: Path, selection: Selection) -> None:
        super().__init__(selection)
        self.path = path

    def rows(self) -> Iterator[Row | Finding]:
        pair = find_pair(self.path, self.selection, self.name)
        folder = self.split_folder(pair)
        yield from list_rows(
            folder / "txt" / f"{self.split}.yaml", self.texts(pair),
            audio=lambda wav: self._audio(folder / "wav" / wav), selection=self.selection,
            source_lang=pair.source_lang, targets=(pair.target_lang,), rate_hz=self.rate_hz)

    @property
    def split(self) -> str:
        return self.selection.split or self.usual_split

    def split_folder(self, pair: Pair) -> Path:
        """Raises ConfigError where the pair has no such split."""
        folder = pair.folder / "data" / self.split
        if not folder.is_dir():
            there = sorted(p.name for p in (pair.folder / "data").iterdir() if p.is_dir())
            raise ConfigError(f"dataset.split={self.split}: {pair.folder / 'data'} has "
                              f"{', '.join(there) or 'no split'}")
        return folder

    def texts(self, pair: Pair) -> Mapping[str, Path]:
        """Language to the file of its lines."""
        folder = self.split_folder(pair) / "txt"
        return {lang: folder / f"{self.split}.{lang}"
                for lang in (pair.source_lang, pair.target_lang)}

    def _audio(self, path: Path) -> Path:
        for suffix in self.suffixes:
            if not path.exists() and (other := path.with_suffix(suffix)).exists():
                return other
        return path


def find_pair(path: Path, selection: Selection, name: str) -> Pair:
    """The folder of the pair that is asked for, or of the only one there is.

    Raises
    ------
    CorpusError
        ``path`` is not such a corpus.
    ConfigError
        The pair is not there, or several are and none was chosen.
    """
    if (path / "data").is_dir() and (match := _PAIR.fullmatch(path.resolve().name)):
        pairs = [Pair(path, match[1], match[2])]
    else:
        pairs = pairs_in(path)
    if not pairs:
        raise CorpusError(f"dataset.path={path}: no folder such as en-de/data is there; give the "
                          f"folder that holds the language pairs of {name}")
    chosen = selection.pair_of([(p.source_lang, p.target_lang) for p in pairs], path)
    return next(p for p in pairs if (p.source_lang, p.target_lang) == chosen)


def pairs_in(path: Path) -> list[Pair]:
    """The pairs under a folder, by name; none where it cannot be read."""
    try:
        folders = sorted(p for p in path.iterdir() if (p / "data").is_dir())
    except OSError:
        return []
    matches = ((folder, _PAIR.fullmatch(folder.name)) for folder in folders)
    return [Pair(folder, match[1], match[2]) for folder, match in matches if match]
