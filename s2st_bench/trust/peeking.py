"""Is what was said before a cut moved by what follows it?

An *item* is one cut of one recording with one thing that follows.  What its replay said up to
``limit`` (the cut less the guard) is held against what the original's repeats said by then.

Where the repeats agree everywhere, one difference is enough, if it returns in fresh processes.
Where they do not, what differs between items must stand out from what differs between repeats:
for each recording, the mean distance of items to repeats less the mean distance among repeats is
zero on average for a system that does not peek.  Flipping the signs of all recordings gives the
chance of a sum as large (exact to 12 recordings, by 4,096 draws beyond).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .marks import PEEKING, Mark, Verdict
from .material import Suffix
from .said import Channel, Said, distance

ENOUGH = 0.02
"""Self-disagreement up to which agreement still means something."""
CHANCE = 0.001
"""A nondeterministic system fails when chance explains its difference less often than this."""
LEAST_EXCESS = 0.1
"""… and items differ from repeats by this much more than repeats among each other."""
CONFIRMED = 3
"""Differences that are looked at again in fresh processes before they are given up."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One cut and what followed it."""

    recording: int
    """Index among the recordings examined."""
    name: str
    cut: float
    limit: float
    suffix: Suffix
    said: Said
    repeats: tuple[Said, ...]
    """What the original's replays said."""

    def distances(self, channel: Channel, exact: bool) -> list[float]:
        """To each of the repeats, up to the limit."""
        ours = self.said.until(self.limit)
        return [distance(ours, one.until(self.limit), channel, exact=exact)
                for one in self.repeats]

    def own(self, channel: Channel, exact: bool) -> list[float]:
        """Of the repeats among each other, up to the limit."""
        early = [one.until(self.limit) for one in self.repeats]
        return [distance(a, b, channel, exact=exact) for a, b in combinations(early, 2)]


Confirm = Callable[[Item, Channel], bool]
"""Whether a difference returns when both are replayed in fresh processes."""


def judge_peeking(
    items: Sequence[Item], confirm: Confirm, *, unit: str = "s", exact: bool = True
) -> Mark:
    """The mark, over both channels: the worse counts."""
    whole = [item for item in items if not item.said.error
             and len([one for one in item.repeats if not one.error]) > 1]
    if not whole:
        return Mark(PEEKING, "inconclusive", "no cut could be replayed without a failure"
                    if items else "no cut to replay")
    speaking = [item for item in whole if not item.repeats[0].until(item.limit).is_empty]
    found: list[tuple[Verdict, str]] = []
    channels: list[Channel] = ["text", "speech"]
    for channel in channels:
        if any(item.said.lines if channel == "text" else item.said.pieces for item in whole):
            found.append(_of_channel(channel, whole, confirm, unit, exact))
    order: tuple[Verdict, ...] = ("fail", "inconclusive", "pass")
    for verdict in order:
        said = [evidence for held, evidence in found if held == verdict]
        if said and verdict != "pass":
            return Mark(PEEKING, verdict, said[0])
    cuts = f"{len(whole)} replays cut at {len({(i.recording, i.cut) for i in whole})} points"
    if not speaking:
        return Mark(PEEKING, "pass", f"it had said nothing before any cut ({cuts})")
    noted = "; ".join(dict.fromkeys(evidence for _, evidence in found if evidence))
    return Mark(PEEKING, "pass", f"{cuts} of {len({i.recording for i in whole})} recordings: "
                f"what was said before stayed the same{f' ({noted})' if noted else ''}")


def _of_channel(
    channel: Channel, items: Sequence[Item], confirm: Confirm, unit: str, exact: bool
) -> tuple[Verdict, str]:
    own = [distance_ for item in items for distance_ in item.own(channel, exact)]
    if any(own):
        return _beyond_own(channel, items, float(np.mean(own)), exact)
    apart = sorted(((min(item.distances(channel, exact)), index)
                    for index, item in enumerate(items)), reverse=True)
    suspects = [items[index] for far, index in apart if far > 0]
    for item in suspects[:CONFIRMED]:
        if confirm(item, channel):
            return "fail", f"{_named(item, channel, unit)} ({len(suspects)} of {len(items)} differ)"
    if suspects:
        return "inconclusive", (f"{len(suspects)} of {len(items)} cuts differ, but not again in "
                                "fresh processes: see deterministic and state leak")
    if exact and (near := _within_guard(channel, items)):
        return "inconclusive", (f"{near.name}: {channel} differs only within the guard before the "
                                f"cut at {near.cut:.2f} {unit}, followed by {near.suffix}")
    return "pass", ""


def _within_guard(channel: Channel, items: Sequence[Item]) -> Item | None:
    """An item whose text or speech differs between its limit and its cut."""
    for item in items:
        ours = item.said.until(item.cut, before=True)
        if all(distance(ours, one.until(item.cut, before=True), channel) > 0
               for one in item.repeats):
            return item
    return None


def _beyond_own(
    channel: Channel, items: Sequence[Item], own: float, exact: bool
) -> tuple[Verdict, str]:
    excess = np.array([
        np.mean([np.mean(item.distances(channel, exact)) - np.mean(item.own(channel, exact))
                 for item in items if item.recording == recording])
        for recording in sorted({item.recording for item in items})
    ])
    told = (f"{channel} of the same sound differs by {own:.1%}, before a cut by "
            f"{own + float(excess.mean()):.1%}")
    if excess.mean() >= LEAST_EXCESS and flipped_p(excess) <= CHANCE:
        return "fail", f"{told}: more than chance gives"
    if own > ENOUGH:
        return "inconclusive", f"{told}: not deterministic enough to tell"
    if excess.mean() > ENOUGH:
        return "inconclusive", f"{told}: too few recordings to tell"
    return "pass", told


def flipped_p(excess: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Chance of a sum as large when each sign is a coin's: exact to 12 values, else drawn."""
    n = len(excess)
    if n <= 12:
        bits = (np.arange(1 << n)[:, None] >> np.arange(n)) & 1
    else:
        bits = np.random.default_rng(0).integers(0, 2, (4096, n))
        bits[0] = 1
    sums = (2 * bits - 1) @ excess
    return float(np.mean(sums >= excess.sum() - 1e-12))


def _named(item: Item, channel: Channel, unit: str) -> str:
    """The first thing that differs, in words."""
    where = f"{item.name}: before the cut at {item.cut:.2f} {unit}, followed by {item.suffix}"
    if channel == "speech":
        return f"{where}, other speech was said"
    ours, theirs = (one.until(item.limit) for one in (item.said, item.repeats[0]))
    at = next((i for i, (a, b) in enumerate(zip(ours.lines, theirs.lines, strict=False))
               if a != b), min(len(ours.lines), len(theirs.lines)))
    shown = [f"{one.lines[at].text.strip()[:40]!r} at {one.lines[at].at:.2f} {unit}"
             if at < len(one.lines) else "nothing" for one in (ours, theirs)]
    return f"{where}, it said {shown[0]} instead of {shown[1]}"
