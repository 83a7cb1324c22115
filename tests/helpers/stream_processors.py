"""Speech processors on simulstream's own base class, named by tests in YAML files.

A chunk is heard as a word of its loudest sample, so that other audio, other cuts and a state left
over from another stream all change the text.
"""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
from simulstream.server.speech_processors import SpeechProcessor
from simulstream.server.speech_processors.incremental_output import IncrementalOutput


class Reviser(SpeechProcessor):
    """Guesses the last word, and takes the guess back with the next chunk.

    Tokens are in SentencePiece's way.  ``work_s``: work per chunk; ``fail_after``: raises then.
    """

    loaded = 0

    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__(config)
        self.languages = "?-?"
        self.heard = 0
        self.guess: list[str] = []

    @classmethod
    def load_model(cls, config: SimpleNamespace) -> None:
        cls.loaded += 1

    def set_source_language(self, language: str) -> None:
        self.languages = f"{language}-{self.languages.partition('-')[2]}"

    def set_target_language(self, language: str) -> None:
        self.languages = f"{self.languages.partition('-')[0]}-{language}"

    def process_chunk(self, waveform: np.ndarray) -> IncrementalOutput:
        time.sleep(getattr(self.config, "work_s", 0.0))
        assert waveform.dtype == np.float32
        self.heard += 1
        if self.heard > getattr(self.config, "fail_after", 10**9):
            raise ValueError("out of memory, say")
        word = "▁" + str(int(np.abs(waveform).max(initial=0) * 32768))
        gone, self.guess = self.guess, ["▁per", "haps"]
        first = ["▁" + self.languages] if self.heard == 1 else []
        return self.output([*first, word, *self.guess], gone)

    def end_of_stream(self) -> IncrementalOutput:
        gone, self.guess = self.guess, []
        return self.output(["▁end"], gone)

    def tokens_to_string(self, tokens: list[str]) -> str:
        return "".join(tokens).replace("▁", " ")

    def clear(self) -> None:
        self.languages, self.heard, self.guess = "?-?", 0, []

    def output(self, new: list[str], gone: list[str]) -> IncrementalOutput:
        return IncrementalOutput(
            new, self.tokens_to_string(new), gone, self.tokens_to_string(gone)
        )


class Timed(SpeechProcessor):
    """Says each of ``words``, pairs of (second of audio, word), when its time has come."""

    def __init__(self, config: SimpleNamespace) -> None:
        super().__init__(config)
        self.clear()

    @classmethod
    def load_model(cls, config: SimpleNamespace) -> None:
        """Nothing."""

    def set_source_language(self, language: str) -> None:
        """Any."""

    def set_target_language(self, language: str) -> None:
        """Any."""

    def process_chunk(self, waveform: np.ndarray) -> IncrementalOutput:
        self.samples += len(waveform)
        return self.say([w for at, w in self.left if at * 16_000 <= self.samples])

    def end_of_stream(self) -> IncrementalOutput:
        return self.say([w for _, w in self.left])

    def say(self, words: list[str]) -> IncrementalOutput:
        first = len(self.left) == len(self.config.words)
        self.left = self.left[len(words) :]
        text = self.tokens_to_string(words)
        return IncrementalOutput(words, text if first or not text else f" {text}", [], "")

    def tokens_to_string(self, tokens: list[str]) -> str:
        return " ".join(tokens)

    def clear(self) -> None:
        self.samples, self.left = 0, list(self.config.words)
