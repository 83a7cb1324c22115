"""What a board's maker chooses: by which metric tables rank, and into which regimes they part.

A metric is named without its suffix (``LAAL`` is ``LAAL_CA`` in the aware view) or by a pattern
(``XCOMET*``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from s2st_bench.certify import Regime

from .columns import Column, primary
from .entries import Entry

ANY_PAIR = "*"
ABOVE = "above"
"""The regime of a latency beyond the last bound."""


@dataclass(frozen=True, slots=True)
class Regimes:
    """Ranges of latency, in seconds, within which a task compares systems."""

    metrics: tuple[str, ...]
    """The first that a group has decides; unaware."""
    bounds: Mapping[str, tuple[Regime, ...]]
    """By pair of languages (``en-de``); ``*`` is any other."""
    source: str = ""
    split: bool = False
    """Each regime has a table and ranks of its own."""

    def of_pair(self, source_lang: str, target_lang: str) -> tuple[Regime, ...]:
        return self.bounds.get(f"{source_lang}-{target_lang}", self.bounds.get(ANY_PAIR, ()))


@dataclass(frozen=True, slots=True)
class Choice:
    """Nothing chosen: the field's order of metrics, and no regimes."""

    rank_by: tuple[str, ...] = ()
    """The first that a table has ranks it; of any kind that says what is better."""
    latency_by: tuple[str, ...] = ()
    """The first that a table has is plotted against."""
    regimes: Regimes | None = None

    def ranking(self, made: Sequence[Column]) -> Column | None:
        """The column that ranks a table."""
        able = [c for c in made if not c.unranked and c.higher_is_better is not None]
        return _first(self.rank_by, able) or primary(made, "quality")

    def plotted(self, made: Sequence[Column], kind: Literal["quality", "latency"]
                ) -> Column | None:
        """The column that stands for quality or latency in a plot."""
        wanted = self.rank_by if kind == "quality" else self.latency_by
        able = [c for c in made if c.kind == kind and not c.unranked]
        return _first(wanted, able) or primary(made, kind)


FIELD = Choice()


def named(pattern: str, column: Column) -> bool:
    """Whether a choice's name or pattern is of the column."""
    return fnmatchcase(column.name, pattern)


def regime_metric(regimes: Regimes, entries: Iterable[Entry]) -> str:
    """The metric that decides regimes in a group; empty where it has none of them."""
    scored = {name for entry in entries for name, score in entry.scores.items()
              if score.value is not None}
    return next((metric for metric in regimes.metrics if metric in scored), "")


def regime_of(entry: Entry, metric: str, regimes: Sequence[Regime]) -> str:
    """The regime an entry's latency falls in; empty where it has none.

    Membership is by the value alone, as shared tasks have it.
    """
    score = entry.scores.get(metric)
    if score is None or score.value is None or not regimes:
        return ""
    seconds = score.value / 1000.0
    held = next((regime.name for regime in regimes if regime.holds(seconds)), "")
    return held or (ABOVE if seconds > max(regime.most_s for regime in regimes) else "")


def _first(wanted: Sequence[str], able: Sequence[Column]) -> Column | None:
    found = (column for pattern in wanted for column in able
             if column.valued and named(pattern, column))
    return next(found, None)
