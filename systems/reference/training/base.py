"""The base model's training: encoder, CTC heads and the multipath wait-k decoder together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from ..model.decoder import Decoder
from ..model.encoder import Encoder
from ..pieces import Pieces
from ..shape import Shape
from .batches import batches, statistics
from .checkpoint import base_state, save
from .loop import Report, Row, train_loop
from .losses import base_loss
from .speech import Shard


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how fast."""

    steps: int = 7000
    rate: float = 1e-3
    warmup: int = 300
    decay: int = 1500
    batch_s: float = 70.0
    seed: int = 1
    save_every: int = 250
    report_every: int = 50
    clip: float = 1.0


def train_base(
    shards: Sequence[Shard], pieces: Pieces, out: Path, recipe: Recipe, *,
    shape: Shape | None = None, init: tuple[Encoder, Decoder] | None = None,
    report: Report = lambda row: None,
    evaluate: Callable[[Encoder, Decoder], Row] | None = None,
) -> Path:
    """Train, or go on from ``out/base.train.pt``; returns the checkpoint of the weights.

    ``init`` is a base model to start from, with its own shape.  ``out/base.log.jsonl`` gets a line
    per report.
    """
    torch.manual_seed(recipe.seed)
    if init is not None:
        encoder, decoder = init
    else:
        shape = shape or Shape(pieces=pieces.count)
        encoder, decoder = Encoder(shape), Decoder(shape)
        mean, scale = statistics(shards)
        encoder.get_buffer("mean").copy_(torch.from_numpy(mean))
        encoder.get_buffer("scale").copy_(torch.from_numpy(scale))
    starts = torch.tensor([pieces.starts_word(i) for i in range(pieces.count)])
    train_loop(
        "base", out, {"encoder": encoder, "decoder": decoder}, recipe,
        lambda done: batches(shards, pieces, recipe.batch_s, recipe.seed, done),
        lambda batch, generator: base_loss(encoder, decoder, batch, starts, generator),
        extra={"shape": asdict(encoder.shape)}, report=report,
        evaluate=None if evaluate is None else lambda: evaluate(encoder, decoder),
    )
    final = out / "base.pt"
    save(final, base_state(encoder, decoder))
    return final
