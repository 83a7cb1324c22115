"""Load curves of the runs that have one: Markdown for a README, CSV with full digits."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from s2st_bench.load.curve import Curve
from s2st_bench.load.words import HEAD, cells, verdict
from s2st_bench.standings.entries import Entry
from s2st_bench.standings.tables import Group

from .plain import escaped, safe

_NUMBERS = (
    "streams", "n_plays", "n_failed", "n_writes", "n_outside", "p50_s", "p95_s", "p99_s", "max_s",
    "misses", "drift", "jitter_p99_s", "late_p99_s", "harness_limited", "processes", "memory_mib",
    "cpu_cores", "others_cores", "disturbed", "wall_s", "overlap_s", "error",
)


def as_markdown(groups: Sequence[Group]) -> str:
    """A table for each curve, with what it comes to; empty where there is none."""
    parts = []
    for group, entry, curve in _curves(groups):
        head = [name or "marks" for name in HEAD]
        rows = [head, ["---:"] * (len(head) - 1) + ["---"],
                *([escaped(cell) for cell in cells(curve, level)] for level in curve.levels)]
        title = f"Load of {entry.name} on {group.corpus} {group.pair}, lag of a {curve.lag}"
        parts.append("\n".join([escaped(title), "", *(f"| {' | '.join(row)} |" for row in rows),
                                "", escaped(verdict(curve)), ""]))
    return "\n\n".join(parts)


def as_csv(groups: Sequence[Group]) -> str:
    """One line a level; empty where there is no curve."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["corpus", "source_lang", "target_lang", "system", "lag", "target_s", "holds",
                     "keeps_up", "knee", *_NUMBERS])
    n = 0
    for group, entry, curve in _curves(groups):
        for level in curve.levels:
            numbers = asdict(level)
            writer.writerow([safe("" if value is None else value) for value in (
                group.corpus, group.source_lang, group.target_lang, entry.name, curve.lag,
                curve.target_s, curve.holds(level), level.keeps_up, level.streams == curve.knee,
                *(numbers[name] for name in _NUMBERS))])
            n += 1
    return out.getvalue() if n else ""


def _curves(groups: Sequence[Group]) -> Iterator[tuple[Group, Entry, Curve]]:
    for group in groups:
        for entry in group.entries:
            if entry.load is not None:
                yield group, entry, entry.load
