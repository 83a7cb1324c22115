"""The marks of a trust check and what a set of them comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Verdict = Literal["pass", "fail", "inconclusive", "not tested"]
VERDICTS: Final[tuple[Verdict, ...]] = ("pass", "fail", "inconclusive", "not tested")

DETERMINISTIC: Final = "deterministic"
PEEKING: Final = "peeking"
CANNED: Final = "canned"
TIME_TRAVEL: Final = "time_travel"
STATE_LEAK: Final = "state_leak"
ALL_AT_END: Final = "all_at_end"
BABBLING: Final = "babbling"
HALLUCINATION: Final = "hallucination"

MEANING: Final[Mapping[str, str]] = MappingProxyType({
    DETERMINISTIC: "the same sound gives the same output, in fresh processes",
    PEEKING: "what is said before a point does not depend on what is spoken after it",
    CANNED: "what is said depends on what is heard",
    TIME_TRAVEL: "nothing is stamped earlier than what it rests on",
    STATE_LEAK: "a session does not depend on the sessions before it or beside it",
    ALL_AT_END: "output comes while the speaker talks",
    BABBLING: "output stops when nobody speaks",
    HALLUCINATION: "no words in silence",
})
"""Each mark, in the order shown, with what it says of a system that passes."""

BARRING: Final = frozenset({PEEKING, CANNED, TIME_TRAVEL, STATE_LEAK})
"""Marks whose failure leaves a system without a rank: its numbers do not mean what they say."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One judgement with its evidence, one sentence."""

    name: str
    verdict: Verdict
    evidence: str

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")


def untested(reason: str, names: Iterable[str] = MEANING) -> tuple[Mark, ...]:
    """Marks that were not tested, all for one reason."""
    return tuple(Mark(name, "not tested", reason) for name in names)


def ordered(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """All marks in the order shown; those that are missing were not tested."""
    found = {mark.name: mark for mark in marks}
    return tuple(found.get(name, Mark(name, "not tested", "not asked for")) for name in MEANING)


def overall(marks: Iterable[Mark]) -> Verdict:
    """Fail where one failed, else inconclusive where one is; pass needs one that passed."""
    verdicts = {mark.verdict for mark in marks}
    worst: tuple[Verdict, ...] = ("fail", "inconclusive", "pass")
    return next((verdict for verdict in worst if verdict in verdicts), "not tested")
