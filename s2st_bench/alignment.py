"""When each reference word could first be known: the end of the source words it is aligned to.

Positions are seconds of audio, or source tokens for text sources.  Reference words are the
whitespace-separated words of a segment's first reference.

A word aligned to several source words is known once all of them were heard; one aligned to none,
with the word before it (at the start of a segment: with its first source word).  No word is known
before the word it follows.  Where a corpus gives no alignment, the diagonal stands in; where it
gives no word times, the words of the transcript share their segment evenly.
"""

from __future__ import annotations

from dataclasses import dataclass

from s2st_bench.errors import CorpusError
from s2st_bench.types import Recording, Segment, TextSource


@dataclass(frozen=True, slots=True)
class Due:
    """A reference word and when it is known."""

    text: str
    due: float
    """Seconds, or source tokens."""
    segment: int
    """Index of its segment in the recording."""


def due_words(recording: Recording, target_lang: str) -> tuple[Due, ...]:
    """The reference words of a whole recording, in order; ``due`` never decreases.

    Raises
    ------
    CorpusError
        A segment has no reference in ``target_lang``, or an alignment points outside its words.
    """
    dues: list[Due] = []
    latest = 0.0
    heard = 0
    for index, segment in enumerate(recording.segments):
        if not segment.references.get(target_lang):
            raise CorpusError(
                f"recording {recording.id!r}, segment {segment.id!r}: no reference in "
                f"{target_lang!r}, which this control needs; other languages: "
                f"{', '.join(sorted(segment.references)) or 'none'}"
            )
        words = segment.references[target_lang][0].split()
        if isinstance(recording.source, TextSource):
            count = len(_source_words(segment))
            ends = [float(heard + i + 1) for i in range(count)]
            heard += count
        else:
            ends = _word_ends(segment, len(words))
        for text, end in zip(words, _ends(recording, segment, target_lang, len(words), ends),
                             strict=True):
            latest = max(latest, end)
            dues.append(Due(text, latest, index))
    return tuple(dues)


def _ends(
    recording: Recording, segment: Segment, target_lang: str, n_words: int, ends: list[float]
) -> list[float]:
    """When each of ``n_words`` is known, unaligned words with the word before them."""
    if not ends:
        return [segment.end_s] * n_words
    pairs = segment.alignment.get(target_lang)
    if pairs is None:
        pairs = tuple((i * len(ends) // n_words, i) for i in range(n_words))
    known: list[float | None] = [None] * n_words
    for source, target in pairs:
        if not (0 <= source < len(ends) and 0 <= target < n_words):
            raise CorpusError(
                f"recording {recording.id!r}, segment {segment.id!r}: alignment ({source}, "
                f"{target}) to {target_lang!r} points outside {len(ends)} source and "
                f"{n_words} reference words"
            )
        known[target] = max(known[target] or 0.0, ends[source])
    latest = ends[0]
    filled = []
    for time in known:
        latest = latest if time is None else time
        filled.append(latest)
    return filled


def _word_ends(segment: Segment, n_reference: int) -> list[float]:
    if segment.words:
        return [word.end_s for word in segment.words]
    count = len(segment.transcript.split()) or n_reference
    span = segment.end_s - segment.start_s
    return [segment.start_s + span * (i + 1) / count for i in range(count)]


def _source_words(segment: Segment) -> list[str]:
    return [word.text for word in segment.words] or segment.transcript.split()
