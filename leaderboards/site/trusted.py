"""Trust marks in a few words, for a table's cell, and in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from s2st_bench.standings.tables import Row
from s2st_bench.standings.text import label
from s2st_bench.trust.report import Trust


def has_marks(rows: Sequence[Row]) -> bool:
    """Whether any row was checked, or says that it was."""
    return any(row.entry.trust.state != "untested" for row in rows)


def in_short(trust: Trust) -> str:
    """``pass``, ``fails peeking``, ``6 pass, 1 open``; with ``claimed`` where it is a claim."""
    if trust.state == "untested":
        return "not testable" if trust.note.startswith("not testable") else "not tested"
    failed = [mark.title for mark in trust.marks if mark.verdict == "fail"]
    counts = Counter(mark.verdict for mark in trust.marks)
    if failed:
        said = f"fails {failed[0]}" + (f" and {len(failed) - 1} more" if failed[1:] else "")
    elif not counts["pass"]:
        said = "inconclusive" if counts["inconclusive"] else "not testable"
    else:
        said = "pass" if not counts["inconclusive"] else (
            f"{counts['pass']} pass, {counts['inconclusive']} open")
    return f"{said}, claimed" if trust.state == "claimed" else said


def in_words(trust: Trust) -> str:
    """Every mark with its evidence, a line each."""
    if trust.state == "untested":
        return label(trust.note, 300)
    lines = [f"{mark.title}: {mark.verdict}. {label(mark.evidence, 160)}" for mark in trust.marks]
    return "\n".join([label(trust.note, 300), *lines])
