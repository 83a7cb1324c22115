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


def collect(rows: Sequence[Row], wanted: Sequence[str] = ()) -> Facts:
    """Split the facts of ``rows`` into common and varying ones; unknown ones are left out.

    ``wanted`` are those that a board's definition asks for: they are said even where unknown.
    """
    by_name: dict[str, list[str]] = {
        "output": [" + ".join(row.entry.heard.outputs) for row in rows],
        "clock": [row.entry.record.clock for row in rows],
        "host": [host_name(row.entry.record.host) for row in rows],
        "system licence": [licence(row.entry) for row in rows],
        "clusters": [str(row.entry.n_clusters or "") for row in rows],
    }
    if any(row.regime for row in rows):
        by_name["regime"] = [row.regime or "none" for row in rows]
    if "cost" in wanted:
        by_name["cost per hour"] = [cost(row.entry) or "not stated" for row in rows]
    if "disconnects" in wanted:
        by_name["disconnects"] = [disconnects(row.entry) for row in rows]
    common, varying = [], []
    for name, values in by_name.items():
        distinct = set(values)
        if len(distinct) > 1:
            varying.append((name, tuple(value or "not stated" for value in values)))
        elif value := "".join(distinct):
            common.append((name, value))
    return Facts(tuple(common), tuple(varying))


def licence(entry: Entry) -> str:
    """The licence on the system's card; empty where it states none."""
    return label(entry.record.card.get("licence") or "", 60)


def cost(entry: Entry) -> str:
    """What an hour costs by the system's card: ``cost_per_hour`` in ``currency``."""
    value = entry.record.card.get("cost_per_hour")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        return ""
    return f"{value:.2f} {label(entry.record.card.get('currency') or 'USD', 8)}"


def disconnects(entry: Entry) -> str:
    """Connections of a service lost over the run; ``n/a`` of what runs in process."""
    lost = entry.heard.disconnects
    return "n/a" if lost is None else str(lost)


def trust(row: Row) -> tuple[str, ...]:
    """What a reader may want to leave out, as filters name it."""
    entry = row.entry
    said = {
        "control": entry.anchor,
        "unranked": bool(row.unranked) and not entry.anchor,
        "untrusted": bool(entry.trust.barred),
        "failed": bool(entry.failures),
        "disturbed": bool(entry.heard.n_disturbed),
    }
    return tuple(name for name, is_so in said.items() if is_so)
