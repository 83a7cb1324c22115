"""Gates: READ or WRITE before each target unit.

A session asks :meth:`Gate.may_write` before every unit that it could write next, and reads when
the answer is no.  With g(i) the source units read before target unit i (counted from 1) is
written, a gate is a rule for g; since a session only ever reads on, g never decreases.  A gate
does not end a sentence: that is the model's end of sentence, or a limit of the session's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from .rule import Floats, Rule


@dataclass(frozen=True, slots=True)
class State:
    """What a gate may look at: how much was read and written, and what the model says."""

    read: int
    """Source units so far: words of a text, units or frames of the encoder for speech."""
    written: int
    """Target units so far, those of this turn included."""
    source_done: bool = False
    """Nothing more can be read."""
    ends: bool = False
    """The pending target unit is the model's end of sentence."""
    p_choose: Floats | None = None
    """Probability that a head of monotonic attention stops, for the pending target unit:
    [layers, heads, read] at each source unit; EMMA takes [layers, heads] at the last one too."""
    ctc: tuple[int, int] | None = None
    """Units in the greedy CTC outputs (collapsed) for all speech so far: recognition's in the
    source language, translation's in the target language."""
    due: int | None = None
    """Source units that must be read before the pending target unit can be known."""


class Gate(Rule, ABC):
    """Decides, before each target unit, whether it may be written yet."""

    def may_write(self, state: State) -> bool:
        """Whether the pending target unit may be written now; always, once the source has ended.

        Raises
        ------
        InputError
            The state lacks what the rule needs, or it has another shape.
        """
        if not state.source_done:
            self._check_given(state)
        return self.decide(state) or state.source_done

    @abstractmethod
    def decide(self, state: State) -> bool:
        """The rule itself; what it needs may be missing only if ``state.source_done``."""

    def takes_back(self, state: State) -> bool:
        """After a no: whether units held since the last READ, not yet said, are dropped."""
        return False


class Schedule(Gate):
    """A gate whose g is known beforehand, whatever the model says."""

    @abstractmethod
    def g(self, i: int) -> int:
        """Source units to be read before target unit ``i`` (from 1), had the source no end."""

    def decide(self, state: State) -> bool:
        return state.read >= self.g(state.written + 1)
