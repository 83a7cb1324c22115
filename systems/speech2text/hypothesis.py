"""An offline model asked for whole hypotheses, for policies around it (``system.inner=…``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from s2st_bench.system import HypothesisSession
from s2st_bench.types import AudioChunk, Samples, TextChunk

from .dialects import RATE_HZ
from .model import LEAST_S
from .segments import NOTHING, Segments
from .tokens import Tokens

Translate = Callable[["OfflineHypothesis", Samples, tuple[int, ...]], Sequence[int]]


class OfflineHypothesis(HypothesisSession):
    """Translates the segment under way anew each time; segments that are over stay as they are."""

    def __init__(
        self, segments: Segments, tokens: Tokens, prompt: Sequence[int], *, spaced: bool,
        translate: Translate,
    ) -> None:
        """``translate``: samples and prompt to tokens, timed on this session's meter."""
        self._segments = segments
        self._tokens = tokens
        self._prompt = tuple(prompt)
        self._space = " " if spaced else ""
        self._translate = translate
        self._fixed: list[str] = []
        self._heard: list[Samples] = []

    def accept(self, chunk: AudioChunk | TextChunk) -> None:
        if isinstance(chunk, AudioChunk):
            self._take(chunk.samples, chunk.is_last)

    def hypothesis(self, is_last: bool) -> str:
        if is_last:
            self._take(NOTHING, is_last)
        return self._space.join(text for text in [*self._fixed, self._text()] if text)

    def _take(self, samples: Samples, is_last: bool) -> None:
        for piece in self._segments.push(samples, is_last=is_last):
            self._heard.append(piece.samples)
            if piece.ends:
                self._fixed.append(self._text())
                self._heard = []

    def _text(self) -> str:
        if sum(map(len, self._heard)) < LEAST_S * RATE_HZ:
            return ""
        self._heard = [np.concatenate(self._heard)]
        return self._tokens.text(self._translate(self, self._heard[0], self._prompt))
