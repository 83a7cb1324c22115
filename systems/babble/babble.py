"""Writes words at a fixed rate whatever the source says: what a metric gives for noise in time.

Words are made of random syllables; the k-th (from 1) is written in the step in which k / rate
seconds of source (or k / rate tokens) have been given.
"""

from __future__ import annotations

import math
import random
from collections.abc import Generator

from s2st_bench.speech.tone import tone
from s2st_bench.system import Observation, Session, System
from s2st_bench.types import AudioChunk, Modality, Read, Speech, Task, Write

_ONSETS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_EPSILON = 1e-9


class Babble(System):
    """Random words at ``words_per_s``; spoken, where asked for, in tones."""

    sources: frozenset[Modality] = frozenset({"speech", "text"})
    outputs: frozenset[Modality] = frozenset({"speech", "text"})
    voices = frozenset({"tone"})
    control = True

    def __init__(self, *, words_per_s: float = 2.5, seed: int = 0) -> None:
        if not 0 < words_per_s <= 20:
            raise ValueError(f"words_per_s={words_per_s:g} must be above 0 and at most 20")
        self.words_per_s = words_per_s
        self.seed = seed

    def open(self, task: Task) -> Session:
        return BabbleSession(task, self.words_per_s, self.seed + task.seed)


class BabbleSession(Session):
    """One listener of the babble."""

    def __init__(self, task: Task, words_per_s: float, seed: int) -> None:
        self._task = task
        self._rate = words_per_s
        self._random = random.Random(seed)
        self._given = 0
        self._written = 0

    def policy(self, observation: Observation) -> Generator[Write, None, Read]:
        chunk = observation.chunk
        heard = 0.0
        if isinstance(chunk, AudioChunk):
            self._given += len(chunk.samples)
            heard = self._given / chunk.sample_rate_hz
        elif chunk is not None:
            self._given += len(chunk.tokens)
            heard = float(self._given)
        while self._written < math.floor(heard * self._rate + _EPSILON):
            self._written += 1
            yield self._write(self._word())
        return Read()

    def _word(self) -> str:
        syllables = self._random.randint(1, 3)
        return "".join(
            self._random.choice(_ONSETS) + self._random.choice(_VOWELS) for _ in range(syllables)
        )

    def _write(self, word: str) -> Write:
        text = ""
        if "text" in self._task.outputs:
            text = f" {word}" if self._written > 1 else word
        if "speech" not in self._task.outputs:
            return Write(text)
        spoken = tone(word, max(10.0, 60 * self._rate))
        return Write(text, Speech(spoken.samples, spoken.sample_rate_hz), words=spoken.words)
