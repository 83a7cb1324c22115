"""Is what was said about what was heard?

Two ways to find output that is not: different sounds give the same words; or a recording whose
rest was replaced is still answered with the end that was not spoken (a memorised test set).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import combinations

from .marks import CANNED, Mark
from .peeking import Item
from .said import Said

ALIKE = 0.9
"""Two outputs this alike, over the shorter's length, are the same."""
LEAST_WORDS = 3
"""Shorter outputs (``Thank you.``) may well be right twice."""
MOST_PAIRS = 0.5
"""Share of pairs of different recordings that may be answered alike."""
EARLY = 0.5
"""A cut at most this far into a recording leaves an end that cannot be guessed."""
MOST_COMPLETED = 0.2
"""Share of unspoken ends that may be said: a language model guesses one now and then."""
LEAST_COMPLETIONS = 3


def judge_canned(names: Sequence[str], originals: Sequence[Said], items: Sequence[Item]) -> Mark:
    """The mark, from what was said of each recording and of recordings with another end."""
    spoken = [(name, said.content) for name, said in zip(names, originals, strict=True)
              if len(said.content) >= LEAST_WORDS]
    if len(spoken) < 2:
        return Mark(CANNED, "inconclusive",
                    f"it said {LEAST_WORDS} words or more on {len(spoken)} recordings only")
    pairs = list(combinations(spoken, 2))
    same = [(one, other) for (one, a), (other, b) in pairs if _alike(a, b)]
    if len(same) > MOST_PAIRS * len(pairs):
        return Mark(CANNED, "fail", f"{same[0][0]} and {same[0][1]} get the same words; so do "
                    f"{len(same)} of {len(pairs)} pairs of different recordings")
    early = [item for item in items if not item.said.error and _can_complete(item)]
    completed = [item for item in early if _completes(item)]
    if len(completed) >= max(LEAST_COMPLETIONS, MOST_COMPLETED * len(early)):
        item = completed[0]
        end = " ".join(item.repeats[0].content[-LEAST_WORDS:])
        return Mark(CANNED, "fail", f"{item.name}: cut at {item.cut:.2f} and followed by "
                    f"{item.suffix}, it still says the end that was not spoken ({end[:60]!r}); so "
                    f"in {len(completed)} of {len(early)} such replays")
    return Mark(CANNED, "pass", f"{len(spoken)} recordings get different words; of {len(early)} "
                f"replays with another end {len(completed)} got the original's")


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Over the length of the shorter: babble that talks on is the same for a longer sound."""
    n = min(len(one), len(other))
    return SequenceMatcher(None, one[:n], other[:n], autojunk=False).ratio() >= ALIKE


def _can_complete(item: Item) -> bool:
    """Whether the original's end could not be known at the cut."""
    original = item.repeats[0]
    if item.suffix == "length" or item.cut > EARLY * original.length:
        return False
    known = len(original.until(item.cut).content)
    return len(original.content) - known >= LEAST_WORDS


def _completes(item: Item) -> bool:
    theirs, ours = item.repeats[0].content, item.said.content
    tail = max(LEAST_WORDS, len(theirs) // 3)
    return (SequenceMatcher(None, theirs, ours[: len(theirs)], autojunk=False).ratio() >= ALIKE
            and ours[: len(theirs)][-tail:] == theirs[-tail:])
