"""What turns speech into a vector that says whose voice it is.

An embedder hears *windows* of one length, so that what it finds in one does not depend on what
stands beside it in a batch.  The embedding of a stretch of speech is the mean of its windows'
embeddings, each and all at unit length: similarity is the product of two (cosine).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import numpy as np

from s2st_bench.errors import ConfigError
from s2st_bench.metric import Floats
from s2st_bench.types import Samples

EmbedderName = Literal["resemblyzer", "ecapa", "wavlm"]

WINDOW_S = 3.0
"""Seconds of a window of ECAPA and WavLM: what both were trained on, and the least active speech
that is scored."""

Windows = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


class Embedder(Protocol):
    """A model of voices."""

    def signature(self) -> Mapping[str, str]:
        """What tells it from all others: name, weights; loads no model."""

    def load(self) -> None:
        """Load the model unless it is there.

        Raises
        ------
        DependencyError, InputError
        """

    def windows(self, speech: Samples) -> Windows:
        """Windows of ``float32[n]`` at 16 kHz, ``float32[k, …]`` with k of at least 1."""

    def embed(self, windows: Windows) -> Floats:
        """Embeddings of ``float32[b, …]``, ``float64[b, d]``."""


def make_embedder(name: EmbedderName, weights: str, device: str) -> Embedder:
    """The embedder of that name; ``weights`` is a folder here or a name on the hub."""
    if name == "resemblyzer":
        from .ge2e import Resemblyzer

        if weights:
            raise ConfigError("weights: resemblyzer has its own; give embedder=ecapa or wavlm")
        return Resemblyzer(device)
    if name == "ecapa":
        from .speechbrain_models import ECAPA, Ecapa

        return Ecapa(weights or ECAPA, device)
    from .wavlm import DEFAULT, WavLM

    return WavLM(weights or DEFAULT, device)


def even_windows(speech: Samples, length: int) -> Windows:
    """Windows of ``length`` samples that cover ``float32[n]``, evenly spread and as few as can be.

    Shorter speech is repeated until it fills one.
    """
    if len(speech) < length:
        return np.resize(speech, (1, length)).astype(np.float32)
    count = -(-len(speech) // length)
    starts = np.linspace(0, len(speech) - length, count).round().astype(int)
    return np.stack([speech[start : start + length] for start in starts])


def mean_direction(parts: Floats) -> Floats:
    """Mean direction of ``float64[k, d]``, ``float64[d]`` at unit length; zeros have none."""
    return _at_unit_length(_at_unit_length(parts).mean(axis=0))


def _at_unit_length(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0))


def embed_all(embedder: Embedder, speeches: Sequence[Samples], batch_size: int) -> list[Floats]:
    """The embedding of each speech, ``float64[d]`` at unit length; windows go in batches."""
    if not speeches:
        return []
    cut = [embedder.windows(speech) for speech in speeches]
    windows = np.concatenate(cut)
    found = np.concatenate([
        embedder.embed(windows[start : start + batch_size])
        for start in range(0, len(windows), batch_size)
    ])
    edges = np.cumsum([len(part) for part in cut])[:-1]
    return [mean_direction(part) for part in np.split(found, edges)]
