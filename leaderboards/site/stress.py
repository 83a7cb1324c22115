"""A stressed test set beside the clean one: the same system, settings and metrics on both.

They are two test sets, with two fingerprints, and never share a table; a system that ran on both
has its numbers side by side here.  A session joined of several recordings is scored over other
units than its parts, so that the differences say how much changes and not which is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s2st_bench.errors import UsageError
from s2st_bench.signature import Signature
from s2st_bench.standings.entries import Entry
from s2st_bench.standings.tables import Group
from s2st_bench.types import Score

_OTHERWISE = frozenset({"name", "out", "resume", "dataset", "delivery", "metrics",
                        "metric_options", "score", "source_lang", "target_lang"})
"""Settings in which the two runs may differ."""


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one system on both."""

    metric: str
    unit: str
    clean: float
    stressed: float

    @property
    def difference(self) -> float:
        return self.stressed - self.clean


@dataclass(frozen=True, slots=True)
class Pair:
    """One run under stress, and the run it is to be held against."""

    clean: Entry
    stressed: Entry
    changes: tuple[Change, ...]


def perturbation(group: Group) -> str:
    """What was done to the group's recordings; empty for a clean test set."""
    return str(group.entries[0].record.corpus_card.get("perturbation") or "")


def pairs(group: Group, groups: Sequence[Group]) -> tuple[Pair, ...]:
    """The group's runs beside those on the clean test set, in the group's order."""
    made = []
    for entry in group.entries:
        if not entry.record.corpus_card.get("perturbation"):
            continue
        clean = next((other for one in groups for other in one.entries
                      if _is_clean(other, entry)), None)
        if clean is not None and (changes := _changes(clean, entry)):
            made.append(Pair(clean, entry, changes))
    return tuple(made)


def _is_clean(other: Entry, entry: Entry) -> bool:
    one, two = other.record, entry.record
    return (one.fingerprint == two.corpus_card.get("clean") and one.system == two.system
            and (one.source_lang, one.target_lang) == (two.source_lang, two.target_lang)
            and _settings(one.config) == _settings(two.config))


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in _OTHERWISE}


def _changes(clean: Entry, stressed: Entry) -> tuple[Change, ...]:
    found = []
    for name, score in stressed.scores.items():
        other = clean.scores.get(name)
        if other is None or score.value is None or other.value is None:
            continue
        if _measured_alike(score, other):
            found.append(Change(name, score.unit, other.value, score.value))
    return tuple(found)


def _measured_alike(one: Score, other: Score) -> bool:
    """Whether the signatures differ in the test set only."""
    try:
        fields = [{key: value for key, value in Signature.parse(score.signature).fields
                   if key != "corpus"} for score in (one, other)]
    except UsageError:
        return False
    return fields[0] == fields[1]
