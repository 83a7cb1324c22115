"""The averages of ``formulas``, and ATD, of all items at once (:class:`~s2st_bench.batch.Rows`).

The same definitions; ``float64[m]``, one value a row, NaN where it has none.  ``lengths`` are R.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.batch import Ints, Rows, running
from s2st_bench.lagging import pieces
from s2st_bench.metric import Floats


def al(rows: Rows, lengths: Floats) -> Floats:
    """Average Lagging of each row."""
    source = rows.source_lengths
    tau = np.minimum(rows.late + 1, rows.sizes)
    first = rows.times[rows.first]
    late = (first > source) & ~np.isnan(lengths)
    return np.where(late, first, _mean_lag(rows, tau, source / lengths))


def laal(rows: Rows, lengths: Floats) -> Floats:
    """AL with max(n, R) units."""
    return al(rows, np.maximum(rows.sizes, lengths))


def dal(rows: Rows) -> Floats:
    """Differentiable Average Lagging of each row."""
    pace = rows.source_lengths / rows.sizes
    ahead = rows.running_max(rows.times - pace[rows.owner] * rows.place)
    return rows.sums(ahead) / rows.sizes


def ap(rows: Rows, lengths: Floats) -> Floats:
    """Average Proportion of each row."""
    return rows.sums(rows.times) / (rows.source_lengths * lengths)


def yaal(rows: Rows, lengths: Floats, ends: Floats | None = None) -> Floats:
    """YAAL of each row or, with ``ends`` of the recordings, LongYAAL."""
    tau = rows.late if ends is None else rows.before(ends)
    return _mean_lag(rows, tau, rows.source_lengths / np.maximum(rows.sizes, lengths))


def atd(rows: Rows, delays: Floats, ready: Floats, piece: Floats, length: Floats) -> Floats:
    """Average Token Delay of text output, as :func:`.atd.atd` has it.

    ``delays``, ``ready`` and ``length``, of target tokens, are of units, ``float64[t]``;
    ``piece``, the length of a source token, is of rows, ``float64[m]``.
    """
    before = np.concatenate([[0.0], delays[:-1]])
    before[rows.first] = 0.0
    step = delays - before
    wrong = np.logical_or.reduceat(~(step >= 0), rows.first) if len(rows) else np.zeros(0, bool)
    # A run of equal delays is a chunk; chunks are numbered through all rows.
    opens = (step != 0) | (rows.place == 0)
    head = np.flatnonzero(opens)
    chunk = np.cumsum(opens) - 1
    row = rows.owner[head]
    span = np.where(wrong[row], 0.0, step[head])
    count = pieces(span, piece[row])
    # Source tokens given before each chunk: through all rows, and in its row.
    total = np.cumsum(count)
    origin = (total - count)[chunk[rows.first]]
    given = total - count - origin[row]
    ahead = np.maximum(0, rows.place[head] - given)
    paired = np.minimum(rows.place + 1 - ahead[chunk], (given + count)[chunk])
    holder = np.searchsorted(total, origin[rows.owner] + paired - 1, side="right")
    holder = np.where(paired > 0, holder, chunk[rows.first][rows.owner])
    spoken = np.minimum((paired - given[holder]) * piece[rows.owner], span[holder])
    source_end = before[head][holder] + np.where(paired > 0, spoken, 0.0)
    taken = running(np.add, length, rows.place, 0.0) if length.any() else length
    idle = rows.running_max(np.maximum(ready - (taken - length), 0.0))
    return np.where(wrong, np.nan, rows.sums(idle + taken - source_end) / rows.sizes)


def _mean_lag(rows: Rows, tau: Ints, pace: Floats) -> Floats:
    lags = rows.times - pace[rows.owner] * rows.place
    return rows.sums(np.where(rows.place < tau[rows.owner], lags, 0.0)) / tau
