"""FLEURS (Conneau et al. 2022) as Hugging Face's ``google/fleurs`` holds it.

::

    <path>/<lang>/<split>.tsv          id, file, raw text, normalised text, letters, samples, gender
    <path>/<lang>/audio/<split>/<file> 16 kHz

A sentence has one id in all languages and is read by up to three people, in each language by its
own; in some languages it is missing.  **Pairing**: every reading in the source language is a
recording, in the order of its list; the reference is the target language's text of the same id, the
first of its list where they differ; reading *k* (from 0) of a sentence goes with reading
*k* mod *n* of the target's *n* as reference speech.  Sentences without a translation are no
recordings.  Ids are names of files without ``.wav``; the unit of resampling is the sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from s2st_bench.corpora import FileCorpus, Finding, Place, Row, Selection
from s2st_bench.corpora.preparation import Step
from s2st_bench.corpus import CorpusCard
from s2st_bench.errors import ConfigError
from s2st_bench.types import AudioSource

from .places import Language, find_language
from .preparing import steps
from .readings import Reading, readings

RATE_HZ = 16_000
SPLITS = ("train", "dev", "test")
CITATION = ("Conneau et al., FLEURS: Few-shot Learning Evaluation of Universal Representations of "
            "Speech, SLT 2022")


class Fleurs(FileCorpus):
    """``path`` holds the folders of languages; both languages of a pair must be there."""

    name = "fleurs"
    licence = "CC BY 4.0"

    def __init__(
        self, path: Path, selection: Selection, text: Literal["raw", "normalised"] = "raw",
        readings: Literal["all", "first"] = "all",
    ) -> None:
        super().__init__(selection)
        if selection.split not in (None, *SPLITS):
            raise ConfigError(f"dataset.split={selection.split}: FLEURS has {', '.join(SPLITS)}")
        if selection.is_long:
            raise ConfigError("dataset.form=long: FLEURS has single sentences and no talks; use "
                              "dataset.form=short")
        self.path = path
        self.text = text
        self.readings = readings
        self.text_norm = "cased" if text == "raw" else "lower"

    def card(self) -> CorpusCard:
        chosen = "one reading a sentence" if self.readings == "first" else ""
        return CorpusCard(
            name="FLEURS", licence=self.licence, split=self.split, cluster="sentence",
            citation=CITATION, notice="; ".join(filter(None, (chosen, self.notice))))

    def rows(self) -> Iterator[Row | Finding]:
        source, target = self._languages()
        translations: dict[str, list[Reading]] = {}
        for reading in readings(target, self.split):
            if not isinstance(reading, Finding):
                translations.setdefault(reading.sentence, []).append(reading)
            elif reading.recording:
                # what a lost line of the target was a translation of, nobody knows
                yield Finding(reading.kind, reading.place, reading.problem, reading.remedy)
            else:
                yield reading
        said: Counter[str] = Counter()
        without: Counter[str] = Counter()
        for reading in readings(source, self.split):
            if isinstance(reading, Finding):
                yield reading
                continue
            number = said[reading.sentence]
            said[reading.sentence] += 1
            if reading.sentence not in translations:
                without[reading.sentence] += 1
            elif number == 0 or self.readings == "all":
                there = translations[reading.sentence]
                yield self._row(source, reading, target, there[0], there[number % len(there)])
        if without:
            yield Finding(
                "no-translation", Place(target.table(self.split)), f"sentences of "
                f"{source.folder.name} that are not there: {len(without)}; readings of them: "
                f"{without.total()}", "nothing: they are no recordings", "note")

    def preparation(self) -> Sequence[Step]:
        return [step for language in self._languages(absent=True)
                for step in steps(language, self.split)]

    @property
    def split(self) -> str:
        return self.selection.split or "test"

    def _languages(self, *, absent: bool = False) -> tuple[Language, Language]:
        chosen = self.selection
        return (find_language(self.path, chosen.source_lang, "source_lang", absent=absent),
                find_language(self.path, chosen.target_lang, "target_lang", absent=absent))

    def _row(
        self, source: Language, reading: Reading, target: Language, first: Reading, spoken: Reading
    ) -> Row:
        place = Place(source.table(self.split), reading.line)
        identity = reading.file.removesuffix(".wav")
        return Row(
            id=identity, recording=identity, place=place, source_lang=source.code,
            audio=source.audio(self.split) / reading.file, transcript=self._text(reading),
            references={target.code: (self._text(first),)},
            text_places={target.code: Place(target.table(self.split), first.line)},
            cluster=reading.sentence, declared_hz=RATE_HZ, declared_frames=reading.samples,
            reference_audio={target.code: AudioSource(target.audio(self.split) / spoken.file)},
            reference_hz=RATE_HZ)

    def _text(self, reading: Reading) -> str:
        return reading.raw if self.text == "raw" else reading.normalised
