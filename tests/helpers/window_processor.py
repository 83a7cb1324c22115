"""simulstream's own sliding-window retranslation over a recogniser of loud and quiet."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from simulstream.server.speech_processors.sliding_window_retranslation import (
    SlidingWindowRetranslator,
)


class LoudnessWindow(SlidingWindowRetranslator):
    """A word for every half second of the window; the last one is unsure of itself."""

    @classmethod
    def load_model(cls, config: SimpleNamespace) -> None:
        """Nothing."""

    def _preprocess(self, waveform: np.ndarray) -> Any:
        if self.audio_history is not None:
            waveform = np.concatenate((self.audio_history, waveform))
        self.audio_history = waveform[-self.window_len:]
        return self.audio_history

    def _generate(self, speech: Any) -> list[str]:
        pieces = [speech[i : i + 8000] for i in range(0, len(speech), 8000)]
        words = [f"▁w{int(np.abs(piece).max() * 1000)}" for piece in pieces]
        return [*words[:-1], words[-1] + "?"]

    def tokens_to_string(self, tokens: list[str]) -> str:
        """As its tokenizers do: without the space before the very first word."""
        text = "".join(tokens).replace("▁", " ")
        return text if self.text_history else text.removeprefix(" ")

    def set_source_language(self, language: str) -> None:
        """Any."""

    def set_target_language(self, language: str) -> None:
        """Any."""
