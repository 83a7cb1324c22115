"""Numbers and names of a decision, made safe to print anywhere."""

from __future__ import annotations

import re

from s2st_bench.gate.decide import Verdict

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
"""Control characters, marks of direction, and what XML cannot hold."""


def plain(text: str, longest: int = 300) -> str:
    """One line without control characters."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def number(value: float | None, unit: str, sign: bool = False) -> str:
    """A value with the digits its unit asks for."""
    if value is None:
        return "–"
    digits = 0 if unit == "ms" else 1 if unit == "%" else 3 if abs(value) < 1 else 2
    return f"{value:{'+' if sign else ''}.{digits}f}"


def interval(verdict: Verdict) -> str:
    """The 95 % interval of the difference."""
    if verdict.ci95 is None:
        return "–"
    low, high = (number(end, verdict.unit, sign=True) for end in verdict.ci95)
    return f"{low} … {high}"
