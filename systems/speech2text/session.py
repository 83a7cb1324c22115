"""One listener of an offline model, and the listener's wishes, answered alone or in batches.

A session is a generator of *wishes*: it yields what it wants decoded or spoken and is sent the
answer, so that several sessions' wishes can be fulfilled together (:mod:`.fulfil`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from s2st_bench.policy import Stability
from s2st_bench.system import Observation, Session
from s2st_bench.types import Read, Samples, Speech, Write

from .deciders import Decider, Gated, Restated, Rule
from .dialects import RATE_HZ
from .model import LEAST_S, Decoded, Encoded, Stop
from .segments import NOTHING, Piece, Segments
from .tokens import Tokens


@dataclass(frozen=True, slots=True)
class Decode:
    """A wish: ``samples`` in the prompt's language, continuing the ``committed`` tokens."""

    samples: Samples
    prompt: tuple[int, ...]
    committed: tuple[int, ...] = ()
    stop: Stop | None = None


@dataclass(frozen=True, slots=True)
class Speak:
    """A wish: ``ids[first:]`` as speech; ``ids`` translate what was encoded."""

    encoded: Encoded
    prompt: tuple[int, ...]
    ids: tuple[int, ...]
    first: int
    lang: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A wish fulfilled."""

    decoded: Decoded | None = None
    encoded: Encoded | None = None
    speech: Speech | None = None


Turn = Generator[Decode | Speak | Write, Answered | None, Read]


@dataclass(frozen=True, slots=True)
class Settings:
    """How all sessions of a system listen and speak."""

    rule: Rule
    min_segment_s: float = 10.0
    max_segment_s: float = 28.0
    min_silence_s: float = 0.5
    step_s: float = 0.0
    """New audio before it is decoded again; 0: after every chunk."""
    read_s: float = 0.32
    """What gates count as one unit read."""
    max_new_tokens: int = 128
    speech_min_words: int = 3

    def segments(self) -> Segments:
        return Segments(min_s=self.min_segment_s, max_s=self.max_segment_s,
                        min_silence_s=self.min_silence_s)

    def decider(self, tokens: Tokens) -> Decider:
        rule = self.rule.fresh()
        if isinstance(rule, Stability):
            return Restated(tokens, rule)
        return Gated(tokens, rule, self.read_s, self.max_new_tokens)


class _Segment:
    """What was heard of one segment and said of it."""

    def __init__(self, decider: Decider) -> None:
        self.decider = decider
        self.heard: list[Samples] = []
        self.length = 0
        self.decoded = 0
        """Samples that had been heard when it was last decoded."""
        self.committed: tuple[int, ...] = ()
        self.shown = ""
        self.spoken = 0
        """Tokens that were spoken."""

    def hear(self, samples: Samples) -> None:
        if len(samples):
            self.heard.append(samples)
            self.length += len(samples)

    def samples(self) -> Samples:
        self.heard = [np.concatenate(self.heard)] if self.heard else []
        return self.heard[0] if self.heard else NOTHING


class OfflineSession(Session):
    """Writes what its policy reads out of an offline model."""

    def __init__(
        self, settings: Settings, tokens: Tokens, prompt: Sequence[int], lang: str, *,
        spaced: bool, speaks: bool, writes: bool, fulfil: Callable[[OfflineSession, Turn], Any],
    ) -> None:
        """``speaks``, ``writes``: whether speech and text are wanted; ``fulfil``: drives a turn."""
        self.first = Read(min_s=settings.step_s)
        self._settings = settings
        self._tokens = tokens
        self._prompt = tuple(prompt)
        self._lang = lang
        self._spaced = spaced
        self._speaks = speaks
        self._writes = writes
        self._fulfil = fulfil
        self._segments = settings.segments()
        self._segment: _Segment | None = None
        self._has_said = False

    def policy(self, observation: Observation) -> Generator[Write, None, Read]:
        found: Generator[Write, None, Read] = self._fulfil(self, self.turn(observation))
        return found

    def turn(self, observation: Observation) -> Turn:
        """Wishes and writes of one exchange."""
        samples = NOTHING if observation.samples is None else observation.samples
        for piece in self._segments.push(samples, is_last=observation.is_last):
            yield from self._hear(piece)
        return Read(min_s=self._settings.step_s)

    def _hear(self, piece: Piece) -> Turn:
        if self._segment is None:
            self._segment = _Segment(self._settings.decider(self._tokens))
        segment = self._segment
        segment.hear(piece.samples)
        if piece.ends:
            self._segment = None
        new = segment.length - segment.decoded
        if segment.length >= LEAST_S * RATE_HZ and (
            piece.ends or new >= round(self._settings.step_s * RATE_HZ)
        ):
            yield from self._advance(segment, piece.ends)
        return Read()

    def _advance(self, segment: _Segment, done: bool) -> Turn:
        stop = segment.decider.stop(segment.length, segment.committed, done)
        if stop is False:
            return Read()
        segment.decoded = segment.length
        answer = yield Decode(segment.samples(), self._prompt, segment.committed,
                              None if stop is True else stop)
        if answer is None or answer.decoded is None or answer.encoded is None:
            raise TypeError("a wish to decode was answered otherwise")
        decoded = answer.decoded
        count = (len(decoded.ids) if done
                 else segment.decider.commit(segment.committed, decoded))
        segment.committed += decoded.ids[:count]
        text = self._tokens.text(segment.committed)
        new, segment.shown = text[len(segment.shown) :], text
        if new and self._writes:
            yield Write(self._joined(new, segment))
        self._has_said = self._has_said or bool(new)
        if self._speaks and self._is_phrase(segment, done):
            first, segment.spoken = segment.spoken, len(segment.committed)
            answer = yield Speak(answer.encoded, self._prompt, segment.committed, first, self._lang)
            if answer is None or answer.speech is None:
                raise TypeError("a wish to speak was answered otherwise")
            if len(answer.speech.samples):
                yield Write(audio=answer.speech)
        return Read()

    def _joined(self, new: str, segment: _Segment) -> str:
        """With a space before a segment's first word, unless it is the first of all."""
        is_first = len(segment.shown) == len(new)
        return f" {new}" if is_first and self._has_said and self._spaced else new

    def _is_phrase(self, segment: _Segment, done: bool) -> bool:
        """Whether there are words to speak now: so many, or to a mark, or the segment's last."""
        ids = segment.committed[segment.spoken :]
        if not ids or done:
            return bool(ids)
        words = sum(self._tokens.starts(segment.committed[: segment.spoken], ids))
        return words >= self._settings.speech_min_words or self._tokens.closes(ids)
