"""Which metrics a table shows, in which order, and how their numbers are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from s2st_bench.load.curve import MAX_STREAMS
from s2st_bench.types import Score

from .entries import Entry

View = Literal["unaware", "aware"]
"""Latency as the policy chose it (CU), or as a listener had it, computation included (CA)."""

AWARE_SUFFIX = "_CA"
SILENCE_SUFFIX = "_pen"
"""The variant of a latency in which a recording without an answer costs its length."""
MEASURED = frozenset({"RTF"})
"""Metrics without a suffix that exist only where computation was measured; :func:`is_measured`
knows those with a target in their name too."""

QUALITY_ORDER = ("XCOMET-XL", "XCOMET-XXL", "COMET", "COMET-Kiwi", "BLEU", "ASR-BLEU", "chrF",
                 "ASR-chrF")
LATENCY_ORDER = ("LongYAAL", "StreamLAAL", "YAAL", "LAAL", "AL", "DAL", "AP", "ATD",
                 "StartOffset", "EndOffset")
_DECIMALS = {"BLEU": 1, "ASR-BLEU": 1, "chrF": 1, "ASR-chrF": 1, "AP": 2, "RTF": 3}
_BY_UNIT = {"ms": 0, "s": 2, "%": 1, "streams": 0}


def is_measured(metric: str) -> bool:
    """Whether a metric without a suffix says something of the machine as well."""
    return metric in MEASURED or metric.startswith(f"{MAX_STREAMS}@")


@dataclass(frozen=True, slots=True)
class Column:
    """One metric of a table, as all its rows have it."""

    metric: str
    """Name in the scores, with its suffix: ``LAAL_CA``."""
    unit: str
    higher_is_better: bool | None
    kind: Literal["quality", "latency", "cost", "other"]
    signature: str = ""
    ranks_by: str = ""
    """The metric that orders and plots it: its variant in which silence costs, where scored."""
    unranked: str = ""
    """Why no table may be ranked by it; empty: one may."""
    marks: tuple[str, ...] = ()
    """What stands beside all its numbers, a few words each."""
    valued: bool = True
    """Whether any row has a number in it."""

    @property
    def by(self) -> str:
        return self.ranks_by or self.metric

    @property
    def name(self) -> str:
        """Name without the suffix: the variant is said once for the table."""
        return self.metric.removesuffix(AWARE_SUFFIX)

    @property
    def direction(self) -> str:
        """What is better, in words."""
        return {True: "higher is better", False: "lower is better", None: ""}[
            self.higher_is_better]

    def text(self, value: float | None) -> str:
        """A value as the table writes it."""
        if value is None:
            return "–"
        decimals = _DECIMALS.get(self.name, _BY_UNIT.get(self.unit, 3 if abs(value) < 2 else 1))
        written = f"{value:.{decimals}f}"
        # A minus sign, and no minus zero.
        return written.replace("-", "−") if float(written) else f"{0:.{decimals}f}"

    def interval(self, ends: tuple[float, float] | None) -> str:
        """An interval as the table writes it."""
        if ends is None:
            return "–"
        low, high = map(self.text, ends)
        return f"{low} to {high}" if low.startswith("−") else f"{low}–{high}"


def columns(entries: Sequence[Entry], view: View) -> tuple[Column, ...]:
    """The columns of a table of ``entries``: quality, then latency in ``view``, then the rest.

    Each metric's signature is that of the first entry that has a value; a table holds only
    entries whose signatures agree (see :mod:`.tables`).
    """
    found: dict[str, Score] = {}
    for entry in entries:
        for name, score in entry.scores.items():
            if name not in found or (found[name].value is None and score.value is not None):
                found[name] = score
    variants = {name for name in found if f"{name}{AWARE_SUFFIX}" in found}
    made = []
    for name, score in found.items():
        if name.endswith(SILENCE_SUFFIX) or not _in_view(name, variants, view):
            continue
        kind = _kind(name, score, variants)
        made.append(Column(name, score.unit, score.higher_is_better, kind, score.signature,
                           f"{name}{SILENCE_SUFFIX}" if f"{name}{SILENCE_SUFFIX}" in found else "",
                           *_standing([e.scores[name] for e in entries if name in e.scores]),
                           score.value is not None))
    return tuple(sorted(made, key=_order))


def primary(made: Iterable[Column], kind: Literal["quality", "latency"]) -> Column | None:
    """The column a table is ranked (quality) or plotted (latency) by."""
    return next((c for c in made if c.kind == kind and not c.unranked), None)


def _standing(scores: Sequence[Score]) -> tuple[str, tuple[str, ...]]:
    """Why none of the scores may rank, if none may; and the marks that all of them carry."""
    valued = [score for score in scores if score.value is not None]
    if not valued:
        return "", ()
    shared = [mark for mark in valued[0].marks if all(mark in score.marks for score in valued)]
    barred = all(score.unranked for score in valued)
    return valued[0].unranked if barred else "", tuple(shared)


def _in_view(name: str, variants: set[str], view: View) -> bool:
    if name.endswith(AWARE_SUFFIX):
        return view == "aware"
    if name in variants:
        return view == "unaware"
    return view == "aware" or not is_measured(name)


def _kind(
    name: str, score: Score, variants: set[str]
) -> Literal["quality", "latency", "cost", "other"]:
    base = name.removesuffix(AWARE_SUFFIX)
    if is_measured(name):
        return "cost"
    if base in LATENCY_ORDER or base in variants or name != base:
        return "latency"
    if base in QUALITY_ORDER or score.higher_is_better:
        return "quality"
    return "other"


def _order(column: Column) -> tuple[int, int, str]:
    kinds = ("quality", "latency", "cost", "other")
    known = QUALITY_ORDER if column.kind == "quality" else LATENCY_ORDER
    place = known.index(column.name) if column.name in known else len(known)
    return kinds.index(column.kind), place, column.metric
