"""All trust checks of one system, in order; what is given, what is compared, what it costs.

1. Every recording is heard three times, each time in a fresh process and the same order: that is
   how far the system disagrees with itself.
2. In the opposite order, after noise, and two sessions at once: does one session move another?
3. Cuts, set right behind moments in which something was said; after each follows silence, other
   speech, noise, or nothing (every other time: more than before).
4. Silence, noise, and speech with silence after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from .canned import judge_canned
from .habits import judge_at_end, judge_babbling, judge_hallucination
from .marks import (
    BABBLING,
    HALLUCINATION,
    MEANING,
    PEEKING,
    STATE_LEAK,
    TIME_TRAVEL,
    Mark,
    ordered,
)
from .material import (
    SUFFIXES,
    TEXT_SUFFIXES,
    Material,
    Parted,
    followed,
    hiss,
    parted,
    silence,
)
from .peeking import Item, judge_peeking
from .probe import Prober
from .said import Channel, Said, distance
from .sameness import Beside, judge_deterministic, judge_leak
from .timing import judge_faults

AFTER_NOISE = 4
"""Recordings heard again, each after ``NOISE_S`` of noise: what a front end keeps shows there."""
NOISE_S = 2.0
_GOLDEN = 0.618034
STREAM_SLACK_S = 1.0
"""Added to the guard of a stream: its answers come when the network likes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is examined."""

    recordings: int = 10
    cuts: int = 10
    """Over all recordings; each is followed by every suffix."""
    repeats: int = 3
    longest_s: float = 60.0
    """Longer recordings are cut to this."""
    quiet_s: float = 30.0
    """Of silence and of noise."""
    workers: int = 1
    """Processes at once; nothing is timed."""

    def cuts_each(self, n_recordings: int) -> int:
        return math.ceil(self.cuts / max(1, n_recordings))

    def replays(self, n_recordings: int, *, text: bool, stream: bool) -> int:
        """How many replays it takes, unless something must be looked at again."""
        each = self.cuts_each(n_recordings) * len(TEXT_SUFFIXES if text else SUFFIXES)
        after = 0 if text else 2 * min(AFTER_NOISE, n_recordings)
        order = 0 if stream else n_recordings + 2 + after
        return n_recordings * (self.repeats + each) + order + (0 if text else 3)


@dataclass(frozen=True, slots=True)
class Examined:
    """The marks, and how many cuts they rest on."""

    marks: tuple[Mark, ...]
    n_recordings: int
    n_cuts: int


def examine(
    prober: Prober, originals: Sequence[Material], guard: float, settings: Settings, *,
    stream: bool = False, say: Callable[[str], None] = lambda line: None,
) -> Examined:
    """Judge the system that ``prober`` runs.

    Parameters
    ----------
    originals
        Two or more recordings, long ones among them.
    guard
        What a system may hear beyond a cut before it counts: a chunk and the resampler's delay,
        in the material's unit.
    stream
        A service, on the wall's clock.
    say
        Told what is being done.
    """
    say("the same sound again")
    turned = _turned(originals)
    orders = [originals] * settings.repeats + ([] if stream else [turned])
    with ThreadPoolExecutor(settings.workers) as pool:
        *rounds, last = [*pool.map(prober.heard, orders)]
    if stream:
        rounds.append(last)
    repeats = [tuple(round_[i] for round_ in rounds) for i in range(len(originals))]
    if all(one.error for those in repeats for one in those):
        reason = f"every recording failed: {repeats[0][0].error}"
        return Examined(tuple(Mark(name, "inconclusive", reason) for name in MEANING),
                        len(originals), 0)
    names = [material.name for material in originals]
    first = rounds[0]
    marks = [judge_deterministic(names, repeats, exact=not stream)]
    if stream:
        marks.append(Mark(STATE_LEAK, "not tested", "sessions of a service are its own affair"))
    else:
        say("two sessions at once")
        marks.append(_leak(prober, originals, repeats, turned, last))
    say("cuts")
    cut = list(_cuts(originals, first, guard, settings))
    heard = prober.heard([one.material for _, _, one in cut], workers=settings.workers)
    items = [
        Item(index, names[index], at if one.suffix != "length" else one.shared,
             one.shared - guard, one.suffix, said, repeats[index])
        for (index, at, one), said in zip(cut, heard, strict=True)
    ]
    unit = originals[0].unit
    marks.append(_peeking(prober, items, originals, [one for _, _, one in cut], first,
                          unit=unit, exact=not stream))
    marks.append(judge_canned(names, first, items))
    marks.append(judge_at_end(first, names))
    replays = [*first, *heard]
    if unit == "s":
        say("silence and noise")
        found, more = _habits(prober, originals, first, settings)
        marks += found
        replays += more
    else:
        marks += [Mark(name, "not tested", "text knows no silence")
                  for name in (BABBLING, HALLUCINATION)]
    labels = [*names, *(one.material.name for _, _, one in cut), "silence", "noise", "trailing"]
    stamps = judge_faults(zip(labels, (one.faults for one in replays), strict=False), "replays")
    marks.append(stamps)
    points = len({(item.recording, item.cut) for item in items})
    return Examined(ordered(_silent(marks, replays)), len(originals), points)


def _silent(marks: Sequence[Mark], replays: Sequence[Said]) -> Iterator[Mark]:
    """A system that never says anything shows nothing by agreeing with itself."""
    mute = all(one.is_empty for one in replays)
    for mark in marks:
        if mute and mark.name in (PEEKING, STATE_LEAK, TIME_TRAVEL) and mark.verdict == "pass":
            yield replace(mark, verdict="inconclusive", evidence="it never said anything")
        else:
            yield mark


def _turned(originals: Sequence[Material]) -> list[Material]:
    """The opposite order, and then some of them again, each after noise."""
    made = list(reversed(originals))
    if originals[0].unit == "s":
        for number, original in enumerate(originals[:AFTER_NOISE]):
            made += [hiss(f"noise-{number}", NOISE_S, original.rate_hz), original]
    return made


def _leak(
    prober: Prober, originals: Sequence[Material], repeats: Sequence[tuple[Said, ...]],
    turned: Sequence[Material], heard: Sequence[Said],
) -> Mark:
    """``heard`` is what was said of ``turned``, all in one process."""
    names = [material.name for material in originals]
    at = {material: i for i, material in enumerate(originals)}
    cases = []
    for place, (material, said) in enumerate(zip(turned, heard, strict=True)):
        if material not in at:
            continue
        how = f"after {turned[place - 1].name}" if place else "when heard first"

        def again(upto: int = place + 1) -> Said:
            return prober.heard(turned[:upto])[-1]

        cases.append(Beside(material.name, how, repeats[at[material]], said, again))
    notes = []
    for ours, theirs in ((0, 1), (1, 0)):
        def together(ours: int = ours, theirs: int = theirs) -> Said:
            return prober.heard([originals[ours]], beside=originals[theirs])[0]

        said = together()
        if said.error:
            notes.append(f"not tested with two sessions at once: {said.error}")
            break
        cases.append(Beside(names[ours], f"beside {names[theirs]}", repeats[ours], said, together))
    return judge_leak(cases, notes=notes)


def _cuts(
    originals: Sequence[Material], first: Sequence[Said], guard: float, settings: Settings
) -> Iterator[tuple[int, float, Parted]]:
    """(recording, cut, what is given): every cut with every suffix."""
    number = 0
    each = settings.cuts_each(len(originals))
    suffixes = SUFFIXES if originals[0].unit == "s" else TEXT_SUFFIXES
    for index, (original, said) in enumerate(zip(originals, first, strict=True)):
        other = originals[(index + 1) % len(originals)]
        for at in choose_cuts(said, original, each, guard, (0.5 + index * _GOLDEN) % 1):
            for suffix in suffixes:
                yield index, at, parted(original, at, suffix, other, number,
                                        longer=number % 2 == 1)
            number += 1


def choose_cuts(
    said: Said, original: Material, n: int, guard: float, phase: float = 0.5
) -> list[float]:
    """``n`` cuts of a recording: each as near behind something said as the guard allows.

    So a system that hears ahead by more than the guard is caught wherever it says something.
    Where too little was said they are evenly spread.  ``phase`` (0 to 1) moves all of them, so that
    recordings with one cut each are cut early and late.
    """
    step = 1.0 if original.unit == "tokens" else 1.0 / original.rate_hz
    length = original.length

    def placed(at: float) -> float:
        return math.ceil(round((at + guard) / step, 6)) * step

    moments = [line.at for line in said.lines] + [piece.at for piece in said.pieces]
    spoken = sorted({placed(at) for at in moments})
    able = [at for at in spoken if guard < at < length - step / 2]
    if len(able) > n:
        able = [able[math.floor((i + phase) * len(able) / n)] for i in range(n)]
    even = [math.ceil(length * (i + 1) / (n + 1) / step) * step for i in range(n)]
    for at in even:
        if len(able) < n and 0 < at < length and at not in able:
            able.append(at)
    return sorted(able)


def _peeking(
    prober: Prober, items: Sequence[Item], originals: Sequence[Material],
    given: Sequence[Parted], first: Sequence[Said], *, unit: str, exact: bool,
) -> Mark:
    def confirm(item: Item, channel: Channel) -> bool:
        """Original and other, each alone in a fresh process, twice."""
        other = given[items.index(item)].material
        one, again = ([prober.heard([material])[0].until(item.limit)
                       for material in (originals[item.recording], other)] for _ in range(2))
        steady = all(distance(a, b, channel, exact=exact) == 0
                     for a, b in zip(one, again, strict=True))
        return steady and distance(one[0], one[1], channel, exact=exact) > 0

    return judge_peeking(items, confirm, unit=unit, exact=exact)


def _habits(
    prober: Prober, originals: Sequence[Material], first: Sequence[Said], settings: Settings
) -> tuple[list[Mark], list[Said]]:
    rate_hz = originals[0].rate_hz
    quiet = silence("silence", settings.quiet_s, rate_hz)
    at = max(range(len(originals) - 1), key=lambda i: originals[i].length)
    given = [quiet, hiss("noise", settings.quiet_s, rate_hz),
             followed(originals[at], quiet, f"{originals[at].name} and then silence")]
    heard = prober.heard(given, workers=settings.workers)
    return [judge_babbling(first, first[at], *heard),
            judge_hallucination(heard[0], heard[1])], heard
