"""Committing words of a decoder that does not hold to what it has committed.

Recognisers, and systems asked for whole hypotheses, may change a word after it was said.  Nothing
committed is ever taken back: :func:`continuation` says what of a new hypothesis is still unsaid.
"""

from __future__ import annotations

from collections.abc import Sequence

from .stability import Hypothesis, Stability

Words = tuple[str, ...]


def continuation(committed: Sequence[str], hypothesis: Sequence[str]) -> Words:
    """What ``hypothesis`` says beyond ``committed``.

    The prefix of ``hypothesis`` nearest to ``committed`` in word edits counts as said; among
    equals the longest, so that a word is rather left out than said twice.

    >>> continuation(["the", "big", "house"], ["a", "big", "house", "stands"])
    ('stands',)
    """
    if tuple(hypothesis[: len(committed)]) == tuple(committed):
        return tuple(hypothesis[len(committed) :])
    # row[j]: edits between the committed words so far and hypothesis[:j]
    row = list(range(len(hypothesis) + 1))
    for i, said in enumerate(committed, 1):
        above, row = row, [i]
        for j, word in enumerate(hypothesis, 1):
            row.append(min(above[j - 1] + (said != word), above[j] + 1, row[j - 1] + 1))
    nearest = min(range(len(row)), key=lambda j: (row[j], -j))
    return tuple(hypothesis[nearest:])


class Committer:
    """What of one utterance's hypotheses, as words, a rule has committed."""

    def __init__(self, rule: Stability) -> None:
        self._rule = rule.fresh()
        self.committed: Words = ()

    def push(self, hypothesis: Sequence[str]) -> Words:
        """Take a hypothesis of the whole utterance so far; the words it commits."""
        words = tuple(hypothesis)
        count = self._rule.stable(Hypothesis(words), len(self.committed))
        if count <= len(self.committed):
            return ()
        new = continuation(self.committed, words[:count])
        self.committed += new
        return new

    def grow(self, beginning: Sequence[str]) -> Words:
        """Take the beginning of the utterance's last hypothesis, while it is being decoded: what it
        commits, none where it does not go on from what was committed.
        """
        words = tuple(beginning)
        if words[: len(self.committed)] != self.committed:
            return ()
        new = words[len(self.committed) :]
        self.committed += new
        return new

    def finish(self, hypothesis: Sequence[str]) -> Words:
        """The utterance has ended with ``hypothesis``: what of it was not said.  Starts anew."""
        rest = continuation(self.committed, hypothesis)
        self._rule = self._rule.fresh()
        self.committed = ()
        return rest
