"""The network that says, for a token and a unit of the source, how likely a head stops there."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..shape import CHUNK_FRAMES, Shape


class Energy(nn.Sequential):
    """Two layers, ReLU between them.

    Seamless has four, each with its ReLU, the last one too: there no energy falls below the bias.
    """

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))


class PChoose(nn.Module):
    """``sigmoid((query . key / sqrt(d) + bias) / temperature)`` per head.

    Frames are averaged over an encoder chunk, the pre-decision unit, before they become keys.
    Bias -0.5 and temperature 0.2 are EMMA's.  ``noise`` is the deviation of what is added to
    energies in training, 1 for MMA: it drives probabilities to 0 and 1.
    """

    def __init__(
        self, shape: Shape, *, bias: float = -0.5, temperature: float = 0.2, noise: float = 0.0
    ) -> None:
        super().__init__()
        self.heads = shape.heads
        self.temperature = temperature
        self.noise = noise
        self.query = Energy(shape.width)
        self.key = Energy(shape.width)
        self.bias = nn.Parameter(torch.tensor(bias))

    def remember(self, memory: Tensor) -> Tensor:
        """Keys of the chunks of ``memory [B, T, width]``: ``[B, heads, T / 4, width / heads]``."""
        batch, length, width = memory.shape
        chunks = memory.view(batch, length // CHUNK_FRAMES, CHUNK_FRAMES, width).mean(2)
        return self._split(self.key(chunks))

    def forward(self, x: Tensor, keys: Tensor) -> Tensor:
        """Tokens ``x [B, U, width]`` and keys to ``p [B, heads, U, chunks]``, in float32."""
        query = self._split(self.query(x))
        energy = (query @ keys.transpose(-1, -2)).float() / math.sqrt(query.shape[-1])
        energy = energy + self.bias
        if self.training and self.noise > 0.0:
            energy = energy + self.noise * torch.randn_like(energy)
        return (energy / self.temperature).sigmoid()

    def _split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
