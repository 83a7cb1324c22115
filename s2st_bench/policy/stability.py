"""Stability rules: how much of a hypothesis for all source so far is committed.

After every chunk a session decodes all it has heard, best with what it committed forced as a
prefix, and asks :meth:`Stability.stable` how many units of the result it may commit; the rest may
still change.  Where the decoder does not hold to what was committed, see :mod:`.commit`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from s2st_bench.errors import InputError

from .rule import Floats, Rule

Units = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A translation of all source so far, without its end of sentence.

    Raises
    ------
    InputError
        Its parts do not fit each other, or attention is not finite.
    """

    units: Units
    """Words or sub-words, as texts or ids, from the first one committed."""
    attention: Floats | None = None
    """[units, source frames]: cross-attention of the chosen layer, mean over its heads."""
    starts_word: tuple[bool, ...] | None = None
    """For sub-words, whether a word begins with each: then only whole words are committed."""
    beams: tuple[Units, ...] | None = None
    """The hypotheses of the beam."""

    def __post_init__(self) -> None:
        n = len(self.units)
        if self.starts_word is not None and len(self.starts_word) != n:
            raise InputError(f"hypothesis: {n} units, {len(self.starts_word)} in starts_word")
        if self.attention is not None:
            if np.ndim(self.attention) != 2 or len(self.attention) != n:
                raise InputError(
                    f"hypothesis: attention is [units={n}, frames], not {np.shape(self.attention)}"
                )
            if not np.isfinite(self.attention).all():
                raise InputError("hypothesis: attention holds NaN or infinite values")


class Stability(Rule, ABC):
    """Decides how much of each new hypothesis will not be taken back."""

    def stable(
        self, hypothesis: Hypothesis, committed: int = 0, source_done: bool = False
    ) -> int:
        """How many units of ``hypothesis`` to have committed, at least the ``committed`` so far.

        To be asked once for every new hypothesis, in order.  Once the source has ended: all of
        it.  A word that the rule would cut apart waits for its end.

        Raises
        ------
        InputError
            The hypothesis lacks what the rule needs.
        """
        if source_done:
            return max(committed, len(hypothesis.units))
        self._check_given(hypothesis)
        count = self.decide(hypothesis, committed)
        if hypothesis.starts_word is not None:
            count = whole_words(count, hypothesis.starts_word)
        return max(committed, count)

    @abstractmethod
    def decide(self, hypothesis: Hypothesis, committed: int) -> int:
        """The rule itself: stable units from the start, at most ``len(hypothesis.units)``
        or ``committed``."""


def common_prefix(hypotheses: Sequence[Units]) -> Units:
    """The units all hypotheses begin with.

    >>> common_prefix([("a", "b", "c"), ("a", "b", "d")])
    ('a', 'b')
    """
    prefix = []
    for units in zip(*hypotheses, strict=False):
        if any(unit != units[0] for unit in units):
            break
        prefix.append(units[0])
    return tuple(prefix)


def whole_words(count: int, starts_word: Sequence[bool]) -> int:
    """The most units, up to ``count``, that end with a word: a word begins next, or none is left.

    >>> whole_words(2, [True, True, False])     # ▁the ▁hou | se
    1
    """
    while 0 < count < len(starts_word) and not starts_word[count]:
        count -= 1
    return count
