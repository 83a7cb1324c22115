"""Which ranks the numbers of a column leave open, and who is ahead beyond doubt.

All pairs of ranked entries are tested, and corrected by Holm (1979) within the column of one
table, which holds one latency regime.  A pair is tested on the same clusters where both runs hold
their values without each cluster (``left_out`` in scores.json); else on its two intervals, which
is too careful rather than too bold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from s2st_bench.compare import ranks
from s2st_bench.metric import Floats
from s2st_bench.scored import LeftOut
from s2st_bench.types import Score

from .columns import Column
from .entries import Entry


def places(ranked: Sequence[Entry], metric: str, up: bool) -> dict[str, tuple[int, int]]:
    """Entry key to the first and the last rank it may hold, for entries that have a value and
    may be ranked by it.
    """
    known = [(entry, score.value, score) for entry in ranked
             if (score := entry.scores.get(metric)) is not None and score.value is not None
             and not score.unranked]
    if not known:
        return {}
    values = np.array([value for _, value, _ in known])
    held = [i for i, (entry, _, _) in enumerate(known) if metric in entry.left_out]
    p = np.ones((len(known), len(known)))
    if len(held) < len(known):
        p = _from_intervals(values, [score for _, _, score in known])
    if held:
        p[np.ix_(held, held)] = _on_same_clusters(
            values[held], [known[i][0].left_out[metric] for i in held])
    found = ranks.ranges(values, p, higher_is_better=up)
    return {entry.key: (rank.best, rank.worst)
            for (entry, _, _), rank in zip(known, found, strict=True)}


def winner(ranked: Sequence[Entry], column: Column) -> Entry | None:
    """The entry found better than every other, by the metric that orders the column."""
    if column.higher_is_better is None:
        return None
    found = places(ranked, column.by, column.higher_is_better)
    ahead = [key for key, place in found.items() if place == (1, 1)]
    if len(found) < 2 or not ahead:
        return None
    return next(entry for entry in ranked if entry.key == ahead[0])


def _from_intervals(values: Floats, scores: Sequence[Score]) -> Floats:
    # an interval may be cut off where the metric's range ends: the longer half is the whole one
    halves = [max(abs(end - value) for end in score.ci95) if score.ci95 else np.nan
              for value, score in zip(values.tolist(), scores, strict=True)]
    n_clusters = np.array([score.n_clusters for score in scores], dtype=np.float64)
    return ranks.p_of_intervals(values, np.array(halves), n_clusters)


def _on_same_clusters(values: Floats, left_out: Sequence[LeftOut]) -> Floats:
    """Pairwise p; a cluster without a scored item of an entry does not move its value."""
    index = {name: i for i, name in enumerate(dict.fromkeys(
        name for one in left_out for name in one.clusters))}
    deviations = np.zeros((len(index), len(values)))
    sizes = np.zeros(len(index))
    for column, (value, one) in enumerate(zip(values.tolist(), left_out, strict=True)):
        at = [index[name] for name in one.clusters]
        deviations[at, column] = one.values - value
        sizes[at] = np.maximum(sizes[at], one.n_items)
    scored = sizes > 0
    return ranks.p_of_left_out(values, deviations[scored], sizes[scored])
