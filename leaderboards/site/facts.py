"""What stands beside a table's numbers: said once where it is the same for all, else a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from s2st_bench.standings.entries import Entry
from s2st_bench.standings.tables import Row, host_name
from s2st_bench.standings.text import label


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of a table's rows by name."""

    common: tuple[tuple[str, str], ...]
    """(name, value) where all rows agree."""
    varying: tuple[tuple[str, tuple[str, ...]], ...]
    """(name, one value per row) where they do not."""


def collect(rows: Sequence[Row]) -> Facts:
    """Split the facts of ``rows`` into common and varying ones; unknown ones are left out."""
    by_name: dict[str, list[str]] = {
        "output": [" + ".join(row.entry.heard.outputs) for row in rows],
        "clock": [row.entry.record.clock for row in rows],
        "host": [host_name(row.entry.record.host) for row in rows],
        "system licence": [_licence(row.entry) for row in rows],
        "clusters": [str(row.entry.n_clusters or "") for row in rows],
    }
    common, varying = [], []
    for name, values in by_name.items():
        distinct = set(values)
        if len(distinct) > 1:
            varying.append((name, tuple(value or "not stated" for value in values)))
        elif value := "".join(distinct):
            common.append((name, value))
    return Facts(tuple(common), tuple(varying))


def _licence(entry: Entry) -> str:
    return label(entry.record.card.get("licence") or "", 60)
