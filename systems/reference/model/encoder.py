"""A streaming speech encoder: chunks of 320 ms, a bounded past, no look-ahead.

Like Emformer (Shi et al. 2021, arXiv 2010.10759) each chunk attends to itself and to the keys and
values of a fixed number of frames before it, so that a chunk costs the same at any length of the
recording; like Conformer (Gulati et al. 2020, arXiv 2005.08100) each block has a convolution,
here causal.  Positions enter only as learned biases on the distance between frames.

Shapes: mel ``[B, MEL_CONTEXT + CHUNK_MELS * n, MELS]``, frames ``[B, CHUNK_FRAMES * n, width]``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..frontend import MELS
from ..shape import CHUNK_FRAMES, LANGS, Shape


class Subsampling(nn.Module):
    """Three strided convolutions, eightfold, without padding."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(MELS, width, 5, stride=2)
        self.second = nn.Conv1d(width, width, 3, stride=2)
        self.third = nn.Conv1d(width, width, 3, stride=2)

    def forward(self, mel: Tensor) -> Tensor:
        hidden = F.gelu(self.first(mel.transpose(1, 2)))
        hidden = F.gelu(self.second(hidden))
        return self.third(hidden).transpose(1, 2)


class SelfAttention(nn.Module):
    """Attention over a chunk and its past, with a bias per head and distance."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.left = shape.left_frames
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        # distances query - key, from -(CHUNK_FRAMES - 1) to left + CHUNK_FRAMES - 1
        self.bias = nn.Parameter(torch.zeros(shape.heads, self.left + 2 * CHUNK_FRAMES - 1))

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each ``[B, heads, T, width / heads]``."""
        batch, length, width = x.shape
        parts = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        return query, key, value

    def attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        """``mask`` is added to the scores, ``[heads, T, keys]``."""
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask.to(query.dtype))
        return self.out(mixed.transpose(1, 2).flatten(2))

    def mask(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Biases, and minus infinity where a key lies outside the chunk and its past."""
        distance = queries[:, None] - keys[None, :]
        start = (queries // CHUNK_FRAMES * CHUNK_FRAMES)[:, None]
        seen = (keys >= start - self.left) & (keys < start + CHUNK_FRAMES) & (keys >= 0)
        index = (distance + CHUNK_FRAMES - 1).clamp(0, self.bias.shape[1] - 1)
        return self.bias[:, index].masked_fill(~seen, float("-inf"))


class Convolution(nn.Module):
    """Pointwise gate, causal depthwise convolution, pointwise."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.past = shape.kernel - 1
        self.gate = nn.Linear(shape.width, 2 * shape.width)
        self.depthwise = nn.Conv1d(shape.width, shape.width, shape.kernel, groups=shape.width)
        self.out = nn.Linear(shape.width, shape.width)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """``past``: the last ``kernel - 1`` gated frames before ``x``; returns the new ones too."""
        gated = torch.cat([past.to(x.dtype), F.glu(self.gate(x), dim=-1)], dim=1)
        mixed = F.silu(self.depthwise(gated.transpose(1, 2)).transpose(1, 2))
        return self.out(mixed), gated[:, -self.past :]


class FeedForward(nn.Sequential):
    def __init__(self, shape: Shape) -> None:
        super().__init__(
            nn.Linear(shape.width, shape.ff), nn.GELU(), nn.Dropout(shape.dropout),
            nn.Linear(shape.ff, shape.width),
        )


class Block(nn.Module):
    """Attention, convolution and feed-forward, each with its norm before and a residual."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(shape.width)
        self.attention = SelfAttention(shape)
        self.norm_convolution = nn.LayerNorm(shape.width)
        self.convolution = Convolution(shape)
        self.norm_feed = nn.LayerNorm(shape.width)
        self.feed = FeedForward(shape)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(
        self, x: Tensor, mask: Tensor, keys: Tensor, values: Tensor, past: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """``keys`` and ``values`` of frames before ``x``; returns frames and what to keep."""
        query, key, value = self.attention.project(self.norm_attention(x))
        key = torch.cat([keys.to(key.dtype), key], dim=2)
        value = torch.cat([values.to(value.dtype), value], dim=2)
        x = x + self.dropout(self.attention.attend(query, key, value, mask))
        mixed, past = self.convolution(self.norm_convolution(x), past)
        x = x + self.dropout(mixed)
        x = x + self.dropout(self.feed(self.norm_feed(x)))
        return x, key, value, past


class Encoder(nn.Module):
    """Mel frames to encoder frames, with the heads that say how far recognition has come."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("mean", torch.zeros(MELS))
        self.register_buffer("scale", torch.ones(MELS))
        self.subsampling = Subsampling(shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.encoder_layers))
        self.norm_asr = nn.LayerNorm(shape.width)
        self.asr = nn.Linear(shape.width, shape.pieces)
        self.norm = nn.LayerNorm(shape.width)
        self.st = nn.ModuleList(nn.Linear(shape.width, shape.pieces) for _ in LANGS)

    def normalise(self, mel: Tensor) -> Tensor:
        """Mel frames as training saw them: each bin centred and scaled."""
        return (mel - self.mean) * self.scale

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Whole utterances from their start: frames after all layers, and ASR-CTC logits.

        ``mel`` is normalised, padded at the end to whole chunks; ``MEL_CONTEXT`` frames of zeros
        stand before it.
        """
        x = self.subsampling(mel)
        at = torch.arange(x.shape[1], device=x.device)
        batch, shape = x.shape[0], self.shape
        none = x.new_zeros(batch, shape.heads, 0, shape.width // shape.heads)
        past = x.new_zeros(batch, shape.kernel - 1, shape.width)
        logits = x
        for number, block in enumerate(self.blocks, 1):
            x, *_ = block(x, block.attention.mask(at, at), none, none, past)
            if number == shape.asr_layer:
                logits = self.asr(self.norm_asr(x))
        return self.norm(x), logits

    def step(
        self, mel: Tensor, keys: Tensor, values: Tensor, past: Tensor, seen: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """One chunk of one stream.

        ``mel [1, MEL_CONTEXT + CHUNK_MELS, MELS]`` not normalised yet; ``keys, values
        [layers, heads, left, width / heads]``; ``past [layers, kernel - 1, width]``; ``seen``
        frames before this chunk (the first ``left - seen`` keys are padding).  Returns frames,
        ASR-CTC and ST-CTC logits (``[langs, CHUNK_FRAMES, pieces]``), and the three states.
        """
        left = self.shape.left_frames
        x = self.subsampling(self.normalise(mel))
        chunk = torch.arange(CHUNK_FRAMES)
        # Counted from the oldest key kept, in whole chunks, so that the mask needs no length.
        queries, at = chunk + left, torch.arange(left + CHUNK_FRAMES)
        hidden = torch.where(at < left - seen, float("-inf"), 0.0)
        logits = x
        kept_keys, kept_values, kept_past = [], [], []
        for number, block in enumerate(self.blocks):
            mask = block.attention.mask(queries, at) + hidden
            x, key, value, gated = block(
                x, mask, keys[number : number + 1], values[number : number + 1],
                past[number : number + 1],
            )
            kept_keys.append(key[:, :, CHUNK_FRAMES:])
            kept_values.append(value[:, :, CHUNK_FRAMES:])
            kept_past.append(gated)
            if number + 1 == self.shape.asr_layer:
                logits = self.asr(self.norm_asr(x))
        x = self.norm(x)
        st = torch.cat([head(x) for head in self.st])
        return (x, logits, st, torch.cat(kept_keys), torch.cat(kept_values), torch.cat(kept_past))
