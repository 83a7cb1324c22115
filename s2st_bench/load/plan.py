"""Who hears what, and from when on: pure and the same each time.

Every level plays the whole corpus at least once, and every listener at least ``recordings`` of
it.  Longest first, each play goes to the listener who has least to hear so far, so that all are
busy for about as long; a corpus too small for its listeners is played again.

Listener i starts at ``stagger_s`` times the fractional part of i times the golden ratio: spread
evenly over that time whatever the number of listeners, and never in step with the chunks.

A conversation is two listeners: one hears the i-th recording of the corpus, the other the i-th
of the opposite direction, both from the same moment; the next pair begins when both are done.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from s2st_bench.executor.base import Work, source_s
from s2st_bench.types import Recording

_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener of a level: plays ``works`` one after another."""

    number: int
    offset_s: float
    """Seconds after the level's start at which the first play begins."""
    works: tuple[Work, ...]
    partner: int | None = None
    """The listener of the other direction of the same conversation."""


def deal(
    recordings: Sequence[Recording], target_lang: str, streams: int, *, at_least: int,
    stagger_s: float,
) -> tuple[Listener, ...]:
    """The listeners of one level; the same recording's plays are numbered as repeats."""
    hands = dealt([source_s(recording) for recording in recordings], streams, at_least)
    return _listeners(hands, recordings, target_lang, stagger_s)


def converse(
    there: Sequence[Recording], back: Sequence[Recording], langs: tuple[str, str], streams: int,
    *, at_least: int, stagger_s: float,
) -> tuple[Listener, ...]:
    """Listeners in pairs, 2c of ``there`` and 2c + 1 of ``back``.

    ``langs`` are the languages translated to, of ``there`` and of ``back``.
    """
    answers = [back[at % len(back)] for at in range(len(there))]
    lengths = [max(source_s(one), source_s(other))
               for one, other in zip(there, answers, strict=True)]
    hands = dealt(lengths, streams // 2, at_least)
    listeners: list[Listener] = []
    for side, (recordings, lang) in enumerate(zip((there, answers), langs, strict=True)):
        for one in _listeners(hands, recordings, lang, stagger_s):
            number = 2 * one.number + side
            works = tuple(
                Work(number * len(one.works) + place, work.recording, lang, work.repeat)
                for place, work in enumerate(one.works))
            listeners.append(Listener(number, one.offset_s, works, number + 1 - 2 * side))
    return tuple(sorted(listeners, key=lambda one: one.number))


def dealt(lengths: Sequence[float], streams: int, at_least: int) -> list[list[int]]:
    """The places in the corpus that each listener hears, in its order."""
    n = len(lengths)
    each = n if streams == 1 else max(at_least, math.ceil(n / streams))
    plays = [place % n for place in range(each * streams)]
    hands: list[list[int]] = [[] for _ in range(streams)]
    waiting = [(0.0, number) for number in range(streams)]
    for play in sorted(plays, key=lambda place: (-lengths[place], place)):
        busy_s, number = heapq.heappop(waiting)
        hands[number].append(play)
        if len(hands[number]) < each:
            heapq.heappush(waiting, (busy_s + lengths[play], number))
    return [sorted(hand) for hand in hands]


def offset_s(number: int, stagger_s: float) -> float:
    """When listener ``number`` starts."""
    return round(stagger_s * math.fmod(number * _GOLDEN, 1.0), 6)


def _listeners(
    hands: Sequence[Sequence[int]], recordings: Sequence[Recording], target_lang: str,
    stagger_s: float,
) -> tuple[Listener, ...]:
    times: Counter[str] = Counter()
    made = []
    for number, hand in enumerate(hands):
        works = []
        for place, at in enumerate(hand):
            recording = recordings[at]
            works.append(Work(number * len(hand) + place, recording, target_lang,
                              times[recording.id]))
            times[recording.id] += 1
        made.append(Listener(number, offset_s(number, stagger_s), tuple(works)))
    return tuple(made)
