"""Average Token Delay (Kano et al. 2023, arXiv:2211.13173) as SimulEval 1.1.4 computes it.

The mean over target tokens of (end of the token - end of the source token it is paired with).
Outputs of one delay form a chunk; the source given between two chunks' delays is that chunk's.

Tokens
    Speech is cut into pieces of 300 ms and what remains, source per chunk and target per chunk.
    Text from speech is one token a unit, of no length; text from text is one of length 1 on both
    sides.
Pairs
    Target token t (from 1) of chunk c: source token min(t - max(0, Y - X), X'), with X and Y the
    source and target tokens before chunk c and X' the source tokens up to and with it.
Times
    A source token ends when it was spoken; a target token at max(when it was ready, end of the
    token before) + its length.  It is ready at its delay or, aware, at its live time.

SimulEval's aware variant (``compute="simuleval"``) keeps the delays and adds to each token the
growth of (elapsed - delay) since the token before, which fits its ever-growing ``elapsed``: it is
what such times get where nothing else is asked for.

All times ``float64[n]`` in milliseconds (tokens for text input), non-decreasing delays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from s2st_bench.batch import Rows
from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.timed import TEXT, TimedMetric
from s2st_bench.types import MetricSpec

from . import rows as batched
from .formulas import DIGITS, pieces

PIECE_MS = 300.0

ComputeRule = Literal["live", "simuleval"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Target tokens, arrays of n: when each is ready, how long it is, which chunk it is of."""

    ready: Floats
    length: Floats
    chunk: npt.NDArray[np.int64]


def text_tokens(delays: Floats, ready: Floats, length: Floats | float = 0.0) -> Tokens:
    """One token a unit."""
    return Tokens(ready, np.broadcast_to(length, delays.shape), chunks(delays))


def speech_tokens(
    delays: Floats, durations: Floats, ready: Floats, extra: Floats | float = 0.0
) -> Tokens:
    """Tokens of at most 300 ms from outputs of ``durations``; a chunk's are cut as one stretch.

    A token is ready when the output holding its first sample is; ``extra`` time of the outputs
    of a chunk is spread evenly over its tokens.
    """
    of_output = chunks(delays)
    spoken = np.asarray(np.bincount(of_output, weights=durations), dtype=np.float64)
    lengths, counts = cut(spoken)
    chunk = np.repeat(np.arange(len(counts)), counts)
    # Where each token begins, laid end to end as all outputs are: which output holds it?
    output_ends = np.cumsum(durations)
    chunk_starts = np.cumsum(spoken) - spoken
    number = np.arange(len(chunk)) - (np.cumsum(counts) - counts)[chunk]
    starts = chunk_starts[chunk] + PIECE_MS * number
    holder = np.searchsorted(output_ends, starts + 10.0**-DIGITS, side="right")
    more = np.bincount(of_output, weights=np.broadcast_to(extra, delays.shape))
    return Tokens(
        ready[np.minimum(holder, len(delays) - 1)],
        lengths + (more / np.maximum(counts, 1))[chunk],
        chunk,
    )


def atd(delays: Floats, tokens: Tokens, source_piece: float = PIECE_MS) -> float:
    """Mean delay of ``tokens``; ``delays`` of all outputs, non-decreasing, give the chunks."""
    chunk_delays = delays[np.flatnonzero(np.diff(delays, prepend=-np.inf))]
    chunk_starts = np.concatenate([[0.0], chunk_delays[:-1]])
    spans = chunk_delays - chunk_starts
    counts = pieces(spans, source_piece)
    n_source = np.concatenate([[0], np.cumsum(counts)])
    sizes = np.bincount(tokens.chunk, minlength=len(counts))
    target_before = (np.cumsum(sizes) - sizes)[tokens.chunk]
    number = np.arange(1, len(tokens.chunk) + 1)
    ahead = np.maximum(0, target_before - n_source[tokens.chunk])
    paired = np.minimum(number - ahead, n_source[tokens.chunk + 1])
    # The chunk that holds the paired token, and how much of it is spoken when the token is.
    holder = np.searchsorted(n_source[1:-1], paired - 1, side="right")
    spoken = np.minimum((paired - n_source[holder]) * source_piece, spans[holder])
    return float((ends(tokens) - (chunk_starts[holder] + spoken)).mean())


def ends(tokens: Tokens) -> Floats:
    """When each token ends: max(ready, end of the one before) + length."""
    # With the lengths taken off, the recursion is a running maximum.
    spoken = np.cumsum(tokens.length)
    idle = np.maximum.accumulate(np.maximum(tokens.ready - (spoken - tokens.length), 0.0))
    return np.asarray(idle + spoken)


def chunks(delays: Floats) -> npt.NDArray[np.int64]:
    """Number of the run of equal delays each output is in, from 0."""
    return np.cumsum(np.diff(delays, prepend=delays[0]) != 0, dtype=np.int64)


def cut(spans: Floats, piece: float = PIECE_MS) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Each span in ``piece``s and what remains: all their lengths, and how many are of each."""
    counts = pieces(spans, piece)
    rest = np.round(np.round(spans, DIGITS) - (counts - 1) * piece, DIGITS)
    lengths = np.full(counts.sum(), piece)
    lengths[np.cumsum(counts)[counts > 0] - 1] = rest[counts > 0]
    return lengths, counts


def growth(delays: Floats, elapsed: Floats) -> Floats:
    """Increase of (elapsed - delay) from each output to the next; the first from 0."""
    return np.diff(elapsed - delays, prepend=0.0)


class ATD(TimedMetric):
    """Average Token Delay of text output."""

    spec = MetricSpec("ATD", "ms", False, TEXT, ("CU", "CA"), "SimulEval 1.1.4; arXiv:2211.13173")
    needs_length = False

    def __init__(self, *, aware: bool = False, compute: ComputeRule | None = None) -> None:
        super().__init__(aware=aware)
        self._given = compute
        self.compute: ComputeRule = compute or "live"

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        delays = item.delays
        if not (np.diff(delays, prepend=0.0) >= 0).all():  # catches NaN as well
            return Unscored("delays decrease or come before the source")
        if len(times) != len(delays):
            return Unscored("there are not as many aware times as unaware ones")
        from_text = item.source_unit == "tokens"
        length = 1.0 if from_text else 0.0
        if self.aware and self.compute == "simuleval":
            tokens = text_tokens(delays, delays, length + growth(delays, times))
        else:
            tokens = text_tokens(delays, times, length)
        return atd(delays, tokens, 1.0 if from_text else PIECE_MS)

    def of_rows(self, rows: Rows) -> Floats:
        delays = rows.delays if self.aware else rows.times
        tokens = np.array([item.source_unit == "tokens" for item in rows.items], dtype=np.bool_)
        piece = np.where(tokens, 1.0, PIECE_MS)
        length = np.where(tokens, 1.0, 0.0)[rows.owner]
        if self.aware and self.compute == "simuleval":
            spent = rows.times - delays
            more = np.diff(spent, prepend=0.0)
            more[rows.first] = spent[rows.first]
            return batched.atd(rows, delays, delays, piece, length + more)
        return batched.atd(rows, delays, rows.times, piece, length)

    def on_clock(self, ca: str) -> Metric:
        if self._given is not None or ca != "simuleval":
            return self
        return ATD(aware=self.aware, compute="simuleval")

    def as_peer(self, peer: str) -> Metric:
        return ATD(aware=self.aware, compute="simuleval") if peer == "simuleval" else self

    def signature(self) -> Mapping[str, str]:
        return {"atd_compute": self.compute} if self.aware else {}
