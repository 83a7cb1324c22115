"""MCIF (Papi et al. 2025), its long track, as it is distributed.

::

    MCIF….long.<lang>.ref.xml[.gz]       references, a line for each sentence of a talk
    [MCIF_DATA/]LONG_AUDIOS/<talk>.wav

The corpus has no times.  A list of the user's (``dataset.segments``, in MuST-C's form) gives them:
the *k*-th entry of a talk is its *k*-th sentence.  Without one, a talk is a single segment from
beginning to end, and only metrics of whole talks mean something.  The short track has pieces by
SHAS, which have no references of their own, and is not read.  Ids are ``<talk>`` and
``<talk>-<k>``; the unit of resampling is the talk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from s2st_bench.corpora import Entry, FileCorpus, Finding, Place, Row, Selection, entries
from s2st_bench.corpora.checks import counts
from s2st_bench.corpora.documents import context_of
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import ConfigError, CorpusError
from s2st_bench.types import Context

from .markup import Talk, talks

SOURCE: Final = "en"
UNSPACED: Final = frozenset({"zh"})
CITATION: Final = ("Papi et al., MCIF: Multimodal Crosslingual Instruction-Following Benchmark "
                   "from Scientific Talks, ICLR 2026")


class Mcif(FileCorpus):
    """``path`` holds the files of references and the audio."""

    name = "mcif"
    licence = "CC BY 4.0"

    def __init__(
        self, path: Path, selection: Selection, segments: Path | None = None,
        documents: Path | None = None,
    ) -> None:
        super().__init__(selection)
        if selection.source_lang not in (None, SOURCE):
            raise ConfigError(f"source_lang={selection.source_lang}: MCIF is spoken in en")
        if segments is None and not selection.is_long:
            raise ConfigError("dataset.form=short: MCIF has no times; give a list of them, "
                              "dataset.segments=FILE.yaml, or leave dataset.form=long")
        self.path = path
        self.segments = segments
        self.documents = documents

    def card(self) -> CorpusCard:
        times = ("each talk is one segment: metrics of sentences mean nothing"
                 if self.segments is None else f"times from {self.segments.name}")
        return CorpusCard(
            name="MCIF", licence=self.licence, split="test", cluster="talk", citation=CITATION,
            notice="; ".join(filter(None, (times, self.notice))))

    def rows(self) -> Iterator[Row | Finding]:
        path, target = self._references()
        found = talks(path)
        listed = None if self.segments is None else _by_talk(self.segments)
        for talk in found:
            place = Place(path, talk.line)
            name = PurePosixPath(talk.audio).stem
            if not name or "/" in talk.audio or "\x00" in talk.audio or talk.audio in (".", ".."):
                yield Finding("bad-path", place, f"audio_path {talk.audio!r} is no name of a file",
                              "restore the file")
                continue
            if len(talk.references) != len(talk.transcripts):
                yield Finding("counts-differ", place, f"{len(talk.references)} sentences and "
                              f"{len(talk.transcripts)} transcripts of {name}", "copy the file "
                              "again: line k of one belongs to line k of the other",
                              recording=name)
                continue
            audio = self._audio(talk.audio)
            context = context_of(name, self.documents)
            if listed is None:
                yield from self._whole(talk, name, audio, target, path, context)
            else:
                yield from self._sentences(talk, name, audio, target, path, context,
                                           listed.get(name, []))

    def _whole(
        self, talk: Talk, name: str, audio: Path, target: str, path: Path, context: Context
    ) -> Iterator[Row | Finding]:
        from s2st_bench.audio import info
        from s2st_bench.errors import AudioError

        try:
            length_s = info(audio).duration_s
        except AudioError:
            length_s = None  # told with the row
        yield Row(
            id=name, recording=name, place=Place(path, talk.line), source_lang=SOURCE, audio=audio,
            duration_s=length_s, transcript=" ".join(text for text, _ in talk.transcripts),
            references={target: (("" if target in UNSPACED else " ").join(
                text for text, _ in talk.references),)}, cluster=name, context=context)

    def _sentences(
        self, talk: Talk, name: str, audio: Path, target: str, path: Path, context: Context,
        listed: list[Entry | Finding],
    ) -> Iterator[Row | Finding]:
        if len(listed) != len(talk.references):
            found = counts(Place(self.segments or path), len(listed), Place(path, talk.line),
                           len(talk.references))
            yield replace(found, place=Place(path, talk.line), recording=name,
                          problem=f"talk {name}: {found.problem}")
            return
        for number, (entry, said, to) in enumerate(
                zip(listed, talk.transcripts, talk.references, strict=True), 1):
            recording = self.selection.recording_of(f"{name}-{number}", name)
            if isinstance(entry, Finding):
                yield replace(entry, recording=recording)
                continue
            yield Row(
                id=f"{name}-{number}", recording=recording,
                place=Place(self.segments or path, entry.line), source_lang=SOURCE, audio=audio,
                offset_s=entry.offset_s, duration_s=entry.duration_s, transcript=said[0],
                references={target: (to[0],)},
                text_places={SOURCE: Place(path, said[1]), target: Place(path, to[1])},
                cluster=name, written_offset=entry.written_offset, context=context)

    # --- files -------------------------------------------------------------------------------

    def _references(self) -> tuple[Path, str]:
        """The file of the target language, and the language.  Raises CorpusError, ConfigError."""
        there: dict[str, Path] = {}
        for path in sorted(self.path.glob("MCIF*.long.*.ref.xml*")):
            lang = path.name.partition(".long.")[2].partition(".")[0]
            if lang != SOURCE:
                there.setdefault(lang, path)
        if not there:
            raise CorpusError(f"dataset.path={self.path}: no MCIF….long.<lang>.ref.xml is there; "
                              "give the folder where it was downloaded")
        wanted = self.selection.target_lang
        if wanted is None and len(there) == 1:
            wanted = next(iter(there))
        if wanted not in there:
            raise ConfigError(f"target_lang={wanted or '…'}: {self.path} has {', '.join(there)}")
        return there[wanted], wanted

    def _audio(self, name: str) -> Path:
        inside = self.path / "MCIF_DATA" / "LONG_AUDIOS"
        return (inside if inside.is_dir() else self.path / "LONG_AUDIOS") / name


def _by_talk(path: Path) -> Mapping[str, list[Entry | Finding]]:
    """The entries of a list by talk.  Raises DamagedCorpus."""
    found: dict[str, list[Entry | Finding]] = {}
    for entry in entries(path):
        wav = entry.wav if isinstance(entry, Entry) else entry.recording
        if not wav and isinstance(entry, Finding):
            raise entry.damage()  # of which talk it is, nothing tells
        found.setdefault(PurePosixPath(wav).stem, []).append(entry)
    return found
