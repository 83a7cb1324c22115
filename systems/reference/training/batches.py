"""Batches of utterances of like length, varied anew each time they are seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..frontend import MELS, Frames
from ..pieces import BLANK, END, Pieces, tag
from ..shape import CHUNK_FRAMES, CHUNK_MELS, MEL_CONTEXT
from .speech import Row, Shard

Generator = np.random.Generator


@dataclass(frozen=True, slots=True)
class Batch:
    """``mel [B, MEL_CONTEXT + T, MELS]`` not normalised; ``frames [B]`` encoder frames of each.

    ``source`` and ``target`` are pieces, padded with ``BLANK``; a target ends with ``END``, and
    ``tags [B]`` are the pieces of the target languages.
    """

    mel: Tensor
    frames: Tensor
    source: Tensor
    target: Tensor
    tags: Tensor


def varied(frames: Frames, rng: Generator) -> Frames:
    """The same speech by a slightly other mouth: tempo, vocal tract, level, masked bands."""
    count = max(CHUNK_MELS, round(len(frames) * rng.uniform(0.88, 1.12)))
    at = np.linspace(0, len(frames) - 1, count)
    bins = np.clip(np.arange(MELS) * rng.uniform(0.92, 1.08), 0, MELS - 1)
    low, left = np.floor(at).astype(int), np.floor(bins).astype(int)
    high, right = np.minimum(low + 1, len(frames) - 1), np.minimum(left + 1, MELS - 1)
    part = (at - low)[:, None]
    slow = frames[low] * (1 - part) + frames[high] * part
    part = bins - left
    out: Frames = (slow[:, left] * (1 - part) + slow[:, right] * part).astype(np.float32)
    out += np.float32(rng.normal(0.0, 0.5))
    out += rng.normal(0.0, 0.15, out.shape).astype(np.float32)
    mean = out.mean()
    for _ in range(rng.integers(0, 3)):
        start = rng.integers(0, MELS - 8)
        out[:, start : start + rng.integers(1, 9)] = mean
    for _ in range(rng.integers(0, 3)):
        start = rng.integers(0, len(out))
        out[start : start + rng.integers(1, 13)] = mean
    return out


def silence(count: int) -> Frames:
    """Frames of digital silence."""
    from ..frontend import HOP, log_mel

    return log_mel(np.zeros(count * HOP, np.float32))


def padded(frames: Sequence[Frames]) -> tuple[Tensor, Tensor]:
    """One array of whole chunks, context in front; encoder frames of each utterance."""
    chunks = [-(-len(f) // CHUNK_MELS) for f in frames]
    length = max(chunks) * CHUNK_MELS
    mel = np.broadcast_to(silence(1), (len(frames), MEL_CONTEXT + length, MELS)).copy()
    for number, one in enumerate(frames):
        mel[number, MEL_CONTEXT : MEL_CONTEXT + len(one)] = one
    return torch.from_numpy(mel), torch.tensor(chunks) * CHUNK_FRAMES


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """``[B, longest]`` filled up with ``BLANK``."""
    out = np.full((len(rows), max(len(r) for r in rows)), BLANK, np.int64)
    for number, row in enumerate(rows):
        out[number, : len(row)] = row
    return torch.from_numpy(out)


def make_batch(
    rows: Sequence[tuple[Row, Frames]], targets: Sequence[str], pieces: Pieces
) -> Batch:
    """Rows and the language each is to be translated to."""
    mel, frames = padded([f for _, f in rows])
    return Batch(
        mel, frames,
        pad([pieces.encode(row.texts[row.lang]) for row, _ in rows]),
        pad([[*pieces.encode(row.texts[lang]), END]
             for (row, _), lang in zip(rows, targets, strict=True)]),
        torch.tensor([tag(lang) for lang in targets]),
    )


def batches(
    shards: Sequence[Shard], pieces: Pieces, seconds: float, seed: int, start: int = 0
) -> Iterator[Batch]:
    """Endless batches of about ``seconds`` of speech; batch ``start`` on, the same for a seed.

    German is translated to English and English to German, a fifth of each to Spanish.
    """
    rows = [(shard, row) for shard in shards for row in shard.rows]
    number = 0
    epoch = 0
    while True:
        rng = np.random.default_rng((seed, epoch))
        groups = alike([row.count for _, row in rows], seconds * 100, rng)
        for group in rng.permutation(len(groups)):
            number += 1
            if number > start:
                own = np.random.default_rng((seed, epoch, int(group)))
                chosen = [rows[i] for i in groups[group]]
                yield make_batch(
                    [(row, varied(shard.frames(row).astype(np.float32), own))
                     for shard, row in chosen],
                    [target_of(row.lang, own) for _, row in chosen], pieces,
                )
        epoch += 1


def alike(counts: Sequence[int], most: float, rng: Generator) -> list[list[int]]:
    """Indices of utterances in groups of about the same length, ``most`` frames in each."""
    lengths = np.array(counts) * rng.uniform(0.9, 1.1, len(counts))
    groups: list[list[int]] = [[]]
    total = 0
    for index in np.argsort(lengths):
        if groups[-1] and total + counts[index] > most:
            groups.append([])
            total = 0
        groups[-1].append(int(index))
        total += counts[index]
    return groups


def target_of(lang: str, rng: Generator) -> str:
    """The language to translate ``lang`` to, drawn."""
    if rng.random() < 0.2:
        return "es"
    return "en" if lang == "de" else "de"


def statistics(shards: Sequence[Shard]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean and inverse deviation of each mel bin."""
    sample = np.concatenate([s.features[:200_000] for s in shards]).astype(np.float32)
    return sample.mean(0), 1.0 / (sample.std(0) + 1e-3)


