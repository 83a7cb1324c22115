"""How a decoder translates as speech comes in, in PyTorch: to judge a training, not to serve.

Source is heard a chunk at a time; the end of the sentence is only written once the source has
ended.  All of it is greedy.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..model.decoder import Decoder
from ..model.monotonic import MonotonicDecoder
from ..pieces import END, Pieces, tag
from ..shape import CHUNK_FRAMES

LONGEST = 80
Written = list[tuple[int, int]]
"""Pieces, each with the chunks that had been read."""


@torch.no_grad()
def emma(decoder: MonotonicDecoder, frames: Tensor, lang: str, threshold: float) -> Written:
    """EMMA's rule (as Seamless'): WRITE while all heads' p at the last chunk heard suffices.

    ``frames [T, width]`` of one utterance, whole chunks.
    """
    def ready(p: Tensor, stops: Tensor) -> bool:
        return bool(p[..., -1].min() >= threshold)

    return _monotonic(decoder, frames, lang, threshold, ready)


@torch.no_grad()
def mma(decoder: MonotonicDecoder, frames: Tensor, lang: str, threshold: float = 0.5) -> Written:
    """MMA's rule: WRITE once every head has stopped within what was heard."""
    def ready(p: Tensor, stops: Tensor) -> bool:
        return bool((stops < p.shape[-1]).all())

    return _monotonic(decoder, frames, lang, threshold, ready)


@torch.no_grad()
def wait_k(decoder: Decoder, frames: Tensor, lang: str, k: int, pieces: Pieces) -> Written:
    """Wait-k over words: the ``w``-th word (from 0) is written after ``k + w`` chunks."""
    stream = _Stream(decoder, frames, lang)
    words = 0
    while stream.writes():
        seen = stream.heard()
        visible = torch.tensor([[seen * CHUNK_FRAMES]])
        logits, _, keys, values = decoder.step(
            stream.token, stream.first, stream.past_keys, stream.past_values,
            stream.keys, stream.values, visible,
        )
        piece = int(logits[-1].argmax())
        begins = pieces.starts_word(piece)
        if not stream.done and (piece == END or (begins and seen < k + words)):
            stream.read += 1
            continue
        words += begins
        stream.write(piece, keys, values)
    return stream.written


def _monotonic(
    decoder: MonotonicDecoder, frames: Tensor, lang: str, threshold: float,
    ready: Callable[[Tensor, Tensor], bool],
) -> Written:
    stream = _Stream(decoder, frames, lang)
    units = decoder.units(frames[None], torch.tensor(0))
    start = torch.zeros(units.shape[:2], dtype=torch.long)
    while stream.writes():
        seen = stream.heard()
        until = seen * CHUNK_FRAMES
        logits, _, keys, values, p, stops = decoder.monotonic_step(
            stream.token, stream.first, stream.past_keys, stream.past_values,
            stream.keys[:, :, :until], stream.values[:, :, :until], units[:, :, :seen],
            start, torch.tensor(threshold),
        )
        start = stops[..., -1]
        piece = int(logits[-1].argmax())
        if not stream.done and (piece == END or not ready(p[:, :, -1], start)):
            stream.read += 1
            continue
        stream.write(piece, keys, values)
    return stream.written


class _Stream:
    """One utterance: how much is read, what is written, and the decoder's states for it."""

    def __init__(self, decoder: Decoder, frames: Tensor, lang: str) -> None:
        self.keys, self.values = decoder.remember(frames[None], torch.tensor(0))
        self.past_keys = self.past_values = self.keys[:, :, :0]
        self.token = torch.tensor([[tag(lang)]])
        self.chunks = len(frames) // CHUNK_FRAMES
        self.read = 1
        self.written: Written = []
        self._ended = False

    @property
    def first(self) -> Tensor:
        return torch.tensor(len(self.written))

    @property
    def done(self) -> bool:
        return self.read >= self.chunks

    def heard(self) -> int:
        return min(self.read, self.chunks)

    def writes(self) -> bool:
        return not self._ended and len(self.written) < LONGEST

    def write(self, piece: int, keys: Tensor, values: Tensor) -> None:
        if piece == END:
            self._ended = True
            return
        self.written.append((piece, self.read))
        self.past_keys, self.past_values = keys, values
        self.token = torch.tensor([[piece]])
