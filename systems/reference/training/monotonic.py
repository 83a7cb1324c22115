"""Decoders on a frozen encoder: monotonic ones, and the multipath wait-k they compare with.

All start from the base model's multipath decoder and are updated equally often, on the same
batches for the same seed.  Loss of the monotonic ones: label-smoothed cross-entropy under the
expected alignment + ``latency`` * the DAL of the heads' weighted delays + ``variance`` * (EMMA:
variance of where a head stops; MMA: divergence of its heads' delays).  Delays count chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..model.decoder import Decoder
from ..model.monotonic import Kind, MonotonicDecoder, monotonic_from
from ..monotonic import latency
from ..pieces import BLANK, Pieces
from ..shape import CHUNK_FRAMES, Shape
from .cached import Heard, heard
from .checkpoint import read, save
from .loop import Report, Row, train_loop
from .losses import cross_entropy, shifted, visible_frames, word_index
from .speech import Shard


@dataclass(frozen=True, slots=True)
class DecoderRecipe:
    """How long and how fast, and what reading on costs."""

    steps: int = 600
    rate: float = 5e-4
    warmup: int = 40
    decay: int = 240
    batch_s: float = 60.0
    seed: int = 1
    save_every: int = 100
    report_every: int = 20
    clip: float = 1.0
    latency: float = 0.03
    variance: float = 0.05


def multipath_loss(
    decoder: Decoder, batch: Heard, starts: Tensor, generator: torch.Generator
) -> tuple[Tensor, Row]:
    """Translation, each sentence seeing as much as its ``k`` allows."""
    visible = visible_frames(batch.frames, word_index(batch.target, starts), generator)
    with torch.autocast("cpu", torch.bfloat16):
        logits, _ = decoder(shifted(batch.target, batch.tags), batch.memory, visible)
    loss = cross_entropy(logits, batch.target)
    return loss, {"translation": loss.item()}


def monotonic_loss(
    decoder: MonotonicDecoder, batch: Heard, recipe: DecoderRecipe
) -> tuple[Tensor, Row]:
    """Translation under the expected alignment, and the cost of reading on."""
    with torch.autocast("cpu", torch.bfloat16):
        logits, alpha = decoder.expect(
            shifted(batch.target, batch.tags), batch.memory, batch.frames
        )
    source, target = batch.frames // CHUNK_FRAMES, (batch.target != BLANK).sum(1)
    # [layers, B, heads, U] to [layers * heads, B, U]
    delays = latency.expected_delays(alpha).transpose(1, 2).flatten(0, 1)
    parts = {
        "translation": cross_entropy(logits, batch.target),
        "latency": latency.dal(latency.weighted(delays, 0), source, target).mean(),
        "variance": (
            latency.variance(alpha, target[:, None]) if decoder.kind == "emma"
            else latency.divergence(delays, 0, target)
        ).mean(),
    }
    loss = (parts["translation"] + recipe.latency * parts["latency"]
            + recipe.variance * parts["variance"])
    return loss, {name: part.item() for name, part in parts.items()}


def train_monotonic(
    name: str, kind: Kind, start: Decoder, cache: Shard, pieces: Pieces, out: Path,
    recipe: DecoderRecipe, *, report: Report = lambda row: None,
) -> Path:
    """Train ``out/NAME.pt`` from the multipath decoder ``start``, or go on."""
    torch.manual_seed(recipe.seed)
    decoder = monotonic_from(start, kind)
    return _train(name, kind, decoder, cache, pieces, out, recipe, report,
                  lambda batch, generator: monotonic_loss(decoder, batch, recipe))


def train_multipath(
    name: str, start: Decoder, cache: Shard, pieces: Pieces, out: Path, recipe: DecoderRecipe, *,
    report: Report = lambda row: None,
) -> Path:
    """The same of a multipath wait-k decoder; ``start`` itself is left as it is."""
    torch.manual_seed(recipe.seed)
    decoder = Decoder(start.shape)
    decoder.load_state_dict(start.state_dict())
    starts = torch.tensor([pieces.starts_word(i) for i in range(pieces.count)])
    return _train(name, "multipath", decoder, cache, pieces, out, recipe, report,
                  lambda batch, generator: multipath_loss(decoder, batch, starts, generator))


def _train(
    name: str, kind: str, decoder: Decoder, cache: Shard, pieces: Pieces, out: Path,
    recipe: DecoderRecipe, report: Report,
    loss: Callable[[Heard, torch.Generator], tuple[Tensor, Row]],
) -> Path:
    def source(done: int) -> Iterator[Heard]:
        return heard(cache, pieces, recipe.batch_s, recipe.seed, done)

    about = {"kind": kind, "shape": asdict(decoder.shape), "recipe": asdict(recipe)}
    train_loop(name, out, {"decoder": decoder}, recipe, source, loss, extra=about, report=report)
    final = out / f"{name}.pt"
    save(final, {**about, "decoder": decoder.state_dict()})
    return final


def load_decoder(path: Path) -> Decoder:
    """The decoder of a checkpoint, of its kind.

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    state = read(path)
    shape = Shape(**state["shape"])
    kind = state["kind"]
    decoder = Decoder(shape) if kind == "multipath" else MonotonicDecoder(shape, kind)
    decoder.load_state_dict(state["decoder"])
    return decoder
