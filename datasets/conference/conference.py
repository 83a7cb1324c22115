"""The embedded corpus: conference announcements in German and English, spoken by espeak-ng.

Short form (splits ``dev`` and ``test``) has one sentence per recording, long form (``talks``)
talks of three to four minutes.  Every sentence has references in the two other languages of
German, English and Spanish, exact word times and word alignments.  Recordings come in the order
of the data files; the unit of resampling is the recording (a sentence, or a talk).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final, Literal

from s2st_bench.corpus import CorpusCard, Spoken, TrainingCorpus
from s2st_bench.errors import ConfigError, CorpusError
from s2st_bench.types import AudioSource, Recording, Segment, Word

FOLDER: Final = Path(__file__).parent
SOURCES: Final = ("de", "en")
LANGUAGES: Final = ("de", "en", "es")
NOTICE: Final = "synthetic demo, not a benchmark"


class Conference(TrainingCorpus):
    """``source_lang`` is de or en; ``target_lang`` none offers both other languages.

    ``origin`` picks sentences written by hand or made by the training grammar (short form only);
    ``ids`` picks recordings by id, ``every`` each n-th, ``limit`` the first so many of what is
    left.
    """

    def __init__(
        self,
        split: Literal["dev", "test", "talks"] = "test",
        origin: Literal["all", "hand", "grammar"] = "all",
        ids: Sequence[str] | None = None,
        every: int = 1,
        limit: int | None = None,
        source_lang: str = "de",
        target_lang: str | None = None,
    ) -> None:
        if source_lang not in SOURCES:
            raise ConfigError(f"dataset conference speaks de and en, not {source_lang!r}; "
                              "set source_lang=de or source_lang=en")
        targets = tuple(lang for lang in LANGUAGES if lang != source_lang)
        if target_lang is not None and target_lang not in targets:
            raise ConfigError(f"dataset conference has no {source_lang}-{target_lang} references; "
                              f"set target_lang={targets[0]} or target_lang={targets[1]}")
        if origin != "all" and split == "talks":
            raise ConfigError("dataset.origin picks short recordings; talks mix both origins, "
                              "which their segments name: leave it out or set dataset.split=test")
        if every < 1:
            raise ConfigError(f"dataset.every={every}: each n-th recording wants n of at least 1")
        if limit is not None and limit < 1:
            raise ConfigError(f"dataset.limit={limit} leaves no recording; give at least 1")
        self.split = split
        self.origin = origin
        self.ids = None if ids is None else tuple(ids)
        self.every = every
        self.limit = limit
        self.source_lang = source_lang
        self.targets = targets if target_lang is None else (target_lang,)

    def card(self) -> CorpusCard:
        return CorpusCard(
            name="conference", licence="Apache-2.0", split=self.split, synthetic=True,
            cluster="talk" if self.split == "talks" else "sentence", notice=NOTICE)

    def recordings(self) -> Iterator[Recording]:
        path = FOLDER / "data" / f"{self.source_lang}.{self.split}.jsonl"
        rows = _rows(path)
        if self.origin != "all":
            rows = [row for row in rows if row["origin"] == self.origin]
        if self.ids is not None:
            known = {row["recording"] for row in rows}
            missing = [i for i in self.ids if i not in known]
            if missing:
                raise ConfigError(f"dataset.ids: {path.name} has no {', '.join(missing)} "
                                  f"(origin {self.origin}); its ids look like {min(known)}")
            rows = [row for row in rows if row["recording"] in self.ids]
        grouped = groupby(rows, key=lambda row: str(row["recording"]))
        every_nth = ((i, list(lines)) for n, (i, lines) in enumerate(grouped) if not n % self.every)
        for identity, lines in islice(every_nth, self.limit):
            yield self._recording(identity, lines)

    @property
    def spoken_langs(self) -> tuple[str, ...]:
        return SOURCES

    def training_speech(self, lang: str, seed: int) -> Iterator[Spoken]:
        from .generator import speech, training

        for item in training.speech(lang, seed=seed):
            texts = {k: item.triple.text(k) for k in LANGUAGES}
            yield Spoken(item.spoken.samples, speech.RATE_HZ, lang, texts, item.voice.id)

    def training_text(self, seed: int) -> Iterator[Mapping[str, str]]:
        from .generator import training

        for triple in training.mixed(seed):
            yield {k: triple.text(k) for k in LANGUAGES}

    def development(self) -> Iterator[Recording]:
        for lang in SOURCES:
            yield from Conference("dev", source_lang=lang).recordings()

    def _recording(self, identity: str, rows: Sequence[dict[str, Any]]) -> Recording:
        audio = FOLDER / "audio" / self.source_lang / f"{identity}.opus"
        if not audio.is_file():
            raise CorpusError(f"{audio} is missing; regenerate it with "
                              "python -m s2st_bench.datasets.conference.generator build")
        return Recording(
            id=identity, source=AudioSource(audio, 0.0, rows[0]["duration"]),
            source_lang=self.source_lang, target_langs=self.targets,
            segments=tuple(self._segment(row) for row in rows), cluster=identity,
            licence="Apache-2.0")

    def _segment(self, row: dict[str, Any]) -> Segment:
        return Segment(
            id=row["id"], start_s=row["start"], end_s=row["end"], transcript=row["transcript"],
            references={k: (row["references"][k],) for k in self.targets}, speaker=row["speaker"],
            words=tuple(Word(text, start, end) for text, start, end in row["words"]),
            alignment={k: tuple((i, j) for i, j in row["alignment"][k]) for k in self.targets},
            origin=row["origin"])


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CorpusError(f"{path} cannot be read ({error.strerror}); reinstall the package, or "
                          "regenerate it with python -m s2st_bench.datasets.conference.generator "
                          "build") from error
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line:
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise CorpusError(f"{path}, line {number}: not JSON ({error}); "
                                  "restore the file from the repository") from error
    return rows
