"""Cut a long hypothesis so that the word errors of its parts against the references are fewest.

Matusov et al. (2005, "Evaluating machine translation output with automatic sentence segmentation"):
one Levenshtein alignment of the hypothesis with all references in a row; a part ends where the
best path leaves the last token of its reference.  The sum of the parts' edits is the least that
any cut into as many parts has.  Followed from its end, a path takes a missing token before a
surplus one, and that before a match or substitution: ties then fall as mweralign 1.4's nearly
always do (which itself now and then misses the least).

The recursion runs on whole rows: with the column number taken off, a surplus token costs nothing
and the row is a running minimum.  Directions take two bits a cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def cuts(references: Sequence[Sequence[str]], hypothesis: Sequence[str]) -> npt.NDArray[np.intp]:
    """How many hypothesis tokens stand before the end of each reference, ``intp[k]``."""
    tokens = [token for reference in references for token in reference]
    n, m = len(tokens), len(hypothesis)
    ends = np.cumsum([len(reference) for reference in references])
    found = np.full(len(references), m, dtype=np.intp)
    if not n or not m:
        return found
    types = {token: i for i, token in enumerate(dict.fromkeys(hypothesis))}
    codes = np.array([types[token] for token in hypothesis], dtype=np.int64)
    columns = np.arange(m + 1, dtype=np.int64)
    missing_bits = np.empty((n, (m + 7) // 8), dtype=np.uint8)
    surplus_bits = np.empty_like(missing_bits)
    above = columns.copy()
    for i, token in enumerate(tokens):
        diagonal = above[:-1] + (codes != types.get(token, -1))
        missing = above[1:] + 1
        row = np.empty_like(above)
        row[0] = i + 1
        np.minimum(diagonal, missing, out=row[1:])
        row -= columns
        np.minimum.accumulate(row, out=row)
        row += columns
        missing_bits[i] = np.packbits(missing == row[1:])
        surplus_bits[i] = np.packbits(row[:-1] + 1 == row[1:])
        above = row
    at_end = _backtrack(missing_bits, surplus_bits, n, m)
    # a reference without tokens ends where the one before it does; the last takes the rest
    found[:] = at_end[ends]
    found[-1] = m
    return found


def _backtrack(
    missing_bits: npt.NDArray[np.uint8], surplus_bits: npt.NDArray[np.uint8], n: int, m: int
) -> npt.NDArray[np.intp]:
    """Columns at which the path first has used i reference tokens, ``intp[n + 1]``."""
    column = np.zeros(n + 1, dtype=np.intp)
    i, j = n, m
    column[n] = m
    while i > 0:
        byte, bit = (j - 1) >> 3, 7 - ((j - 1) & 7)
        if j == 0 or missing_bits[i - 1, byte] >> bit & 1:
            i -= 1
        elif surplus_bits[i - 1, byte] >> bit & 1:
            j -= 1
            continue
        else:
            i, j = i - 1, j - 1
        column[i] = j
    return column
