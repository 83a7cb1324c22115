"""What a corpus is: recordings in the corpus' own order, and a card that travels with them."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from s2st_bench.types import AudioSource, Recording


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
