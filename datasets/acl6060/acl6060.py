"""ACL 60/60 (Salesky et al. 2023) as its archive unpacks.

::

    acl_6060/<split>/FILE_ORDER
                     full_wavs/<talk>.wav
                     segmented_wavs/gold/sent_<N>.wav
                     text/txt/ACL.6060.<split>.en-xx.<lang>.txt
                     text/xml/ACL.6060.<split>.en-xx.<lang>.xml

Line *k* of every text is the *k*-th sentence, ``sent_k``, which is also its id.  The times of gold
sentences are not distributed; they are found again by matching the samples of a sentence in its
talk (:mod:`.matching`), or taken from a segment list of the user's (``acl6060.yaml``).  Which talk
a sentence is of, the XML tells; without it, the match.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from s2st_bench.corpora import FileCorpus, Finding, Lines, Place, Row, Selection, list_rows
from s2st_bench.corpora.checks import counts
from s2st_bench.corpora.documents import context_of
from s2st_bench.corpora.rows import seconds_of
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import ConfigError, CorpusError

from .markup import Seg, segs
from .matching import Match, Talks

SOURCE: Final = "en"
CITATION: Final = ("Salesky et al., Evaluating Multilingual Speech Translation under Realistic "
                   "Conditions with Resegmentation and Terminology, IWSLT 2023")
Text = tuple[str, int]
"""A sentence and its line."""


class Acl6060(FileCorpus):
    """``path`` holds ``acl_6060``, directly or in the archive's folder ``2``."""

    name = "acl6060"
    licence = "CC BY 4.0"

    def __init__(
        self, path: Path, selection: Selection, texts: Literal["txt", "xml"] = "txt",
        segments: Path | None = None, documents: Path | None = None,
    ) -> None:
        super().__init__(selection)
        if selection.source_lang not in (None, SOURCE):
            raise ConfigError(f"source_lang={selection.source_lang}: ACL 60/60 is spoken in en")
        if segments is not None and texts == "xml":
            raise ConfigError("dataset.segments is paired by line: leave out dataset.texts=xml")
        self.path = path
        self.texts = texts
        self.segments = segments
        self.documents = documents

    def card(self) -> CorpusCard:
        times = "" if self.segments is None else f"times from {self.segments.name}"
        return CorpusCard(
            name="ACL 60/60", licence=self.licence, split=self.split, cluster="talk",
            citation=CITATION, notice="; ".join(filter(None, (times, self.notice))))

    @property
    def split(self) -> str:
        return self.selection.split or "eval"

    def rows(self) -> Iterator[Row | Finding]:
        folder = self._folder()
        langs = (SOURCE, self._target(folder))
        rows = self._gold(folder, langs) if self.segments is None else list_rows(
            self.segments, {lang: self._text(folder, lang, "txt") for lang in langs},
            audio=lambda wav: folder / "full_wavs" / wav, selection=self.selection,
            source_lang=SOURCE, targets=langs[1:])
        now, context = "", context_of("", self.documents)
        for row in rows:
            if isinstance(row, Row):
                if row.cluster != now:
                    now, context = row.cluster, context_of(row.cluster, self.documents)
                row = replace(row, context=context)
            yield row

    # --- gold sentences ----------------------------------------------------------------------

    def _gold(self, folder: Path, langs: Sequence[str]) -> Iterator[Row | Finding]:
        talks = Talks(folder)
        docs = self._docs(folder)
        files = {lang: self._text(folder, lang, self.texts) for lang in langs}
        numbers = sentence_numbers(folder / "segmented_wavs" / "gold")
        first = numbers[0] if numbers else 1
        there = frozenset(numbers)
        total = 0
        with ExitStack() as stack:
            read = {lang: stack.enter_context(closing(_sentences(path)))
                    for lang, path in files.items()}
            while True:
                said: dict[str, Text] = {}
                for lang, sentences in read.items():
                    for found in sentences:
                        if isinstance(found, Finding):
                            yield found
                            continue
                        said[lang] = found
                        break
                if len(said) < len(files):
                    break
                doc = docs[total] if total < len(docs) else None
                yield from self._sentence(folder, talks, doc, first + total, said, files, there)
                total += 1
            yield from _unequal(files, read, said, total)
        xml = self._text(folder, SOURCE, "xml")
        if docs and len(docs) != total:
            yield counts(Place(files[SOURCE]), total, Place(xml), len(docs))
        if extra := [number for number in numbers if number >= first + total]:
            yield Finding("counts-differ", Place(files[SOURCE], total + 1),
                          f"{total} sentences, but there is sent_{extra[-1]}.wav",
                          "line k belongs to the k-th wav: take all from the same archive")

    def _sentence(
        self, folder: Path, talks: Talks, doc: Seg | None, number: int,
        said: Mapping[str, Text], files: Mapping[str, Path], there: frozenset[int],
    ) -> Iterator[Row | Finding]:
        identity = f"sent_{number}"
        wav = folder / "segmented_wavs" / "gold" / f"{identity}.wav"
        place = Place(files[SOURCE], said[SOURCE][1])
        row = Row(
            id=identity, recording=identity, place=place, source_lang=SOURCE, audio=wav,
            transcript=said[SOURCE][0],
            references={lang: (text,) for lang, (text, _) in said.items() if lang != SOURCE},
            text_places={lang: Place(files[lang], line) for lang, (_, line) in said.items()},
            cluster="" if doc is None else doc.talk)
        if doc is not None and not self.selection.is_long:
            yield row  # its own file, its talk known: nothing to look for
            return
        unknown = "" if self.selection.is_long else identity
        if number not in there:
            yield Finding("missing-audio", place, f"audio {wav} is missing", "copy it from the "
                          "corpus as it was distributed",
                          recording=doc.talk if doc and self.selection.is_long else unknown)
            return
        match = talks.find(wav, None if doc is None else doc.talk)
        if not isinstance(match, Match):
            yield replace(match, place=place, recording=doc.talk if doc and self.selection.is_long
                          else unknown)
        elif self.selection.is_long:
            yield replace(row, recording=match.talk, cluster=match.talk, audio=match.path,
                          offset_s=seconds_of(match.start, match.rate_hz),
                          duration_s=seconds_of(match.frames, match.rate_hz))
        else:
            yield replace(row, cluster=match.talk)

    def _docs(self, folder: Path) -> list[Seg]:
        """The sentences of the XML in English, where it is there: which talk each is of."""
        path = self._text(folder, SOURCE, "xml")
        return [seg for seg in segs(path) if isinstance(seg, Seg)] if path.is_file() else []

    # --- files -------------------------------------------------------------------------------

    def _folder(self) -> Path:
        """The folder of the split.  Raises CorpusError, ConfigError."""
        roots = [root for part in ("", "acl_6060", "2/acl_6060")
                 if any((root := self.path / part).glob("*/full_wavs"))
                 or any(root.glob("*/segmented_wavs"))]
        if not roots:
            raise CorpusError(f"dataset.path={self.path}: no acl_6060/<split>/full_wavs is there; "
                              "give the folder where the archive was unpacked")
        folder = roots[0] / self.split
        if not folder.is_dir():
            splits = sorted(p.name for p in roots[0].iterdir() if (p / "text").is_dir())
            raise ConfigError(f"dataset.split={self.split}: {roots[0]} has "
                              f"{', '.join(splits) or 'no split'}")
        return folder

    def _text(self, folder: Path, lang: str, form: Literal["txt", "xml"]) -> Path:
        return folder / "text" / form / f"ACL.6060.{self.split}.en-xx.{lang}.{form}"

    def _target(self, folder: Path) -> str:
        if self.selection.target_lang is not None and self._text(
                folder, self.selection.target_lang, self.texts).is_file():
            return self.selection.target_lang
        prefix = f"ACL.6060.{self.split}.en-xx."
        langs = sorted(p.name[len(prefix):].removesuffix(f".{self.texts}")
                       for p in (folder / "text" / self.texts).glob(f"{prefix}*.{self.texts}"))
        offered = [lang for lang in langs if lang != SOURCE]
        if self.selection.target_lang is None and len(offered) == 1:
            return offered[0]
        listed = ", ".join(offered) or "no translation"
        raise ConfigError(f"target_lang={self.selection.target_lang or '…'}: "
                          f"{folder / 'text' / self.texts} has {listed}")


