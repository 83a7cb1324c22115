"""Cut what was said during a long recording into the recording's reference segments.

A :class:`Resegmenter` gives every unit of a hypothesis the index of its segment.  It sees texts
and computation-unaware times only, so that one alignment serves quality, unaware and aware
latency alike.

:class:`SoftSegmenter` is the alignment of Polák et al. (2025, arXiv 2509.17349), as OmniSTEval
0.1.10 computes it: maximise the summed similarity of aligned words without a price for gaps,
similarity being the Jaccard index of two words' character sets (equality for characters), and
punctuation never aligned with anything else.  Among equal scores a match is preferred to a
skipped reference word, and that to a skipped hypothesis word.  Unaligned hypothesis words join
the reference word before or after them that is more similar.

The recursion without gap cost runs row by row on whole arrays: a row is the running maximum of
max(diagonal + similarity, above), which gives the same floating-point values as the scalar
recursion.  Directions take two bits a cell.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.metric import Floats, LatencyUnit
from s2st_bench.types import Segment
from s2st_bench.units import split_units

Codes = npt.NDArray[np.intp]
Tokenize = Callable[[str], Sequence[str]]

NOWHERE = -1
"""The code of a unit that no segment takes."""

PUNCTUATION = frozenset(".!?,;:-()。！？，；：—（）ー")
"""What SoftSegmenter keeps apart from words."""


_UNSPLIT = frozenset({"zh", "ja", "cmn", "zho", "jpn"})


class Resegmenter(Protocol):
    """Assigns the units of one long hypothesis to reference segments."""

    def assign(
        self,
        units: Sequence[str],
        delays_s: Floats,
        segments: Sequence[Segment],
        references: Sequence[str],
        lang: str,
        unit: LatencyUnit,
    ) -> Codes:
        """The segment of each unit, ``intp[n]``; :data:`NOWHERE` for one that none takes.

        Parameters
        ----------
        delays_s
            Computation-unaware times ``float64[n]`` from the start of the recording.
        references
            One per segment, empty where a segment has none.
        """

    def signature(self) -> Mapping[str, str]:
        """What enters the signature of every score made from the segmentation."""


class SoftSegmenter:
    """SoftSegmenter's alignment.

    Parameters
    ----------
    tokenizer
        ``none`` aligns whole units; ``moses`` splits words first with the Moses tokenizer of the
        target language (Chinese and Japanese never), as OmniSTEval does when given ``--lang``.
    """

    def __init__(self, tokenizer: Literal["none", "moses"] = "none") -> None:
        if tokenizer not in ("none", "moses"):
            raise ConfigError(f"tokenizer={tokenizer!r}: none or moses is wanted")
        self.tokenizer = tokenizer

    def assign(
        self,
        units: Sequence[str],
        delays_s: Floats,
        segments: Sequence[Segment],
        references: Sequence[str],
        lang: str,
        unit: LatencyUnit,
    ) -> Codes:
        ref_units = [split_units(r.lower(), unit) for r in references]
        ref_segment = [i for i, row in enumerate(ref_units) for _ in row]
        with self._splitter(lang, unit) as split:
            hyp_tokens, hyp_owner = _tokens(units, split)
            ref_tokens, ref_owner = _tokens([u for row in ref_units for u in row], split)
        of_token = assign_tokens(
            ref_tokens, [ref_segment[i] for i in ref_owner], hyp_tokens, unit == "char"
        )
        codes = np.full(len(units), NOWHERE, dtype=np.intp)
        # the first token of a unit decides for the whole unit
        codes[hyp_owner[::-1]] = of_token[::-1]
        return codes

    def signature(self) -> Mapping[str, str]:
        return {"reseg": f"softsegmenter({self.tokenizer})"}

    @contextmanager
    def _splitter(self, lang: str, unit: LatencyUnit) -> Iterator[Tokenize | None]:
        base = lang.split("-")[0]
        if self.tokenizer == "none" or unit == "char" or base in _UNSPLIT:
            yield None
            return
        try:
            from mosestokenizer import MosesTokenizer
        except ImportError:
            raise DependencyError(
                "mosestokenizer", "SoftSegmenter with the Moses tokenizer", "longform"
            ) from None
        with MosesTokenizer(base, no_escape=True) as moses:  # a perl process
            yield moses


def assign_tokens(
    reference: Sequence[str], segments: Sequence[int], hypothesis: Sequence[str], char_level: bool
) -> Codes:
    """The segment of each hypothesis token, ``intp[m]``; ``segments[i]`` is reference token i's."""
    codes = np.full(len(hypothesis), NOWHERE, dtype=np.intp)
    if not reference or not hypothesis:
        return codes
    similarity = Similarity(hypothesis, char_level)
    position, matched = align(reference, similarity)
    gap_taken_by_next = NOWHERE
    for j, (at, aligned) in enumerate(zip(position.tolist(), matched.tolist(), strict=True)):
        # an unaligned token stands between the reference tokens at - 1 and at
        if not aligned and gap_taken_by_next != at:
            before = similarity.pair(reference[at - 1], j) if at > 0 else -math.inf
            after = similarity.pair(reference[at], j) if at < len(reference) else -math.inf
            if after > before:
                gap_taken_by_next = at
        owner = at if aligned or gap_taken_by_next == at else at - 1
        if owner >= 0:
            codes[j] = segments[owner]
    return codes


def align(reference: Sequence[str], similarity: Similarity) -> tuple[Codes, npt.NDArray[np.bool_]]:
    """The best alignment of m hypothesis tokens.

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


def _tokens(units: Sequence[str], split: Tokenize | None) -> tuple[list[str], Codes]:
    """Tokens of all units, NFKC and lower case, and the unit each comes from."""
    tokens: list[str] = []
    owner: list[int] = []
    for i, unit in enumerate(units):
        text = unicodedata.normalize("NFKC", unit).lower()
        pieces = [text] if split is None else split(text)
        tokens += pieces
        owner += [i] * len(pieces)
    return tokens, np.array(owner, dtype=np.intp)
