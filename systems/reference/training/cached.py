"""What a frozen encoder says of the training speech, computed once for many decoders.

A cache is a :class:`.speech.Shard` whose features are encoder frames, ``float16[frames, width]``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..model.encoder import Encoder
from ..pieces import END, Pieces, tag
from ..shape import FRAME_S
from .batches import alike, pad, padded, target_of, varied
from .speech import Row, Shard, read_shard


@dataclass(frozen=True, slots=True)
class Heard:
    """A batch: ``memory [B, T, width]``, ``frames [B]`` of each, ``target [B, U]``, ``tags [B]``.

    ``target`` ends with ``END`` and is padded with ``BLANK``.
    """

    memory: Tensor
    frames: Tensor
    target: Tensor
    tags: Tensor


@torch.no_grad()
def make_cache(
    folder: Path, encoder: Encoder, shards: Sequence[Shard], seed: int, seconds: float = 100.0
) -> Shard:
    """Encode every utterance once, varied as in the encoder's own training, or read it back."""
    if not (folder / "rows.jsonl").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        encoder.eval()
        rows, parts, start = [], [], 0
        rng = np.random.default_rng(seed)
        every = [(shard, row) for shard in shards for row in shard.rows]
        for group in alike([row.count for _, row in every], seconds * 100, rng):
            chosen = [every[index] for index in group]
            mel, counts = padded([varied(s.frames(row).astype(np.float32), rng)
                                  for s, row in chosen])
            with torch.autocast("cpu", torch.bfloat16):
                frames, _ = encoder(encoder.normalise(mel))
            for (_, row), one, count in zip(chosen, frames, counts.tolist(), strict=True):
                parts.append(one[:count].to(torch.float16).numpy())
                rows.append(replace(row, start=start, count=count))
                start += count
        np.save(folder / "features.npy", np.concatenate(parts))
        lines = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
        # Last and in one go: a folder with this file is whole.
        temporary = folder / "rows.jsonl.part"
        temporary.write_text(lines, encoding="utf-8")
        temporary.replace(folder / "rows.jsonl")
    return read_shard(folder)


def heard(
    cache: Shard, pieces: Pieces, seconds: float, seed: int, start: int = 0
) -> Iterator[Heard]:
    """Endless batches of about ``seconds`` of speech, as :func:`.batches.batches` makes them."""
    counts = [row.count for row in cache.rows]
    number = epoch = 0
    while True:
        rng = np.random.default_rng((seed, epoch))
        groups = alike(counts, seconds / FRAME_S, rng)
        for group in rng.permutation(len(groups)):
            number += 1
            if number > start:
                own = np.random.default_rng((seed, epoch, int(group)))
                rows = [cache.rows[index] for index in groups[group]]
                yield _batch(cache, rows, [target_of(row.lang, own) for row in rows], pieces)
        epoch += 1


def _batch(cache: Shard, rows: Sequence[Row], langs: Sequence[str], pieces: Pieces) -> Heard:
    frames = torch.tensor([row.count for row in rows])
    memory = torch.zeros(len(rows), int(frames.max()), cache.features.shape[1])
    for number, row in enumerate(rows):
        memory[number, : row.count] = torch.from_numpy(cache.frames(row)).float()
    target = pad([[*pieces.encode(row.texts[lang]), END]
                  for row, lang in zip(rows, langs, strict=True)])
    return Heard(memory, frames, target, torch.tensor([tag(lang) for lang in langs]))
