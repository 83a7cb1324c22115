"""A waveform small enough to draw."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from s2st_bench.audio.decode import open_audio
from s2st_bench.types import Samples

_BLOCK_FRAMES = 1 << 16


def peaks(
    path: str | os.PathLike[str],
    buckets: int,
    offset_s: float = 0.0,
    duration_s: float | None = None,
) -> npt.NDArray[np.float32]:
    """``float32[buckets, 2]``: minimum and maximum of equal parts of a slice, all zero if empty.

    Bucket ``b`` of ``n`` samples covers ``b * n // buckets`` up to the start of the next, and at
    least one sample.  Streams; a file whose header only estimates its length is decoded twice.
    """
    if buckets < 1:
        raise ValueError(f"buckets must be at least 1, not {buckets}")
    n = _count(path, offset_s, duration_s)
    out = np.zeros((buckets, 2), np.float32)
    if n == 0:
        return out
    starts = np.arange(buckets, dtype=np.int64) * n // buckets
    out[:, 0], out[:, 1] = np.inf, -np.inf
    position = 0
    with open_audio(path, offset_s, duration_s) as reader:
        while len(block := reader.read(_BLOCK_FRAMES)):
            _fold(out, starts, block, position)
            position += len(block)
    return out


def _fold(
    out: npt.NDArray[np.float32], starts: npt.NDArray[np.int64], block: Samples, position: int
) -> None:
    """Fold ``block``, which begins at sample ``position``, into the buckets it touches."""
    first = max(int(np.searchsorted(starts, position, side="right")) - 1, 0)
    first = int(np.searchsorted(starts, starts[first], side="left"))
    last = int(np.searchsorted(starts, position + len(block), side="left"))
    inside = np.maximum(starts[first:last] - position, 0)
    # reduceat gives the sample itself where two starts are equal: buckets narrower than a sample.
    touched = out[first:last]
    np.minimum(touched[:, 0], np.minimum.reduceat(block, inside), out=touched[:, 0])
    np.maximum(touched[:, 1], np.maximum.reduceat(block, inside), out=touched[:, 1])


def _count(path: str | os.PathLike[str], offset_s: float, duration_s: float | None) -> int:
    with open_audio(path, offset_s, duration_s) as reader:
        if reader.frames_left is not None:
            return reader.frames_left
        n = 0
        while got := len(reader.read(_BLOCK_FRAMES)):
            n += got
        return n
