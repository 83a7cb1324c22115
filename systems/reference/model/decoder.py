"""A text decoder that sees, for each token, only the source it may see.

One decoder serves every policy that decides from the outside (wait-k with any k, local agreement,
AlignAtt, offline ...): in training each sentence draws how much source its tokens see (multipath
wait-k, Elbayad et al. 2020, arXiv 2005.08595, and the whole source).

The first input token names the target language.  Memory is what the encoder has said, with the
position of each frame since the start of the utterance added.

Shapes: tokens ``[B, U]``, memory ``[B, T, width]``, ``visible [B, U]`` counts frames.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..shape import Shape
from .encoder import FeedForward


def positions(at: Tensor, width: int) -> Tensor:
    """Sinusoids (Vaswani et al. 2017, section 3.5) of the positions ``at``: ``[..., width]``."""
    half = width // 2
    rates = torch.exp(torch.arange(half, device=at.device) * (-math.log(10_000.0) / half))
    angles = at[..., None].float() * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def split(x: Tensor, heads: int) -> Tensor:
    """``[B, T, width]`` to ``[B, heads, T, width / heads]``."""
    batch, length, width = x.shape
    return x.view(batch, length, heads, width // heads).transpose(1, 2)


def causal(
    qkv: Tensor, heads: int, past_keys: Tensor, past_values: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Attention of new tokens to those before and themselves.

    ``qkv [B, n, 3 * width]`` of the new ones; returns what is attended ``[B, n, width]``, and the
    keys and values of all tokens ``[B, heads, past + n, width / heads]``.
    """
    query, key, value = (split(part, heads) for part in qkv.chunk(3, dim=-1))
    key = torch.cat([past_keys.to(key.dtype), key], dim=2)
    value = torch.cat([past_values.to(value.dtype), value], dim=2)
    total, new = key.shape[2], query.shape[2]
    at = torch.arange(total, device=qkv.device)
    allowed = at[None, :] <= (at[total - new :])[:, None]
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
    return mixed.transpose(1, 2).flatten(2), key, value


class CrossAttention(nn.Module):
    """Soft attention to the frames a token may see."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Linear(shape.width, shape.width)
        self.key = nn.Linear(shape.width, shape.width)
        self.value = nn.Linear(shape.width, shape.width)
        self.out = nn.Linear(shape.width, shape.width)

    def remember(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory, ``[B, heads, T, width / heads]``."""
        return split(self.key(memory), self.heads), split(self.value(memory), self.heads)

    def forward(
        self, x: Tensor, keys: Tensor, values: Tensor, visible: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What is attended, and the weights ``[B, heads, U, T]``."""
        query = split(self.query(x), self.heads)
        energy = query @ keys.transpose(-1, -2) / math.sqrt(query.shape[-1])
        at = torch.arange(keys.shape[2], device=keys.device)
        hidden = at[None, None, None, :] >= visible[:, None, :, None]
        weights = energy.float().masked_fill(hidden, float("-inf")).softmax(-1)
        mixed = weights.to(values.dtype) @ values
        return self.out(mixed.transpose(1, 2).flatten(2)), weights


class DecoderLayer(nn.Module):
    """Self-attention, attention to the source, feed-forward."""

    def __init__(self, shape: Shape, cross: nn.Module) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm_self = nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.norm_cross = nn.LayerNorm(shape.width)
        self.cross = cross
        self.norm_feed = nn.LayerNorm(shape.width)
        self.feed = FeedForward(shape)
        self.dropout = nn.Dropout(shape.dropout)

    def self_attention(
        self, x: Tensor, past_keys: Tensor, past_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Causal attention to the tokens so far; returns the keys and values of all of them."""
        mixed, key, value = causal(self.qkv(x), self.heads, past_keys, past_values)
        return self.out(mixed), key, value


class Decoder(nn.Module):
    """Tokens so far to the logits of the next one."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.pieces, shape.width)
        nn.init.normal_(self.embedding.weight, std=shape.width**-0.5)
        self.layers = nn.ModuleList(
            DecoderLayer(shape, self.attention(shape)) for _ in range(shape.decoder_layers)
        )
        self.norm = nn.LayerNorm(shape.width)
        self.dropout = nn.Dropout(shape.dropout)

    def attention(self, shape: Shape) -> nn.Module:
        """A layer's attention to the source."""
        return CrossAttention(shape)

    def place(self, frames: Tensor, first: int | Tensor = 0) -> Tensor:
        """Encoder frames with their positions, counted from ``first``."""
        at = torch.arange(frames.shape[1], device=frames.device) + first
        return frames + positions(at, self.shape.width).to(frames.dtype)

    def embed(self, tokens: Tensor, first: int | Tensor = 0) -> Tensor:
        """Scaled embeddings with their positions."""
        at = torch.arange(tokens.shape[1], device=tokens.device) + first
        scaled = self.embedding(tokens) * math.sqrt(self.shape.width)
        return self.dropout(scaled + positions(at, self.shape.width))

    def logits(self, x: Tensor) -> Tensor:
        return self.norm(x) @ self.embedding.weight.T

    def forward(self, tokens: Tensor, frames: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        """All tokens at once: logits ``[B, U, pieces]``, attention ``[layers, B, heads, U, T]``."""
        memory = self.place(frames)
        x = self.embed(tokens)
        none = x.new_zeros(x.shape[0], self.shape.heads, 0, self.shape.width // self.shape.heads)
        seen = []
        for layer in self.layers:
            mixed, _, _ = layer.self_attention(layer.norm_self(x), none, none)
            x = x + layer.dropout(mixed)
            keys, values = layer.cross.remember(memory)
            mixed, weights = layer.cross(layer.norm_cross(x), keys, values, visible)
            seen.append(weights)
            x = x + layer.dropout(mixed)
            x = x + layer.dropout(layer.feed(layer.norm_feed(x)))
        return self.logits(x), torch.stack(seen)

    def remember(self, frames: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of new frames of one stream, ``[layers, heads, frames, width / heads]``.

        ``frames [1, n, width]``, the first of them the ``first``-th of the utterance.
        """
        memory = self.place(frames, first)
        pairs = [layer.cross.remember(memory) for layer in self.layers]
        return torch.cat([k for k, _ in pairs]), torch.cat([v for _, v in pairs])

    def step(
        self, tokens: Tensor, first: Tensor, past_keys: Tensor, past_values: Tensor,
        keys: Tensor, values: Tensor, visible: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """New tokens of one stream.

        ``tokens [1, n]``, the first of them at position ``first``; ``past_keys, past_values
        [layers, heads, first, width / heads]`` of the tokens before; ``keys, values`` from
        :meth:`remember`; ``visible [1, n]``.  Returns logits ``[n, pieces]``, attention
        ``[layers, heads, n, frames]``, and the states with the new tokens.
        """
        x = self.embed(tokens, first)
        seen, kept_keys, kept_values = [], [], []
        for number, layer in enumerate(self.layers):
            one = slice(number, number + 1)
            mixed, key, value = layer.self_attention(
                layer.norm_self(x), past_keys[one], past_values[one]
            )
            kept_keys.append(key)
            kept_values.append(value)
            x = x + mixed
            mixed, weights = layer.cross(layer.norm_cross(x), keys[one], values[one], visible)
            seen.append(weights)
            x = x + mixed
            x = x + layer.feed(layer.norm_feed(x))
        return (self.logits(x)[0], torch.cat(seen), torch.cat(kept_keys),
                torch.cat(kept_values))
