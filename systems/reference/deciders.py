"""How a policy of the library drives a decoder: asked before each piece, or after each hypothesis.

A decider yields, after every new chunk, the pieces that are now committed to, whole words at a
time.  What ends an utterance is decided by the segmentation of the source: until then a decoder
that wants to end its sentence, be it by a full stop, waits; after one it would say nothing more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from s2st_bench.policy.gate import Gate, State
from s2st_bench.policy.stability import Hypothesis, Stability, whole_words

from .pieces import END
from .runtime import Step
from .shape import CHUNK_FRAMES
from .utterance import Utterance, mean_attention


class Decider(ABC):
    """The decisions of one utterance."""

    def __init__(self, utterance: Utterance) -> None:
        self.utterance = utterance

    @abstractmethod
    def advance(self, done: bool) -> Iterator[str]:
        """Text of the words decided on since the last call; all that is left if ``done``."""


class Gated(Decider):
    """A gate is asked before each word or piece, as its unit says."""

    def __init__(self, utterance: Utterance, gate: Gate) -> None:
        super().__init__(utterance)
        self._gate = gate
        self._by_word = gate.unit == "word"
        self._complete = 0
        """Pieces of complete words."""

    def advance(self, done: bool) -> Iterator[str]:
        utterance, writer = self.utterance, self.utterance.writer
        if not utterance.ear.count:
            return
        while True:
            step = writer.next()
            piece = step.best
            closes = utterance.pieces.closes_sentence(piece)
            if utterance.starts_word(piece):
                if len(writer.tokens) > self._complete:
                    self._complete = len(writer.tokens)
                    yield utterance.said(writer.tokens)
            if len(writer.tokens) >= writer.limit or (done and piece == END):
                break
            if not done:
                asked = utterance.starts_word(piece) or not self._by_word
                state = self._state(step, closes)
                if asked and not self._gate.may_write(state):
                    if self._gate.takes_back(state):
                        writer.rewind(len(writer.tokens) - self._complete)
                    break
                if closes:
                    break
            writer.push(piece)
        if done and (rest := utterance.said(writer.tokens)):
            yield rest

    def _state(self, step: Step, closes: bool) -> State:
        utterance, tokens = self.utterance, self.utterance.writer.tokens
        needs = self._gate.needs
        return State(
            read=utterance.ear.count // CHUNK_FRAMES,
            written=utterance.words(tokens) if self._by_word else len(tokens),
            ends=closes,
            p_choose=step.p_choose if "p_choose" in needs else None,
            ctc=utterance.ctc if "ctc" in needs else None,
        )


class Restated(Decider):
    """The whole utterance is decoded again after each chunk, what was committed forced."""

    def __init__(
        self, utterance: Utterance, rule: Stability, *, every: int = 1, layer: int = -1
    ) -> None:
        """``every`` so many chunks; ``layer``: whose attention is looked at."""
        super().__init__(utterance)
        self._rule = rule
        self._every = every * CHUNK_FRAMES
        self._layer = layer
        self._decoded = 0
        """Frames that had been heard when it was last decoded."""
        self._rows: list[Any] = []
        """Attention of the committed pieces, each to the frames heard when it was decoded."""

    def advance(self, done: bool) -> Iterator[str]:
        utterance, writer = self.utterance, self.utterance.writer
        heard = utterance.ear.count
        if not heard or (not done and heard - self._decoded < self._every):
            return
        self._decoded = heard
        hypothesis = self._decode()
        count = self._rule.stable(hypothesis, len(writer.tokens), done)
        if not done:
            count = self._before_the_end(hypothesis, count)
        if hypothesis.attention is not None:
            self._rows += list(hypothesis.attention[len(writer.tokens) : count])
        for piece in hypothesis.units[len(writer.tokens) : count]:
            writer.push(int(piece))
        if text := utterance.said(writer.tokens):
            yield text

    def _before_the_end(self, hypothesis: Hypothesis, count: int) -> int:
        """Of ``count`` stable pieces, those of words before any mark that closes the sentence."""
        committed, pieces = len(self.utterance.writer.tokens), self.utterance.pieces
        for at in range(committed, count):
            if pieces.closes_sentence(int(hypothesis.units[at])):
                return max(committed, whole_words(at, hypothesis.starts_word or ()))
        return count

    def _decode(self) -> Hypothesis:
        """All heard so far, decoded greedily after the committed pieces."""
        utterance = self.utterance
        writer = utterance.writer
        writer.refresh()
        twin = writer.clone()
        seen: list[Any] = []
        while len(twin.tokens) < twin.limit:
            step = twin.next()
            seen.append(mean_attention(step.attention, self._layer))
            if step.best == END:
                break
            twin.push(step.best)
        units = twin.tokens
        attention = None
        if "attention" in self._rule.needs:
            attention = np.zeros((len(units), twin.heard))
            rows = [*self._rows, *seen[: len(units) - len(self._rows)]]
            for place, row in zip(attention, rows, strict=True):
                place[: len(row)] = row
        starts = tuple(utterance.starts_word(piece) for piece in units)
        return Hypothesis(units=units, attention=attention, starts_word=starts)
