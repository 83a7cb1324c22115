"""RealSI (Cheng et al. 2024) as its repository has it.

::

    data/<pair>/<vid>.json       en2zh, zh2en; the texts and times of a clip, in milliseconds
    data/<pair>/audio/<vid>.wav  written by toolkits/download_audio.py from public videos

A *segment* is complete in meaning, and is what people judge; an *utterance* is a part of it.  Both
can be the reference unit.  Ids are ``<vid>-<k>`` (segments) and ``<vid>-<k>.<j>`` (utterances), *k*
and *j* from 1.  The unit of resampling is the clip.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from s2st_bench.corpora import FileCorpus, Finding, Place, Row, Selection
from s2st_bench.corpora.documents import context_of
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import ConfigError, CorpusError
from s2st_bench.types import Context

from .clip import Clip, Unit, read_clip

PAIRS: Final = {("en", "zh"): "en2zh", ("zh", "en"): "zh2en"}
SUFFIXES: Final = (".wav", ".flac", ".mp3", ".m4a", ".opus")
SLACK_S: Final = 1.0
"""By how much audio may differ from the declared length."""
CITATION: Final = ("Cheng et al., Towards Achieving Human Parity on End-to-end Simultaneous Speech "
                   "Translation via LLM Agent, arXiv:2407.21646, 2024")


class RealSI(FileCorpus):
    """``path`` holds ``data``, or ``en2zh`` and ``zh2en``."""

    name = "realsi"
    licence = "CC BY 4.0 (texts)"

    def __init__(
        self, path: Path, selection: Selection,
        unit: Literal["segment", "utterance"] = "segment", allow_missing: bool = False,
        glossary: bool = False, documents: Path | None = None,
    ) -> None:
        super().__init__(selection)
        self.path = path
        self.unit: Literal["segment", "utterance"] = unit
        self.allow_missing = allow_missing
        self.glossary = glossary
        self.documents = documents

    def card(self) -> CorpusCard:
        names = self.missing() if self.allow_missing else ()
        gone = ""
        if names:
            digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:8]
            gone = f"{len(names)} clips without audio ({digest}): {', '.join(names)}"
        return CorpusCard(
            name="RealSI", licence=self.licence, split=self._folder().name, cluster="talk",
            citation=CITATION, notice="; ".join(filter(None, (gone, self.notice))))

    def missing(self) -> tuple[str, ...]:
        """Clips that have no audio."""
        return tuple(path.stem for path in self._clips() if self._audio(path.stem) is None)

    def rows(self) -> Iterator[Row | Finding]:
        source, target = self._langs()
        for path in self._clips():
            audio = self._audio(path.stem)
            if audio is None and self.allow_missing:
                continue
            clip = read_clip(path)
            if isinstance(clip, Finding):
                # of which segments it had nothing is known
                yield clip
                continue
            context = self._context(clip, target)
            yield from clip.findings
            if audio is not None:
                yield from self._length(clip, audio)
            for unit in clip.units(self.unit):
                yield self._row(clip, unit, audio or self._folder() / "audio" / f"{clip.vid}.wav",
                                source, target, context)

    def _length(self, clip: Clip, audio: Path) -> Iterator[Finding]:
        """Whether the audio is as long as the clip says: public videos are edited and replaced."""
        from s2st_bench.audio import info
        from s2st_bench.errors import AudioError

        try:
            there_s = info(audio).duration_s
        except AudioError:
            return  # told with the first segment
        said_s = clip.length_s
        if said_s is None or there_s is None or abs(said_s - there_s) <= SLACK_S:
            return
        if abs(said_s * 1000 - there_s) <= SLACK_S:
            yield Finding("bad-unit", Place(clip.path, 1), "its times are seconds, and should be "
                          "milliseconds", "copy the file from the repository again",
                          recording=clip.vid)
            return
        yield Finding("audio-length", Place(clip.path, 1), f"{audio} lasts {there_s:.1f} s, the "
                      f"clip {said_s:.1f} s", "cut it as toolkits/download_audio.py does, or see "
                      "whether the video is still the same", recording=clip.vid)

    def _row(
        self, clip: Clip, unit: Unit, audio: Path, source: str, target: str, context: Context,
    ) -> Row:
        return Row(
            id=unit.id, recording=self.selection.recording_of(unit.id, clip.vid),
            place=Place(clip.path, unit.line), source_lang=source, audio=audio,
            offset_s=unit.start_s, duration_s=unit.end_s - unit.start_s,
            transcript=unit.said(source), references={target: (unit.translated(target),)},
            cluster=clip.vid, terms=unit.terms(target), context=context)

    def _context(self, clip: Clip, target: str) -> Context:
        document = context_of(clip.vid, self.documents)
        return Context(document.documents, clip.glossary(target) if self.glossary else ())

    # --- files -------------------------------------------------------------------------------

    def _clips(self) -> list[Path]:
        found = sorted(self._folder().glob("*.json"))
        if not found:
            raise CorpusError(f"{self._folder()}: no <vid>.json is there; copy the repository "
                              "again")
        return found

    def _audio(self, vid: str) -> Path | None:
        folder = self._folder() / "audio"
        return next((path for suffix in SUFFIXES if (path := folder / f"{vid}{suffix}").is_file()),
                    None)

    def _langs(self) -> tuple[str, str]:
        folder = self._folder().name
        return next(pair for pair, name in PAIRS.items() if name == folder)

    def _folder(self) -> Path:
        """The folder of the pair.  Raises ConfigError, CorpusError."""
        root = self.path / "data" if (self.path / "data").is_dir() else self.path
        there = {pair: root / name for pair, name in PAIRS.items() if (root / name).is_dir()}
        if not there:
            raise CorpusError(f"dataset.path={self.path}: neither data/en2zh nor data/zh2en is "
                              "there; give the folder of the repository")
        wanted = self.selection.source_lang, self.selection.target_lang
        fit = [folder for pair, folder in there.items()
               if all(want in (None, lang) for want, lang in zip(wanted, pair, strict=True))]
        if len(fit) != 1:
            listed = ", ".join("-".join(pair) for pair in there)
            raise ConfigError(f"dataset.pair={'-'.join(lang or '…' for lang in wanted)}: {root} "
                              f"has {listed}; choose one")
        return fit[0]
