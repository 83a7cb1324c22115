"""Holm's step-down correction (Holm 1979): the chance of any false finding in a family is held.

A family is what one reader looks through for a winner: on a board, the tests of one column
(metric) inside one latency regime.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")


def adjust(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values, in the order given; none where there was no test."""
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        adjusted[index] = largest
    return adjusted


def adjust_within(
    rows: Sequence[T], family: Callable[[T], Hashable], p_value: Callable[[T], float | None]
) -> list[float | None]:
    """:func:`adjust` inside each family, e.g. ``family=lambda r: (r.metric, r.regime)``."""
    members: dict[Hashable, list[int]] = {}
    for index, row in enumerate(rows):
        members.setdefault(family(row), []).append(index)
    adjusted: list[float | None] = [None] * len(rows)
    for indices in members.values():
        found = adjust([p_value(rows[i]) for i in indices])
        for index, p in zip(indices, found, strict=True):
            adjusted[index] = p
    return adjusted
