"""A text translator of the same family: a causal encoder of source pieces under the same decoder.

The encoder never looks ahead, so that the words said so far are encoded once however the sentence
goes on.  A source that is complete ends with the piece ``END``, one that still goes on does not;
encoder and decoder share the embeddings of their pieces.

Shapes: source ``[B, T]`` pieces, frames ``[B, T, width]``, one a piece.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..shape import Shape
from .decoder import Decoder, causal, positions
from .encoder import FeedForward


class TextLayer(nn.Module):
    """Causal self-attention, feed-forward."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm_self = nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.norm_feed = nn.LayerNorm(shape.width)
        self.feed = FeedForward(shape)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(
        self, x: Tensor, past_keys: Tensor, past_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        mixed, keys, values = causal(self.qkv(self.norm_self(x)), self.heads, past_keys,
                                     past_values)
        x = x + self.dropout(self.out(mixed))
        return x + self.dropout(self.feed(self.norm_feed(x))), keys, values


class TextEncoder(nn.Module):
    """Source pieces to frames."""

    def __init__(self, shape: Shape, embedding: nn.Embedding) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = embedding
        self.layers = nn.ModuleList(TextLayer(shape) for _ in range(shape.encoder_layers))
        self.norm = nn.LayerNorm(shape.width)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, source: Tensor) -> Tensor:
        """Whole sources; what pads the end changes nothing before it."""
        shape = self.shape
        none = self.embedding.weight.new_zeros(
            shape.encoder_layers, source.shape[0], shape.heads, 0, shape.width // shape.heads)
        frames, _, _ = self._run(source, torch.tensor(0, device=source.device), none, none)
        return frames

    def step(
        self, source: Tensor, first: Tensor, past_keys: Tensor, past_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """New pieces of one source, the first of them at position ``first``.

        ``source [1, n]``; ``past_keys, past_values [layers, heads, first, width / heads]``.
        Returns frames ``[1, n, width]`` and the states with the new pieces.
        """
        frames, keys, values = self._run(source, first, past_keys[:, None], past_values[:, None])
        return frames, keys[:, 0], values[:, 0]

    def _run(
        self, source: Tensor, first: Tensor, past_keys: Tensor, past_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        width = self.shape.width
        at = torch.arange(source.shape[1], device=source.device) + first
        x = self.dropout(self.embedding(source) * math.sqrt(width) + positions(at, width))
        keys, values = [], []
        for layer, layer_keys, layer_values in zip(
            self.layers, past_keys, past_values, strict=True
        ):
            x, key, value = layer(x, layer_keys, layer_values)
            keys.append(key)
            values.append(value)
        return self.norm(x), torch.stack(keys), torch.stack(values)


class TextTranslator(nn.Module):
    """Encoder and decoder over one table of embeddings."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.decoder = Decoder(shape)
        self.encoder = TextEncoder(shape, self.decoder.embedding)

    def forward(self, tokens: Tensor, source: Tensor, visible: Tensor) -> Tensor:
        """Logits ``[B, U, pieces]`` of all ``tokens [B, U]`` at once; ``visible [B, U]`` counts
        pieces of the source.
        """
        logits: Tensor = self.decoder(tokens, self.encoder(source), visible)[0]
        return logits
