"""Stretches of time, and when the source speaks.

A span is ``(start, end)`` in seconds of source time, end exclusive.  The source's *activity* comes
from the best the corpus has: its word times, where all its segments have them (pauses of up to
0.25 s between words are speech: Goldman-Eisler 1968); else its segments; else the whole source.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from s2st_bench.types import Recording

Span = tuple[float, float]
Basis = Literal["words", "segments", "source"]

PAUSE_S = 0.25
"""The shortest silence between words that is a pause."""


@dataclass(frozen=True, slots=True)
class Activity:
    """When the source speaks, and what says so."""

    spans: tuple[Span, ...]
    basis: Basis


def union(spans: Iterable[Span], bridge_s: float = 0.0) -> tuple[Span, ...]:
    """The spans in order, those that meet, or are at most ``bridge_s`` apart, as one.

    Spans of no length, or with an end that is no number, are left out.
    """
    merged: list[Span] = []
    for start, end in sorted(s for s in spans if math.isfinite(s[1] - s[0]) and s[1] > s[0]):
        if merged and start <= merged[-1][1] + bridge_s:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return tuple(merged)


def total_s(spans: Iterable[Span]) -> float:
    """Seconds in all."""
    return math.fsum(end - start for start, end in spans)


def overlap_s(one: Sequence[Span], other: Sequence[Span]) -> float:
    """Seconds that two unions share."""
    shared = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            shared.append(end - start)
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return math.fsum(shared)


def source_activity(recording: Recording, length_s: float) -> Activity:
    """When the source of ``length_s`` seconds speaks."""
    segments = recording.segments
    if segments and all(segment.words for segment in segments):
        words = union(((w.start_s, w.end_s) for s in segments for w in s.words), PAUSE_S)
        if spans := _inside(words, length_s):
            return Activity(spans, "words")
    if spans := _inside(union((s.start_s, s.end_s) for s in segments), length_s):
        return Activity(spans, "segments")
    return Activity(((0.0, length_s),), "source")


def _inside(spans: Iterable[Span], length_s: float) -> tuple[Span, ...]:
    return union((max(0.0, start), min(end, length_s)) for start, end in spans)
