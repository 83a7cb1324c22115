"""Conversations: two directions at once, on one loaded system.

The corpus is asked for its recordings in both directions; the i-th of one is played at the same
moment as the i-th of the other, each to a session of its own.  Each direction has its own lags; a
level of conversations holds when the worse of them does.  *Overlap* is how long both directions
were heard speaking at once, in seconds of a conversation's two recordings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from s2st_bench.timeline import playback
from s2st_bench.types import Recording, Trace

Span = tuple[float, float]


def told_apart(
    there: Sequence[Recording], back: Sequence[Recording]
) -> tuple[Recording, ...]:
    """``back`` with ids that ``there`` does not use: those alike get their language behind."""
    taken = {recording.id for recording in there}
    return tuple(
        replace(recording, id=f"{recording.id}@{recording.source_lang}")
        if recording.id in taken else recording for recording in back
    )


def overlap_s(traces: Iterable[Trace]) -> float | None:
    """Mean over conversations of the seconds in which both directions were heard; none where no
    conversation has speech in both.
    """
    sides: dict[str, list[list[Span]]] = {}
    for trace in traces:
        if (name := str(trace.load.get("conversation", ""))) and trace.pieces:
            began_s = float(trace.load.get("began_s", 0.0))
            sides.setdefault(name, []).append(
                [(began_s + p.start_s, began_s + p.end_s) for p in playback(trace)])
    found = [shared_s(*both) for both in sides.values() if len(both) == 2]
    return sum(found) / len(found) if found else None


def shared_s(one: Sequence[Span], other: Sequence[Span]) -> float:
    """Seconds that lie in a span of both; the spans of each side do not overlap."""
    return sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in one for b in other)
