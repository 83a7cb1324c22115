"""Ear-voice span: from the end of a source word to the word that translates it.

A chain of two alignments: hypothesis words to the words of the first reference by longest common
subsequence (``lcs``: case and punctuation at a word's ends aside), and those to source words by the
corpus' own word alignment.  A unit's span starts at the end of the last source word aligned to
it; one that comes before its source word has a negative span.  Units without a partner have none.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.timed import is_long

_EDGES = string.punctuation + "¿¡«»„“”‚‘’…–—。、，！？"


def lcs_pairs(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Index pairs of one longest common subsequence, in order."""
    length = np.zeros((len(a) + 1, len(b) + 1), dtype=np.int64)
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            length[i, j] = (
                length[i + 1, j + 1] + 1 if a[i] == b[j]
                else max(length[i + 1, j], length[i, j + 1])
            )
    pairs = []
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif length[i + 1, j] >= length[i, j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def spans(item: Item, times: Floats) -> Floats | Unscored:
    """Milliseconds from the end of its last source word to each aligned unit, ``float64[m]``."""
    segment = item.segment
    links = segment.alignment.get(item.trace.target_lang, ())
    if not segment.words or not links or not item.references:
        return Unscored("the corpus has no source word times with an alignment")
    if item.unit != "word":
        return Unscored("the alignment is of words")
    if len(times) != len(item.units):
        return Unscored("there are not as many times as words")
    last_source: dict[int, int] = {}
    for source, target in links:
        last_source[target] = max(source, last_source.get(target, source))
    origin_s = segment.start_s if is_long(item) else 0.0
    reference = [_plain(word) for word in item.references[0].split()]
    found = [
        times[unit] - 1000.0 * (segment.words[last_source[target]].end_s - origin_s)
        for unit, target in lcs_pairs([_plain(u) for u in item.units], reference)
        if last_source.get(target, len(segment.words)) < len(segment.words)
    ]
    return np.array(found, dtype=np.float64)


def _plain(word: str) -> str:
    return word.strip(_EDGES).casefold() or word
