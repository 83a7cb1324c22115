"""Speaking as a stage of a pipeline: text in, speech out in phrases, while more text follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from s2st_bench.speech.words import Utterance
from s2st_bench.system import Observation, Session
from s2st_bench.types import Speech, Write

END: Final = Write()
"""Between stages: the utterance is over."""

CLOSING: Final = (".", ",", ";", ":", "!", "?")
"""Marks that end a phrase and are written without a space before them."""


class Synthesiser(Protocol):
    """Speaks phrases."""

    def load(self) -> None: ...

    def missing(self, lang: str) -> str | None:
        """None, or one line saying why ``lang`` cannot be spoken."""

    def speak(self, text: str, lang: str) -> Utterance: ...


class TtsStage(Session):
    """Target words in, speech out: a phrase at a time, none that may still be taken back."""

    def __init__(
        self, synthesiser: Synthesiser, lang: str, min_words: int, *, retract: bool = False
    ) -> None:
        """``retract``: the text may still be taken back, so speech waits for the utterance's end.

        Otherwise a phrase is spoken once it has ``min_words`` words or ends with a mark.
        """
        self._synthesiser = synthesiser
        self._lang = lang
        self._min_words = min_words
        self._retract = retract
        self._pending = ""

    def policy(self, observation: Observation) -> Iterator[Write]:
        write = observation.write
        if write is not None:
            self._pending = self._pending[: len(self._pending) - write.retract_chars] + write.text
        is_over = observation.is_last or write == END
        phrase = self._pending.strip()
        if phrase and (is_over or (not self._retract and self._is_phrase(phrase))):
            self._pending = ""
            spoken = self._synthesiser.speak(phrase, self._lang)
            if len(spoken.samples):
                yield Write(
                    audio=Speech(spoken.samples, spoken.sample_rate_hz), words=spoken.words
                )

    def _is_phrase(self, text: str) -> bool:
        return text.endswith(CLOSING) or len(text.split()) >= self._min_words
