"""Results as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from s2st_bench import host


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same keys, aligned; numbers to the right."""
    heads = list(rows[0])
    cells = [[_cell(row[head]) for head in heads] for row in rows]
    widths = [
        max(len(head), *(len(line[i]) for line in cells)) for i, head in enumerate(heads)
    ]
    lines = [heads, ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def save(
    folder: Path, name: str, rows: Sequence[Mapping[str, Any]], gates: Sequence[Mapping[str, Any]]
) -> Path:
    """Write ``NAME.json``; a result without its machine is no result."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    result = {
        "benchmark": name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "host": host.describe(),
        "rows": list(rows),
        "gates": list(gates),
    }
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def gate(name: str, value: float, limit: float, *, at_least: bool) -> dict[str, Any]:
    """One condition on a measured value."""
    met = value >= limit if at_least else value <= limit
    return {
        "gate": name, "value": value, "wanted": f"{'>=' if at_least else '<='} {limit:g}",
        "met": met,
    }


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "-" if value is None else str(value)
