"""Recordings in a row as one long session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from s2st_bench.errors import ConfigError
from s2st_bench.types import AudioSource, Recording, Segment, Word

from .score import Piece, Score


def sessions(recordings: Iterable[Recording], join_s: float) -> Iterator[list[Recording]]:
    """Recordings in groups: of one where ``join_s`` is 0, else of at least so many seconds (the
    last may be shorter).  A session has one pair of languages.
    """
    batch: list[Recording] = []
    length_s = 0.0
    for recording in recordings:
        alike = batch and (recording.source_lang, recording.target_langs) == (
            batch[0].source_lang, batch[0].target_langs)
        if batch and not alike:
            yield batch
            batch, length_s = [], 0.0
        batch.append(recording)
        length_s += _length_s(recording)
        if length_s >= join_s:
            yield batch
            batch, length_s = [], 0.0
    if batch:
        yield batch


def joined(
    batch: Sequence[Recording], scores: Sequence[Score], gap_s: float
) -> tuple[Recording, Score]:
    """One recording of many: segments ``<recording>/<segment>``, times from the start of the whole.

    Reference speech is left out: it belongs to the parts.
    """
    rate = scores[0].rate_hz
    gap = round(gap_s * rate)
    row: list[Piece | int] = []
    segments: list[Segment] = []
    at = 0
    for recording, score in zip(batch, scores, strict=True):
        if row and gap:
            row.append(gap)
            at += gap
        timed = score.timed(recording)
        segments += [_later(segment, recording.id, at / rate) for segment in timed.segments]
        row += score.row
        at += score.frames
    first = batch[0]
    if len({segment.id for segment in segments}) < len(segments):
        raise ConfigError(f"dataset.join_s: recordings of the session of {first.id} share ids")
    clusters = {recording.cluster for recording in batch}
    identity = first.id if len(batch) == 1 else f"{first.id}+{len(batch) - 1}"
    whole = replace(
        first, id=identity, segments=tuple(segments), reference_audio={},
        cluster=clusters.pop() if len(clusters) == 1 else identity)
    return whole, Score(rate, tuple(row))


def _later(segment: Segment, recording: str, by_s: float) -> Segment:
    return replace(
        segment, id=f"{recording}/{segment.id}", start_s=segment.start_s + by_s,
        end_s=segment.end_s + by_s,
        words=tuple(Word(w.text, w.start_s + by_s, w.end_s + by_s) for w in segment.words))


def _length_s(recording: Recording) -> float:
    source = recording.source
    if isinstance(source, AudioSource) and source.duration_s is not None:
        return source.duration_s
    return max((segment.end_s for segment in recording.segments), default=0.0)
