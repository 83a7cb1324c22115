"""What a corpus is: recordings in the corpus' own order, and a card that travels with them."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from s2st_bench.errors import AudioError
from s2st_bench.types import AudioSource, Recording, Samples, TextSource

if TYPE_CHECKING:
    from s2st_bench.corpora.finding import Finding
    from s2st_bench.corpora.preparation import Step


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
    perturbation: str = ""
    """What was done to the recordings of a stress version."""
    clean: str = ""
    """Of a stress version: the fingerprint of the test set it was made from."""


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

    def check(self) -> Iterator[Finding]:
        """Everything that is odd about the corpus on disk, each with its file and line.

        By default what can be seen of the recordings: headers of the audio, times and texts.
        Reading ends at the first damage that :meth:`recordings` refuses; a reader that can go on
        after it gives more.

        Raises
        ------
        ConfigError
            The options ask for what the corpus does not have.
        """
        from s2st_bench.corpora.generic import check_recordings

        return check_recordings(self)

    def preparation(self) -> Sequence[Step]:
        """What must be there before :meth:`recordings` can be read, in order; none by default.

        Nothing is read or written until ``s2st-bench prepare`` makes the steps.

        Raises
        ------
        ConfigError
            The options ask for what the corpus does not have.
        """
        return ()

    def left_out(self) -> Mapping[str, Finding]:
        """Recordings left out because they are damaged, with why; none unless asked for."""
        return MappingProxyType({})


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


def fingerprint(recordings: Iterable[Recording], *, headers: bool = True) -> str:
    """Name the exact test set: 16 hex digits over texts, segment times and audio headers.

    Of each audio file count its name, rate, channels and number of samples (where a header only
    estimates them, as of an mp3, the size of the file); nothing is decoded.  Folders do not count,
    so that two copies of one corpus agree.  ``headers=False`` is for recordings whose audio is not
    at hand, such as those of another tool's log.
    """
    digest = hashlib.sha256()
    read = lru_cache(4096)(_header)

    def audio(source: AudioSource) -> list[object]:
        header = read(source.path) if headers else []
        return [source.path.name, source.offset_s, source.duration_s, *header]

    for recording in recordings:
        source = recording.source
        said = [list(source.tokens)] if isinstance(source, TextSource) else [audio(source)]
        row = [
            recording.id,
            *said,
            *([lang, *audio(speech)] for lang, speech in sorted(recording.reference_audio.items())),
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


def _header(path: Path) -> list[int]:
    """Rate, channels, length; nothing of a file that cannot be read, which its replay reports."""
    from s2st_bench.audio import info
    from s2st_bench.audio.stored import size

    try:
        header = info(path)
    except AudioError:
        return []
    length = header.frames if header.exact and header.frames is not None else size(path)
    return [header.sample_rate_hz, header.channels, length]
