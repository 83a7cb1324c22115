"""Decoders whose attention heads decide when enough was read.

========  ====================================================  =================================
kind      in training each head attends, in expectation, to     at inference
========  ====================================================  =================================
mma-h     the last frame of the chunk it stops at               the same
mma-il    all frames up to there                                the same
emma      all frames up to there                                all frames heard (as Seamless)
========  ====================================================  =================================

MMA: Ma et al. 2020, arXiv 1909.12406; EMMA: Ma et al. 2023, arXiv 2312.04515.  Every head of every
layer has its own probabilities of stopping at each chunk, for every token.

Shapes as in :mod:`.decoder`; ``chunks = T / CHUNK_FRAMES``.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from ..monotonic.alignment import emma, mma
from ..monotonic.attention import hard, lookback
from ..monotonic.choose import PChoose
from ..shape import CHUNK_FRAMES, Shape
from .decoder import CrossAttention, Decoder, split

Kind = Literal["mma-h", "mma-il", "emma"]


class MonotonicAttention(CrossAttention):
    """Attention to the source with a decision to stop; soft attention is that of the base class."""

    def __init__(self, shape: Shape, kind: Kind) -> None:
        super().__init__(shape)
        self.kind = kind
        self.estimate = emma if kind == "emma" else mma
        """Expected alignments in training; MMA's are exact while no product underflows."""
        self.choose = (
            PChoose(shape) if kind == "emma"
            else PChoose(shape, bias=-1.0, temperature=1.0, noise=1.0)
        )

    def energy(self, x: Tensor, keys: Tensor) -> Tensor:
        """``[B, heads, U, T]`` in float32."""
        query = split(self.query(x), self.heads)
        return (query @ keys.transpose(-1, -2)).float() / math.sqrt(query.shape[-1])

    def mix(self, weights: Tensor, values: Tensor) -> Tensor:
        mixed = weights.to(values.dtype) @ values
        return self.out(mixed.transpose(1, 2).flatten(2))

    def expect(self, x: Tensor, memory: Tensor, chunks: Tensor) -> tuple[Tensor, Tensor]:
        """What is attended in expectation, and the alignment ``[B, heads, U, chunks]``.

        ``chunks [B]`` counts those of each source.
        """
        keys, values = self.remember(memory)
        p = self.choose(x, self.choose.remember(memory))
        energy = self.energy(x, keys)
        # Sums of many products: not in half precision.
        with torch.autocast(x.device.type, enabled=False):
            alpha = self.estimate(p, chunks[:, None], "last")
            beta = (hard(alpha, CHUNK_FRAMES) if self.kind == "mma-h"
                    else lookback(alpha, energy, CHUNK_FRAMES))
        return self.mix(beta, values), alpha

    def stop(
        self, x: Tensor, keys: Tensor, values: Tensor, units: Tensor, start: Tensor,
        threshold: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What is attended at inference, the weights, ``p`` and where each head stops.

        ``start [heads]``: the chunk at which each head goes on.
        """
        p = self.choose(x, units)
        count = p.shape[-1]
        at = torch.arange(count, device=x.device)
        stops = (p >= threshold) & (at >= start[None, :, None, None])
        first = torch.where(stops, at, count).amin(-1)
        frame = torch.arange(keys.shape[2], device=x.device)
        seen = ((first.clamp(max=count - 1) + 1) * CHUNK_FRAMES)[..., None]
        energy = self.energy(x, keys)
        if self.kind == "mma-il":
            energy = energy.masked_fill(frame >= seen, float("-inf"))
        elif self.kind == "mma-h":
            energy = energy.masked_fill(frame != seen - 1, float("-inf"))
        weights = energy.softmax(-1)
        return self.mix(weights, values), weights, p, first


class MonotonicDecoder(Decoder):
    """A decoder whose heads decide; ``forward`` and ``step`` attend softly, as if told to."""

    def __init__(self, shape: Shape, kind: Kind) -> None:
        self.kind: Kind = kind  # needed by attention(), which the base class calls
        super().__init__(shape)

    def attention(self, shape: Shape) -> nn.Module:
        return MonotonicAttention(shape, self.kind)

    def expect(self, tokens: Tensor, frames: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Training: all tokens at once under the expected alignment.

        ``counts [B]`` are the encoder frames of each source, whole chunks.  Returns logits
        ``[B, U, pieces]`` and alignments ``[layers, B, heads, U, chunks]``, whose rows sum to 1.
        """
        memory = self.place(frames)
        chunks = counts // CHUNK_FRAMES
        x = self.embed(tokens)
        none = x.new_zeros(x.shape[0], self.shape.heads, 0, self.shape.width // self.shape.heads)
        alphas = []
        for layer in self.layers:
            mixed, _, _ = layer.self_attention(layer.norm_self(x), none, none)
            x = x + layer.dropout(mixed)
            mixed, alpha = layer.cross.expect(layer.norm_cross(x), memory, chunks)
            alphas.append(alpha)
            x = x + layer.dropout(mixed)
            x = x + layer.dropout(layer.feed(layer.norm_feed(x)))
        return self.logits(x), torch.stack(alphas)

    def units(self, frames: Tensor, first: Tensor) -> Tensor:
        """What heads decide on of new frames: ``[layers, heads, chunks, width / heads]``.

        ``frames [1, n, width]``, whole chunks, the first of them the ``first``-th of the
        utterance; beside :meth:`remember`, which attention needs.
        """
        memory = self.place(frames, first)
        return torch.cat([layer.cross.choose.remember(memory) for layer in self.layers])

    def monotonic_step(
        self, tokens: Tensor, first: Tensor, past_keys: Tensor, past_values: Tensor,
        keys: Tensor, values: Tensor, units: Tensor, start: Tensor, threshold: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """New tokens of one stream, with how far each head would read for them.

        As :meth:`Decoder.step`, but with ``units`` from :meth:`units`, ``start [layers, heads]``
        (the chunk at which each head stopped for the token before, at first 0) and a scalar
        ``threshold`` in place of what is visible.  Beyond logits, attention and states it returns
        ``p_choose [layers, heads, n, chunks]`` and the stops ``[layers, heads, n]``; ``chunks``
        stands for a head that did not stop, which attends to all that was heard.  MMA's heads go
        on from token to token, so that MMA takes one token at a time; EMMA takes any number.
        """
        x = self.embed(tokens, first)
        seen, kept_keys, kept_values, chosen, stops = [], [], [], [], []
        for number, layer in enumerate(self.layers):
            one = slice(number, number + 1)
            mixed, key, value = layer.self_attention(
                layer.norm_self(x), past_keys[one], past_values[one]
            )
            kept_keys.append(key)
            kept_values.append(value)
            x = x + mixed
            mixed, weights, p, stop = layer.cross.stop(
                layer.norm_cross(x), keys[one], values[one], units[one], start[number], threshold
            )
            seen.append(weights)
            chosen.append(p)
            stops.append(stop)
            x = x + mixed
            x = x + layer.feed(layer.norm_feed(x))
        return (self.logits(x)[0], torch.cat(seen), torch.cat(kept_keys), torch.cat(kept_values),
                torch.cat(chosen), torch.cat(stops))


def monotonic_from(decoder: Decoder, kind: Kind) -> MonotonicDecoder:
    """A monotonic decoder with the weights of a multipath one; what decides starts afresh."""
    out = MonotonicDecoder(decoder.shape, kind)
    out.load_state_dict({**out.state_dict(), **decoder.state_dict()})
    return out
