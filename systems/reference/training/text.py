"""The text translator's training: sentences in three languages, as written and as recognised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor

from ..model.text import TextTranslator
from ..pieces import BLANK, END, Pieces, tag
from ..shape import LANGS, Shape
from .batches import pad
from .checkpoint import read, save
from .loop import Report, Row, train_loop
from .losses import LONGEST_K, cross_entropy, word_index
from .noise import as_heard

POOL = 4096
"""Sentences drawn at a time, to make batches of like length."""
SOURCES = ("de", "en")

Sentences = Callable[[int], Iterable[Mapping[str, str]]]
"""For a seed, a stream of sentences that does not end: the text in each of ``LANGS``."""


@dataclass(frozen=True, slots=True)
class TextRecipe:
    """How long and how fast."""

    steps: int = 6000
    rate: float = 1.5e-3
    warmup: int = 300
    decay: int = 2000
    batch_tokens: int = 3000
    whole: float = 0.6
    """Share of sentences whose tokens see the whole source; the others learn wait-k."""
    seed: int = 1
    save_every: int = 250
    report_every: int = 50
    clip: float = 1.0


@dataclass(frozen=True, slots=True)
class TextBatch:
    """``source, target [B, T]`` pieces padded with ``BLANK``, both end with ``END``; ``tags [B]``
    are the pieces of the target languages.
    """

    source: Tensor
    target: Tensor
    tags: Tensor


def text_batches(
    sentences: Sentences, pieces: Pieces, tokens: int, seed: int, start: int = 0
) -> Iterator[TextBatch]:
    """Endless batches of about ``tokens`` pieces; batch ``start`` on, the same for a seed.

    Each sentence is translated from German once and from English once, to a language drawn.
    """
    number, pool = 0, 0
    while True:
        rng = Random(f"text-{seed}-{pool}")
        drawn = list(islice(sentences(rng.getrandbits(31)), POOL))
        others = {lang: [w for texts in drawn[:500] for w in texts[lang].split()]
                  for lang in SOURCES}
        rows: list[tuple[list[int], list[int], int]] = []
        for texts in drawn:
            for lang in SOURCES:
                target = rng.choice([other for other in LANGS if other != lang])
                heard = as_heard(texts[lang], others[lang], rng)
                rows.append(([*pieces.encode(heard), END],
                             [*pieces.encode(texts[target]), END], tag(target)))
        rng.shuffle(rows)
        rows.sort(key=lambda row: max(len(row[0]), len(row[1])))
        groups = list(_grouped(rows, tokens))
        rng.shuffle(groups)
        for group in groups:
            number += 1
            if number > start:
                yield TextBatch(pad([row[0] for row in group]), pad([row[1] for row in group]),
                                torch.tensor([row[2] for row in group]))
        pool += 1


def _grouped(
    rows: list[tuple[list[int], list[int], int]], tokens: int
) -> Iterator[list[tuple[list[int], list[int], int]]]:
    """Neighbours together, at most ``tokens`` pieces with their padding."""
    group: list[tuple[list[int], list[int], int]] = []
    for row in rows:
        longest = max(len(row[0]), len(row[1]))
        if group and 2 * longest * (len(group) + 1) > tokens:
            yield group
            group = []
        group.append(row)
    yield group


def visible_pieces(
    batch: TextBatch, starts: Tensor, share: float, generator: torch.Generator
) -> Tensor:
    """Multipath wait-k over words: a token of word ``w`` sees the first ``k + w`` source words.

    ``k`` is drawn per sentence, and a ``share`` of them sees the whole; ``starts [pieces]`` tells
    which pieces begin a word (``END`` does: it is the last word).  Returns ``[B, U]`` pieces.
    """
    size = len(batch.source)
    total = (batch.source != BLANK).sum(1, keepdim=True)
    k = torch.randint(1, LONGEST_K + 1, (size, 1), generator=generator)
    whole = torch.rand(size, 1, generator=generator) < share
    words = k + word_index(batch.target, starts)
    word = starts[batch.source].long().cumsum(1)  # of each source piece, from 1
    seen = (word[:, None, :] <= words[:, :, None]).sum(-1)
    return torch.where(whole, total, torch.minimum(seen, total))


def text_loss(
    model: TextTranslator, batch: TextBatch, starts: Tensor, whole: float,
    generator: torch.Generator,
) -> Tensor:
    """Cross-entropy of the next piece, with smoothing."""
    visible = visible_pieces(batch, starts, whole, generator)
    tokens = torch.cat([batch.tags[:, None], batch.target[:, :-1]], dim=1)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(tokens, batch.source, visible)
    return cross_entropy(logits, batch.target)


def train_text(
    sentences: Sentences, pieces: Pieces, out: Path, recipe: TextRecipe, *,
    shape: Shape | None = None,
    report: Report = lambda row: None,
    evaluate: Callable[[TextTranslator], dict[str, float]] | None = None,
) -> Path:
    """Train, or go on from ``out/text.train.pt``; returns the checkpoint of the weights.

    ``out/text.log.jsonl`` gets a line per report; ``evaluate`` adds to each tenth.
    """
    torch.manual_seed(recipe.seed)
    shape = shape or Shape(pieces=pieces.count, encoder_layers=2, decoder_layers=2)
    model = TextTranslator(shape)
    starts = torch.tensor([pieces.starts_word(i) for i in range(pieces.count)])

    def loss(batch: TextBatch, generator: torch.Generator) -> tuple[Tensor, Row]:
        one = text_loss(model, batch, starts, recipe.whole, generator)
        return one, {"loss": one.item()}

    train_loop(
        "text", out, {"model": model}, recipe,
        lambda done: text_batches(sentences, pieces, recipe.batch_tokens, recipe.seed, done),
        loss, extra={"shape": asdict(shape)}, report=report,
        evaluate=None if evaluate is None else lambda: evaluate(model),
    )
    final = out / "text.pt"
    save(final, text_state(model))
    return final


def text_state(model: TextTranslator) -> dict[str, Any]:
    """Weights and shape."""
    return {"shape": asdict(model.shape), "model": model.state_dict()}


def load_text(path: Path) -> TextTranslator:
    """The translator of a checkpoint."""
    state = read(path)
    model = TextTranslator(Shape(**state["shape"]))
    model.load_state_dict(state["model"])
    return model
