"""Align a long hypothesis with its references: SoftSegmenter's alignment, row by row.

Polák et al. (2025, arXiv 2509.17349), as OmniSTEval 0.1.10 computes it: maximise the summed
similarity of aligned tokens without a price for gaps, similarity being the Jaccard index of two
tokens' character sets (equality for characters), and punctuation never aligned with anything
else.  Among equal scores a match is preferred to a skipped reference token, and that to a skipped
hypothesis token.  Unaligned hypothesis tokens join the reference token before or after them that
is more similar.

The recursion without gap cost runs on whole rows: a row is the running maximum of max(diagonal +
similarity, above), which gives the same floating-point values as the scalar recursion.
Directions take two bits a cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from s2st_bench.metric import Floats

Codes = npt.NDArray[np.intp]

NOWHERE = -1
"""The code of a token that nothing takes."""

PUNCTUATION = frozenset(".!?,;:-()。！？，；：—（）ー")
"""What is kept apart from words."""


def owners(
    reference: Sequence[str],
    hypothesis: Sequence[str],
    *,
    char_level: bool = False,
    reach: Codes | None = None,
) -> Codes:
    """The reference token that each hypothesis token belongs to, ``intp[m]``.

    Parameters
    ----------
    reach
        How many of the first reference tokens each hypothesis token may belong to, ``intp[m]``;
        none: all.

    Returns
    -------
    Indices; :data:`NOWHERE` for a token that none takes.
    """
    found = np.full(len(hypothesis), NOWHERE, dtype=np.intp)
    if not reference or not hypothesis:
        return found
    similarity = Similarity(hypothesis, char_level)
    position, matched = align(reference, similarity, reach)
    gap_taken_by_next = NOWHERE
    for j, (at, aligned) in enumerate(zip(position.tolist(), matched.tolist(), strict=True)):
        # an unaligned token stands between the reference tokens at - 1 and at
        if not aligned and gap_taken_by_next != at:
            before = similarity.pair(reference[at - 1], j) if at > 0 else -math.inf
            after = similarity.pair(reference[at], j) if at < len(reference) else -math.inf
            if after > before:
                gap_taken_by_next = at
        found[j] = at if aligned or gap_taken_by_next == at else at - 1
    return found if reach is None else np.minimum(found, reach - 1)


def align(
    reference: Sequence[str], similarity: Similarity, reach: Codes | None = None
) -> tuple[Codes, npt.NDArray[np.bool_]]:
    """The best alignment of m hypothesis tokens; see :func:`owners` for ``reach``.

    Returns
    -------
    position, matched
        ``intp[m]`` and ``bool[m]``: a matched token's reference token, or how many reference
        tokens stand before an unmatched one.
    """
    n, m = len(reference), similarity.size
    match_bits = np.empty((n, (m + 7) // 8), dtype=np.uint8)
    skip_bits = np.empty_like(match_bits)
    above = np.zeros(m + 1)
    row = np.zeros(m + 1)
    for i, token in enumerate(reference):
        match = above[:-1] + similarity.row(token)
        if reach is not None:
            match[reach <= i] = -math.inf
        skip = above[1:]
        np.maximum(match, skip, out=row[1:])
        np.maximum.accumulate(row, out=row)
        left = row[:-1]
        match_bits[i] = np.packbits((match >= skip) & (match >= left))
        skip_bits[i] = np.packbits(skip >= left)
        above, row = row, above
        row[0] = 0.0
    return _backtrack(match_bits, skip_bits, n, m)


class Similarity:
    """Similarities of any token to all tokens of a hypothesis.

    Kept per distinct token: a bit per character and whether it is punctuation.
    """

    def __init__(self, hypothesis: Sequence[str], char_level: bool) -> None:
        self.size = len(hypothesis)
        self._tokens = hypothesis
        self._char_level = char_level
        types = {token: i for i, token in enumerate(dict.fromkeys(hypothesis))}
        self._type_of = types
        self._types = np.array([types[token] for token in hypothesis], dtype=np.intp)
        self._is_punctuation = np.array([token in PUNCTUATION for token in types], dtype=bool)
        self._lengths = np.array([len(set(token)) for token in types], dtype=np.float64)
        self._holds: dict[str, npt.NDArray[np.uint8]] = {}
        for token, i in types.items():
            for char in set(token):
                self._holds.setdefault(char, np.zeros(len(types), dtype=np.uint8))[i] = 1

    def row(self, token: str) -> Floats:
        """Similarities ``float64[m]`` of ``token``; -inf between punctuation and words."""
        if self._char_level:
            values = np.zeros(len(self._type_of))
            if token in self._type_of:
                values[self._type_of[token]] = 1.0
        else:
            chars = set(token)
            shared = np.zeros(len(self._type_of), dtype=np.uint8)
            for char in chars & self._holds.keys():
                shared += self._holds[char]
            either = len(chars) + self._lengths - shared
            values = shared / np.where(either > 0, either, 1.0)
        values[self._is_punctuation != (token in PUNCTUATION)] = -math.inf
        return np.asarray(values[self._types])

    def pair(self, token: str, j: int) -> float:
        """Similarity of ``token`` to hypothesis token ``j``."""
        other = self._tokens[j]
        if (token in PUNCTUATION) != (other in PUNCTUATION):
            return -math.inf
        if self._char_level:
            return float(token == other)
        shared, either = set(token) & set(other), set(token) | set(other)
        return len(shared) / len(either) if either else 0.0


def _backtrack(
    match_bits: npt.NDArray[np.uint8], skip_bits: npt.NDArray[np.uint8], n: int, m: int
) -> tuple[Codes, npt.NDArray[np.bool_]]:
    position = np.zeros(m, dtype=np.intp)
    matched = np.zeros(m, dtype=np.bool_)
    i, j = n, m
    while i > 0 and j > 0:
        byte, bit = (j - 1) >> 3, 7 - ((j - 1) & 7)
        if match_bits[i - 1, byte] >> bit & 1:
            i, j = i - 1, j - 1
            position[j], matched[j] = i, True
        elif skip_bits[i - 1, byte] >> bit & 1:
            i -= 1
        else:
            j -= 1
            position[j] = i
    return position, matched  # tokens before the first reference token stay at position 0
