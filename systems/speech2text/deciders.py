"""How a policy of the library reads an offline model: what to decode for, and what to commit.

The model continues what was committed; a decider says how many of the new tokens are committed in
turn, whole words at a time.  Until a segment has ended its translation goes on, so the last word
of a hypothesis waits where it may be unfinished, or where it closes a sentence after which the
model would say nothing more.  Policies that look at attention always keep back the last word, as
SimulSeamless does (Papi et al. 2024, arXiv:2406.14177).
"""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Sequence

from s2st_bench.errors import ConfigError
from s2st_bench.policy import Gate, Hypothesis, Stability, State, make_gate, make_stability, rules
from s2st_bench.policy.stability import whole_words

from .dialects import RATE_HZ
from .model import Decoded, Stop
from .tokens import Tokens

Rule = Gate | Stability


class Decider(ABC):
    """The decisions of one segment."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    @abstractmethod
    def stop(self, heard: int, committed: Sequence[int], done: bool) -> Stop | bool:
        """Until when to decode after ``heard`` samples; false: not at all, true: to the end."""

    @abstractmethod
    def commit(self, committed: Sequence[int], decoded: Decoded) -> int:
        """How many of the new tokens are committed, while the segment goes on."""

    def _complete(self, marks: Sequence[bool], committed: Sequence[int], decoded: Decoded,
                  *, strict: bool = False) -> int:
        """New tokens before the last word, or all where that is complete (never if ``strict``)."""
        ids = decoded.ids
        if not ids:
            return 0
        if decoded.ended and not strict and not self._tokens.closes([*committed, *ids]):
            return len(ids)
        return max((n for n, starts in enumerate(marks) if starts), default=0)


class Gated(Decider):
    """A gate is asked how many words (or sub-words) may follow; no more is decoded.

    What it counts as read are ``read_s`` of the segment's audio; its ``unit`` is what it counts as
    written.
    """

    def __init__(self, tokens: Tokens, gate: Gate, read_s: float, most: int) -> None:
        """``most``: tokens in one turn."""
        super().__init__(tokens)
        self._gate = gate
        self._read = round(read_s * RATE_HZ)
        self._most = most
        self._allowed = 0

    def stop(self, heard: int, committed: Sequence[int], done: bool) -> Stop | bool:
        if done:
            return True
        written = self._count(committed)
        read = heard // self._read
        allowed = 0
        while allowed < self._most and self._gate.may_write(State(read, written + allowed)):
            allowed += 1
        self._allowed = allowed
        if not allowed:
            return False
        before = tuple(committed)

        def is_enough(new: Sequence[int]) -> bool:
            return self._units(before, new) > allowed

        return is_enough

    def commit(self, committed: Sequence[int], decoded: Decoded) -> int:
        marks = self._tokens.starts(committed, decoded.ids)
        complete = self._complete(marks, committed, decoded)
        if self._gate.unit == "word":
            begins = [n for n, starts in enumerate(marks) if starts]
            return min(complete, begins[self._allowed]) if len(begins) > self._allowed else complete
        return min(complete, whole_words(min(self._allowed, len(marks)), marks))

    def _count(self, ids: Sequence[int]) -> int:
        return sum(self._tokens.starts((), ids)) if self._gate.unit == "word" else len(ids)

    def _units(self, before: Sequence[int], new: Sequence[int]) -> int:
        return sum(self._tokens.starts(before, new)) if self._gate.unit == "word" else len(new)


class Restated(Decider):
    """All that follows is decoded; a stability rule says how much of it stays."""

    def __init__(self, tokens: Tokens, rule: Stability) -> None:
        super().__init__(tokens)
        self._rule = rule
        self._looks = "attention" in rule.needs

    def stop(self, heard: int, committed: Sequence[int], done: bool) -> Stop | bool:
        return True

    def commit(self, committed: Sequence[int], decoded: Decoded) -> int:
        marks = self._tokens.starts(committed, decoded.ids)
        most = self._complete(marks, committed, decoded, strict=self._looks)
        if self._looks:  # of the new tokens alone, and so are columns normalised
            hypothesis = Hypothesis(decoded.ids, attention=decoded.attention, starts_word=marks)
            return min(most, self._rule.stable(hypothesis))
        known = len(committed)
        hypothesis = Hypothesis((*committed, *decoded.ids),
                                starts_word=(*[True] * known, *marks))
        return min(most, self._rule.stable(hypothesis, known) - known)


def rule_of(policy: str, params: dict[str, object]) -> Rule:
    """The rule, if it can read an offline model.

    Raises
    ------
    ConfigError
    """
    known = rules()
    usable = [name for name, cls in known.items() if cls.needs <= {"attention"}]
    if policy in known and policy not in usable:
        raise ConfigError(
            f"system.policy={policy} decides by {', '.join(sorted(known[policy].needs))}, which an "
            f"offline model does not give; these do: {', '.join(usable)}")
    if policy not in usable:
        near = difflib.get_close_matches(policy, usable, n=1)
        hint = f"Did you mean system.policy={near[0]} ?" if near else f"Known: {', '.join(usable)}"
        raise ConfigError(f"system.policy={policy}: no such policy. {hint}")
    make = make_stability if issubclass(known[policy], Stability) else make_gate
    return make(policy, params, "system")
