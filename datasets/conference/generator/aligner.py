"""Automatic word alignment for hand-written sentences.

IBM model 1 (Brown et al. 1993) in both directions with a preference for the diagonal, as
fast_align has it (Dyer et al. 2013), learned from grammar sentences and the hand-written ones.
Links both directions agree on are kept; a target word still without one takes the best source
word of its own direction, so that every target word is tied to some source word.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

_NULL: Final = ""
_DIAGONAL: Final = 5.0
_ROUNDS: Final = 6
_FLOOR: Final = 1e-6
Pair = tuple[tuple[str, ...], tuple[str, ...]]
Table = Mapping[tuple[str, str], float]


def normal(text: str) -> tuple[str, ...]:
    """Lower-case words without punctuation, one per space-separated token."""
    return tuple(word.strip(".,;:?!¿¡").lower() for word in text.split())


def learn(pairs: Sequence[Pair]) -> Table:
    """t(target word | source word) by expectation maximisation."""
    table: dict[tuple[str, str], float] = {}
    for round_ in range(_ROUNDS):
        counts: dict[tuple[str, str], float] = defaultdict(float)
        totals: dict[str, float] = defaultdict(float)
        for source, target in pairs:
            sources = (_NULL, *source)
            for j, t in enumerate(target):
                weights = [(table.get((s, t), _FLOOR) if round_ else 1.0)
                           * _near(i - 1, len(source), j, len(target))
                           for i, s in enumerate(sources)]
                total = sum(weights)
                for s, weight in zip(sources, weights, strict=True):
                    counts[s, t] += weight / total
                    totals[s] += weight / total
        table = {(s, t): count / totals[s] for (s, t), count in counts.items()
                 if count / totals[s] > _FLOOR}
    return table


def _near(i: int, n: int, j: int, m: int) -> float:
    """How likely words ``i`` of ``n`` and ``j`` of ``m`` are by place alone; ``i`` -1 is none."""
    return 0.08 if i < 0 else math.exp(-_DIAGONAL * abs((i + 0.5) / n - (j + 0.5) / m))


def _similar(a: str, b: str) -> float:
    """1 for equal words (names), less for long common beginnings (cognates)."""
    if a == b:
        return 1.0
    common = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        common += 1
    return 0.2 if common >= 4 else 0.0


def _best(source: Sequence[str], target: Sequence[str], table: Table) -> list[int]:
    """For every target word its source word, or -1."""
    found = []
    for j, t in enumerate(target):
        scores = [table.get((_NULL, t), _FLOOR) * _near(-1, len(source), j, len(target))]
        scores += [(table.get((s, t), _FLOOR) + _similar(s, t))
                   * _near(i, len(source), j, len(target)) for i, s in enumerate(source)]
        found.append(max(range(len(scores)), key=scores.__getitem__) - 1)
    return found


def align(source: str, target: str, forward: Table, backward: Table) -> list[tuple[int, int]]:
    """Pairs of word indices; ``forward`` is t(target | source), ``backward`` the other way."""
    s, t = normal(source), normal(target)
    to_source, to_target = _best(s, t, forward), _best(t, s, backward)
    links = {(i, j) for j, i in enumerate(to_source) if i >= 0 and to_target[i] == j}
    held = {j for _, j in links}
    links |= {(i, j) for j, i in enumerate(to_source) if i >= 0 and j not in held}
    return sorted(links)