def sentence_numbers(folder: Path) -> list[int]:
    """The numbers of the files ``sent_<N>.wav``, ascending."""
    stems = (path.stem.removeprefix("sent_") for path in folder.glob("sent_*.wav"))
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())


def _sentences(path: Path) -> Generator[Text | Finding]:
    """The sentences of a text file, plain or marked up.  Raises DamagedCorpus."""
    if path.suffix == ".xml":
        for seg in segs(path):
            yield seg if isinstance(seg, Finding) else (seg.text, seg.line)
        return
    lines = Lines(path)
    held = 0  # blank lines belong to a sentence only where a sentence follows
    for line in lines:
        if not line.strip():
            held += 1
            continue
        for number in range(lines.number - held, lines.number):
            yield "", number
        held = 0
        yield line.strip(), lines.number
    if held:
        yield Finding("blank-lines", Place(path, lines.number - held + 1), f"{held} blank lines at "
                      "the end", "nothing: they belong to no segment", "note")
    yield from lines.notes()


def _unequal(
    files: Mapping[str, Path], read: Mapping[str, Iterator[Text | Finding]],
    said: Mapping[str, Text], total: int,
) -> Iterator[Finding]:
    """What the texts that go on have beyond the one that ended first."""
    ended = [lang for lang in files if lang not in said]
    for lang, sentences in read.items():
        rest = [found for found in sentences]
        yield from (found for found in rest if isinstance(found, Finding))
        extra = (lang in said) + sum(not isinstance(found, Finding) for found in rest)
        if extra and ended:
            yield counts(Place(files[ended[0]]), total, Place(files[lang]), total + extra)
