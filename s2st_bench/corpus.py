"""What a corpus is: recordings in the corpus' own order, and a card that travels with them."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from s2st_bench.types import AudioSource, Recording, Samples


@dataclass(frozen=True, slots=True)
class CorpusCard:
    """What must stand beside every number made from the corpus."""

    name: str
    licence: str
    split: str = ""
    synthetic: bool = False
    """True stamps "synthetic demo, not a benchmark" on everything made from it."""
    cluster: Literal["talk", "speaker", "sentence", "recording"] = "recording"
    """The unit of resampling, for short and long form alike."""
    citation: str = ""
    notice: str = ""


class Corpus(ABC):
    """Recordings with references.

    A subclass takes its options as annotated keyword arguments, and may take ``source_lang``
    and ``target_lang`` (the run's languages, none when not given).
    """

    @abstractmethod
    def card(self) -> CorpusCard:
        """Licence, split, unit of resampling."""

    @abstractmethod
    def recordings(self) -> Iterator[Recording]:
        """The recordings in the corpus' own order; decodes no audio.

        Raises
        ------
        CorpusError
            Naming the file and line that is damaged, and what to do.
        """


@dataclass(frozen=True, slots=True)
class Spoken:
    """A training example: one sentence, spoken; ``texts`` by language, the spoken one too."""

    samples: Samples
    sample_rate_hz: int
    lang: str
    texts: Mapping[str, str]
    voice: str = ""


class TrainingCorpus(Corpus):
    """A corpus that also has material to train on, none of it among its recordings.

    Its constructor works without arguments: training takes all of the corpus' languages.
    """

    @property
    @abstractmethod
    def spoken_langs(self) -> tuple[str, ...]:
        """Languages there is training speech in."""

    @abstractmethod
    def training_speech(self, lang: str, seed: int) -> Iterator[Spoken]:
        """Speech in ``lang``; the same for a seed.  May end, and need not."""

    @abstractmethod
    def training_text(self, seed: int) -> Iterator[Mapping[str, str]]:
        """Sentences, each in all of the corpus' languages; the same for a seed."""

    @abstractmethod
    def development(self) -> Iterator[Recording]:
        """Recordings to watch a training by: of all languages, and none of a test."""


def fingerprint(recordings: Iterable[Recording]) -> str:
    """Name the exact test set: 16 hex digits over texts, segment times and audio slices.

    Paths count by file name only, so that two copies of one corpus agree.
    """
    digest = hashlib.sha256()
    for recording in recordings:
        source = recording.source
        where: object
        if isinstance(source, AudioSource):
            where = [source.path.name, source.offset_s, source.duration_s]
        else:
            where = list(source.tokens)
        row = [
            recording.id,
            where,
            recording.sample_rate_hz,
            recording.source_lang,
            [
                [s.id, s.start_s, s.end_s, s.transcript, {k: list(v) for k, v in
                                                          sorted(s.references.items())}]
                for s in recording.segments
            ],
        ]
        digest.update(json.dumps(row, ensure_ascii=False, sort_keys=True).encode())
    return digest.hexdigest()[:16]
