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

All times ``float64[n]`` in milliseconds (tokens for text input), non-decreasing delays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from s2st_bench.lagging import DIGITS, pieces
from s2st_bench.metric import Floats

PIECE_MS = 300.0


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
