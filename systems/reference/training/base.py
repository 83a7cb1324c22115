"""The base model's training: encoder, CTC heads and the multipath wait-k decoder together."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from ..model.decoder import Decoder
from ..model.encoder import Encoder
from ..pieces import Pieces
from ..shape import Shape
from .batches import batches, statistics
from .checkpoint import base_state, read, save
from .losses import base_loss
from .schedule import factor
from .speech import Shard


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how fast."""

    steps: int = 6000
    rate: float = 1e-3
    warmup: int = 300
    decay: int = 1500
    batch_s: float = 100.0
    seed: int = 1
    save_every: int = 250
    report_every: int = 50
    clip: float = 1.0


Report = Callable[[dict[str, float]], None]


def train_base(
    shards: Sequence[Shard], pieces: Pieces, out: Path, recipe: Recipe, *,
    shape: Shape | None = None, report: Report = lambda row: None,
    evaluate: Callable[[Encoder, Decoder], dict[str, float]] | None = None,
) -> Path:
    """Train, or go on from ``out/base.train.pt``; returns the checkpoint of the weights.

    ``out/base.log.jsonl`` gets a line per report.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    shape = shape or Shape(pieces=pieces.count)
    encoder, decoder = Encoder(shape), Decoder(shape)
    mean, scale = statistics(shards)
    encoder.mean.copy_(torch.from_numpy(mean))
    encoder.scale.copy_(torch.from_numpy(scale))
    weights = [*encoder.parameters(), *decoder.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.01,
                                  fused=True)
    generator = torch.Generator().manual_seed(recipe.seed)
    done = 0
    running = out / "base.train.pt"
    if running.is_file():
        state = read(running)
        encoder.load_state_dict(state["encoder"])
        decoder.load_state_dict(state["decoder"])
        optimiser.load_state_dict(state["optimiser"])
        generator.set_state(state["generator"])
        torch.set_rng_state(state["torch"])
        done = int(state["step"])
    starts = torch.tensor([pieces.starts_word(i) for i in range(pieces.count)])
    encoder.train()
    decoder.train()
    sums: dict[str, float] = {}
    since, began = 0, time.perf_counter()
    source = batches(shards, pieces, recipe.batch_s, recipe.seed, done)
    for step in range(done, recipe.steps):
        rate = recipe.rate * factor(step, recipe.steps, recipe.warmup, recipe.decay)
        for group in optimiser.param_groups:
            group["lr"] = rate
        loss, parts = base_loss(encoder, decoder, next(source), starts, generator)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, recipe.clip)
        optimiser.step()
        optimiser.zero_grad()
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        since += 1
        last = step + 1 == recipe.steps
        if (step + 1) % recipe.report_every == 0 or last:
            row = {"step": step + 1.0, "rate": rate,
                   **{name: total / since for name, total in sums.items()},
                   "step_s": (time.perf_counter() - began) / since}
            if evaluate is not None and ((step + 1) % (10 * recipe.report_every) == 0 or last):
                row |= evaluate(encoder.eval(), decoder.eval())
                encoder.train()
                decoder.train()
            with (out / "base.log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps({k: round(v, 5) for k, v in row.items()}) + "\n")
            report(row)
            sums, since, began = {}, 0, time.perf_counter()
        if (step + 1) % recipe.save_every == 0 or last:
            save(running, {**base_state(encoder, decoder), "optimiser": optimiser.state_dict(),
                           "generator": generator.get_state(), "torch": torch.get_rng_state(),
                           "step": step + 1})
    final = out / "base.pt"
    save(final, base_state(encoder, decoder))
    return final
