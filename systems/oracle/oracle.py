"""Writes each reference word once its aligned source words were heard."""

from __future__ import annotations

from collections.abc import Generator

from s2st_bench.alignment import Due, due_words
from s2st_bench.system import HypothesisSession, HypothesisSystem, Observation, Session
from s2st_bench.types import AudioChunk, Modality, Read, Recording, Task, TextChunk, Write

_EPSILON = 1e-9
"""A word that ends with a chunk is heard in it, whatever the rounding."""


class Oracle(HypothesisSystem):
    """The first reference, each word as early as its aligned source words allow."""

    sources: frozenset[Modality] = frozenset({"speech", "text"})
    privileged = True

    def open(self, task: Task) -> Session:
        raise NotImplementedError("a control is opened by open_control")

    def open_control(self, task: Task, recording: Recording) -> Session:
        return self.open_hypothesis(task, recording)

    def open_hypothesis(self, task: Task, recording: Recording | None = None) -> OracleSession:
        if recording is None:
            raise NotImplementedError("a control must be shown the recording")
        return OracleSession(due_words(recording, task.target_lang))


class OracleSession(HypothesisSession):
    """One listener of the oracle."""

    def __init__(self, words: tuple[Due, ...]) -> None:
        self._words = words
        self._written = 0
        self._given = 0
        self._heard = 0.0

    def accept(self, chunk: AudioChunk | TextChunk) -> None:
        if isinstance(chunk, AudioChunk):
            self._given += len(chunk.samples)
            self._heard = self._given / chunk.sample_rate_hz
        else:
            self._given += len(chunk.tokens)
            self._heard = float(self._given)

    def hypothesis(self, is_last: bool) -> str:
        return " ".join(word.text for word in self._words[: self._known(0, is_last)])

    def policy(self, observation: Observation) -> Generator[Write, None, Read]:
        if observation.chunk is not None:
            self.accept(observation.chunk)
        known = self._known(self._written, observation.is_last)
        for index in range(self._written, known):
            self._written = index + 1
            yield Write(f" {self._words[index].text}" if index else self._words[index].text)
        return Read()

    def _known(self, start: int, is_last: bool) -> int:
        """How many words are known by now, at least ``start``."""
        if is_last:
            return len(self._words)
        while start < len(self._words) and self._words[start].due <= self._heard + _EPSILON:
            start += 1
        return start
