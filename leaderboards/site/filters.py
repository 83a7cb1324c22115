"""What the front page can be narrowed to: only what its test sets and systems differ in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from s2st_bench.certify import Regime
from s2st_bench.standings.choice import ABOVE
from s2st_bench.standings.tables import Group
from s2st_bench.standings.text import label

from .facts import licence, trust
from .published import Published, comparable

HIDDEN = {
    "unranked": "not ranked",
    "untrusted": "failed a trust check",
    "failed": "with failed recordings",
    "control": "controls and anchors",
    "disturbed": "measured on a shared host",
    "synthetic": "synthetic test sets",
    "published": "published rows",
}
"""What can be left out, and how the page says it."""


@dataclass(frozen=True, slots=True)
class Select:
    """One list to choose from: name in the address, label, (value, text) of each option."""

    name: str
    title: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """All of them."""

    selects: tuple[Select, ...]
    hide: tuple[tuple[str, str], ...]
    """(name in the address, text) of what can be left out."""


def make_filters(groups: Sequence[Group], published: Sequence[Published] = ()) -> Filters:
    """The filters of a board; a list with fewer than two options is left out."""
    entries = [entry for group in groups for entry in group.entries]
    rows = [row for g in groups for table in (*g.unaware, *g.aware) for row in table.rows]
    made = (
        Select("pair", "Languages", _same(label(g.pair, 24) for g in groups)),
        Select("corpus", "Corpus", _same(label(g.corpus, 48) for g in groups)),
        Select("regime", "Regime", _regimes(groups)),
        Select("output", "Output", _same(o for e in entries for o in e.heard.outputs)),
        Select("licence", "System licence", _same(licence(e) for e in entries)),
        Select("data", "Corpus licence", _same(corpus_licence(g) for g in groups)),
    )
    found = {mark for row in rows for mark in trust(row)}
    found |= {"synthetic"} if len({g.synthetic for g in groups}) > 1 else set()
    found |= {"published"} if any(comparable(published, g) for g in groups) else set()
    return Filters(tuple(select for select in made if len(select.options) > 1),
                   tuple((name, text) for name, text in HIDDEN.items() if name in found))


def corpus_licence(group: Group) -> str:
    return label(group.entries[0].record.corpus_card.get("licence") or "", 60)


def _same(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((value, value) for value in sorted(set(values)) if value)


def _regimes(groups: Sequence[Group]) -> tuple[tuple[str, str], ...]:
    """Regimes that some system is in; bounds are said where all test sets have the same."""
    used = {row.regime for g in groups for t in g.unaware for row in t.rows}
    bounds: dict[str, set[str]] = {}
    for group in groups:
        for regime in group.regimes:
            bounds.setdefault(regime.name, set()).add(span(regime))
    names = [(name, f"{name}: {spans.pop()}" if len(spans) == 1 else name)
             for name, spans in bounds.items()]
    return tuple((name, text) for name, text in (*names, (ABOVE, "above all")) if name in used)


def span(regime: Regime) -> str:
    """Its bounds in words: ``0–2 s``."""
    least, most = f"{regime.least_s:g}", f"{regime.most_s:g}"
    return f"up to {most} s" if least == "-inf" else f"over {least} s" if most == "inf" else \
        f"{least}–{most} s"
