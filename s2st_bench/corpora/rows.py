"""A segment as the corpus' files give it, and where they do: what readers make and checks take.

Times are seconds from the start of the audio *file*, in short form and long form alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from s2st_bench.corpora.finding import Finding, Place, Severity
from s2st_bench.types import AudioSource, Context, Recording, Segment, Term, TextSource, Word

_NOTHING: Final[Mapping[str, Any]] = {}
"""One for all rows: a corpus may have hundreds of thousands.  (A read-only view has no pickle.)"""

_NO_CONTEXT: Final = Context()


@dataclass(frozen=True, slots=True)
class Row:
    """One segment."""

    id: str
    recording: str
    """The recording it belongs to: itself in short form, its talk in long form."""
    place: Place
    """Where its times (or its audio) are named."""
    source_lang: str
    audio: Path | None
    """None for text input: the transcript is the source."""
    offset_s: float = 0.0
    duration_s: float | None = None
    """None: to the end of the file."""
    transcript: str = ""
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    text_places: Mapping[str, Place] = field(default_factory=lambda: _NOTHING)
    """Language to the line of its text, where that is another than ``place``."""
    speaker: str = ""
    cluster: str = ""
    """The unit of resampling; empty: the recording."""
    written_offset: str = ""
    """The offset as it is written: what fairseq sorts by."""
    declared_hz: int | None = None
    """Rate of the audio as the corpus says."""
    declared_frames: int | None = None
    """Length of the audio as the corpus says."""
    words: tuple[Word, ...] = ()
    terms: tuple[Term, ...] = ()
    origin: str = ""
    reference_audio: Mapping[str, AudioSource] = field(default_factory=lambda: _NOTHING)
    """Target language to its speech."""
    reference_hz: int | None = None
    """Rate of that speech as the corpus says."""
    context: Context = _NO_CONTEXT
    """Of the recording: what stands in its first row counts."""

    @property
    def end_s(self) -> float | None:
        return None if self.duration_s is None else self.offset_s + self.duration_s

    def text_place(self, lang: str) -> Place:
        return self.text_places.get(lang, self.place)

    def found(
        self, kind: str, problem: str, remedy: str, severity: Severity = "error", *,
        place: Place | None = None,
    ) -> Finding:
        """A finding about this segment."""
        return Finding(kind, place or self.place, problem, remedy, severity, self.recording)


def rows_of(recording: Recording, place: Place | None = None) -> Iterator[Row]:
    """The segments of a recording as rows, for checks of corpora that keep no files of their own.

    ``place`` is where the corpus names the recording; else its audio file stands for it.
    """
    source = recording.source
    audio = source.path if isinstance(source, AudioSource) else None
    start_s = source.offset_s if isinstance(source, AudioSource) else 0.0
    for segment in recording.segments:
        yield Row(
            id=segment.id, recording=recording.id,
            place=place or Place(audio or Path(recording.id)), source_lang=recording.source_lang,
            audio=audio, offset_s=start_s + segment.start_s,
            duration_s=segment.end_s - segment.start_s if audio else None,
            transcript=segment.transcript,
            references={k: v for k, v in segment.references.items()
                        if k in recording.target_langs},
            speaker=segment.speaker, declared_hz=recording.sample_rate_hz if audio else None,
            reference_audio=recording.reference_audio,
        )


def short_form(row: Row, rate_hz: int, length_s: float, **common: Any) -> Recording:
    """The recording of one sentence: a slice of the file, times from its start."""
    audio = AudioSource(row.audio or Path(), row.offset_s, row.duration_s)
    segment = Segment(
        row.id, 0.0, length_s, row.transcript, row.references, row.speaker,
        words=_moved(row.words, -row.offset_s) if row.words else (), alignment=_NOTHING,
        terms=row.terms, origin=row.origin)
    return Recording(
        row.recording, audio, row.source_lang, _languages(*row.references), (segment,),
        sample_rate_hz=rate_hz, cluster=row.cluster or row.recording,
        reference_audio=row.reference_audio, context=row.context, **common)


def text_form(row: Row, **common: Any) -> Recording:
    """The recording of one written sentence: its tokens, cut at spaces, without times."""
    segment = Segment(row.id, 0.0, 0.0, row.transcript, row.references, row.speaker,
                      terms=row.terms, origin=row.origin)
    tokens = tuple(token for token in row.transcript.split(" ") if token)
    return Recording(
        row.recording, TextSource(tokens), row.source_lang, _languages(*row.references),
        (segment,), cluster=row.cluster or row.recording, context=row.context, **common)


def long_form(rows: list[Row], rate_hz: int, **common: Any) -> Recording:
    """The recording of a whole file with all its segments, in the corpus' order."""
    first = rows[0]
    segments = tuple(
        Segment(row.id, row.offset_s, row.end_s or row.offset_s, row.transcript, row.references,
                row.speaker, words=row.words, terms=row.terms, origin=row.origin)
        for row in rows)
    return Recording(
        first.recording, AudioSource(first.audio or Path()), first.source_lang,
        tuple(first.references), segments, sample_rate_hz=rate_hz,
        cluster=first.cluster or first.recording,
        reference_audio=first.reference_audio, context=first.context, **common)


def seconds_of(frames: int, rate_hz: int) -> float:
    """The seconds that a slice of ``frames`` is given by: reading truncates seconds times rate."""
    seconds = frames / rate_hz
    return seconds if int(seconds * rate_hz) == frames else math.nextafter(seconds, math.inf)


@cache
def _languages(*langs: str) -> tuple[str, ...]:
    """One tuple for all recordings of the same languages."""
    return langs


def _moved(words: tuple[Word, ...], by_s: float) -> tuple[Word, ...]:
    return tuple(Word(w.text, w.start_s + by_s, w.end_s + by_s) for w in words)
