"""When a word of a hypothesis that may still change is committed.

*Local agreement-n* (Liu et al. 2020, arXiv 2005.11185; Polák et al. 2022): commit the longest
common prefix of the last n hypotheses.  *Hold-n* (Liu et al. 2020): keep back the last n words.
Both may be combined; agreement 1 with hold 0 commits everything at once.  Nothing committed is
ever taken back: where a later hypothesis differs from it, :func:`continuation` says what of the
new one is still unsaid.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from s2st_bench.errors import ConfigError

Words = tuple[str, ...]


def common_prefix(hypotheses: Sequence[Sequence[str]]) -> Words:
    """The words all hypotheses begin with.

    >>> common_prefix([("a", "b", "c"), ("a", "b", "d")])
    ('a', 'b')
    """
    prefix = []
    for words in zip(*hypotheses, strict=False):
        if any(word != words[0] for word in words):
            break
        prefix.append(words[0])
    return tuple(prefix)


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


class Stability:
    """The hypotheses of one utterance and what of them is committed."""

    def __init__(self, agreement: int = 2, hold: int = 0) -> None:
        if agreement < 1 or hold < 0:
            raise ConfigError(
                f"agreement={agreement}, hold={hold}: agreement counts hypotheses from 1 up, "
                "hold counts words from 0 up"
            )
        self._hold = hold
        self._recent: deque[Words] = deque(maxlen=agreement)
        self.committed: Words = ()

    def push(self, hypothesis: Sequence[str]) -> Words:
        """Take a hypothesis of the whole utterance so far; the words it commits."""
        self._recent.append(tuple(hypothesis))
        if len(self._recent) < (self._recent.maxlen or 1):
            return ()
        stable = common_prefix(self._recent)
        stable = stable[: max(0, len(stable) - self._hold)]
        if len(stable) <= len(self.committed):
            return ()
        return self._commit(continuation(self.committed, stable))

    def finish(self, hypothesis: Sequence[str]) -> Words:
        """The utterance has ended with ``hypothesis``: what of it was not said.  Starts anew."""
        rest = continuation(self.committed, hypothesis)
        self._recent.clear()
        self.committed = ()
        return rest

    def _commit(self, words: Words) -> Words:
        self.committed += words
        return words
