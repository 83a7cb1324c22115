"""What the base model is trained for."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..model.decoder import Decoder
from ..model.encoder import Encoder
from ..pieces import BLANK, FIRST_TAG
from ..shape import CHUNK_FRAMES
from .batches import Batch

ASR_WEIGHT, ST_WEIGHT = 0.5, 0.3
SMOOTHING = 0.1
LONGEST_K = 10
WHOLE = 0.5
"""Share of sentences whose tokens see the whole source."""


def shifted(target: Tensor, tags: Tensor) -> Tensor:
    """Decoder inputs: the language's tag, then the target without its last piece."""
    return torch.cat([tags[:, None], target[:, :-1]], dim=1)


def visible_frames(frames: Tensor, words: Tensor, generator: torch.Generator) -> Tensor:
    """Multipath wait-k: ``k`` drawn per sentence; a token of word ``w`` sees ``k + w`` chunks.

    ``frames [B]`` counts all there are, ``words [B, U]`` the words begun up to each token, from 0.
    """
    size = len(frames)
    k = torch.randint(1, LONGEST_K + 1, (size, 1), generator=generator)
    whole = torch.rand(size, 1, generator=generator) < WHOLE
    seen = torch.where(whole, frames[:, None], (k + words) * CHUNK_FRAMES)
    return torch.minimum(seen, frames[:, None])


def word_index(target: Tensor, starts: Tensor) -> Tensor:
    """Number of words begun before the one each token belongs to; ``starts [pieces]`` is bool."""
    return (starts[target].long().cumsum(1) - 1).clamp(min=0)


def cross_entropy(logits: Tensor, target: Tensor, smoothing: float = SMOOTHING) -> Tensor:
    """Per token, padding left out."""
    return F.cross_entropy(logits.float().flatten(0, 1), target.flatten(), ignore_index=BLANK,
                           label_smoothing=smoothing)


def ctc(logits: Tensor, frames: Tensor, target: Tensor) -> Tensor:
    """CTC per target piece; utterances with more pieces than frames do not count."""
    lengths = (target != BLANK).sum(1)
    scores = logits.float().log_softmax(-1).transpose(0, 1)
    losses = F.ctc_loss(scores, target, frames, lengths, blank=BLANK, reduction="none",
                        zero_infinity=True)
    return (losses / lengths.clamp(min=1)).mean()


def base_loss(
    encoder: Encoder, decoder: Decoder, batch: Batch, starts: Tensor, generator: torch.Generator
) -> tuple[Tensor, dict[str, float]]:
    """Translation, ASR-CTC and ST-CTC together, and each apart."""
    with torch.autocast("cpu", torch.bfloat16):
        frames, asr = encoder(encoder.normalise(batch.mel))
        visible = visible_frames(batch.frames, word_index(batch.target, starts), generator)
        logits, _ = decoder(shifted(batch.target, batch.tags), frames, visible)
        every = torch.stack([head(frames) for head in encoder.st], dim=1)
    st = every[torch.arange(len(batch.tags)), batch.tags - FIRST_TAG]
    # ST-CTC has no end of sentence.
    without_end = batch.target.masked_fill(batch.target == 2, BLANK)
    parts = {
        "translation": cross_entropy(logits, batch.target),
        "asr": ctc(asr, batch.frames, batch.source),
        "st": ctc(st, batch.frames, without_end),
    }
    loss = parts["translation"] + ASR_WEIGHT * parts["asr"] + ST_WEIGHT * parts["st"]
    return loss, {name: float(part.detach()) for name, part in parts.items()}
