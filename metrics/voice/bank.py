"""Embeddings, computed once for each speech and kept by its samples and the embedder's weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from s2st_bench.cache import Cache
from s2st_bench.errors import InputError
from s2st_bench.metric import Floats
from s2st_bench.sound import digest
from s2st_bench.types import Samples

from .activity import RATE_HZ
from .embedder import Embedder, embed_all

LONGEST_S: Final = 120
"""Of one speech; of a longer one, pieces of 10 s spread evenly over it."""

_PIECE = 10 * RATE_HZ
_AT_ONCE = 600 * RATE_HZ


class Bank:
    """Embeddings of active speech."""

    def __init__(self, embedder: Embedder, batch_size: int, cache: Cache | None = None) -> None:
        self.embedder = embedder
        self._batch_size = batch_size
        self._cache = cache or Cache.standard()

    def embeddings(self, speeches: Sequence[Samples]) -> list[Floats]:
        """The embedding of each ``float32[n]`` at 16 kHz, ``float64[d]`` at unit length.

        Raises
        ------
        DependencyError, InputError
            The model is not at hand.
        """
        if not speeches:
            return []
        signature = dict(self.embedder.signature())
        cut = [shortened(speech) for speech in speeches]
        keys = [{"what": "voice", **signature, "audio": digest(s, RATE_HZ)} for s in cut]
        new = [i for i, key in enumerate(keys) if not self._cache.holds(key)]
        for part in _parts(new, cut):
            found = self._embed([cut[i] for i in part])
            for i, row in zip(part, found, strict=True):
                self._cache.get(keys[i], partial(list, row))
        return [np.array(self._cache.get(key, partial(self._one, speech)), dtype=np.float64)
                for key, speech in zip(keys, cut, strict=True)]

    def _one(self, speech: Samples) -> list[float]:
        return self._embed([speech])[0]

    def _embed(self, speeches: Sequence[Samples]) -> list[list[float]]:
        self.embedder.load()
        found = embed_all(self.embedder, speeches, self._batch_size)
        if not all(np.isfinite(row).all() for row in found):
            name = self.embedder.signature()["embedder"]
            raise InputError(f"{name} gave an embedding that is no finite number: its weights are "
                             "damaged or of another kind")
        return [[round(float(value), 7) for value in row] for row in found]


def shortened(speech: Samples) -> Samples:
    """At most two minutes of ``float32[n]`` at 16 kHz."""
    wanted = LONGEST_S * RATE_HZ
    if len(speech) <= wanted:
        return speech
    starts = np.linspace(0, len(speech) - _PIECE, wanted // _PIECE).round().astype(int)
    return np.concatenate([speech[start : start + _PIECE] for start in starts])


def _parts(numbers: Sequence[int], speeches: Sequence[Samples]) -> list[list[int]]:
    """``numbers`` in groups of about ten minutes of speech."""
    groups: list[list[int]] = []
    room = 0
    for number in numbers:
        if not groups or room < len(speeches[number]):
            groups.append([])
            room = _AT_ONCE
        groups[-1].append(number)
        room -= len(speeches[number])
    return groups
