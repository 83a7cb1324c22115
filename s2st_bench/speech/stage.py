"""Speaking as a stage of a pipeline: text in, speech out in phrases, while more text follows.

A piece of speech is written the moment the synthesiser has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from s2st_bench.parts import SynthesiserModel, waited_s
from s2st_bench.system import Observation, Session
from s2st_bench.types import Speech, Write

END: Final = Write()
"""Between stages: the utterance is over."""

CLOSING: Final = (".", ",", ";", ":", "!", "?")
"""Marks that end a phrase and are written without a space before them."""


class TtsStage(Session):
    """Target words in, speech out: a phrase at a time, none that may still be taken back."""

    def __init__(
        self, synthesiser: SynthesiserModel, lang: str, min_words: int, *, retract: bool = False
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
            waited = waited_s(self._synthesiser)
            for piece in self._synthesiser.speak(phrase, self._lang):
                if len(piece.samples):
                    speech = Speech(piece.samples, piece.sample_rate_hz)
                    yield Write(audio=speech, words=piece.words)
            self.meter.network(waited_s(self._synthesiser) - waited)

    def _is_phrase(self, text: str) -> bool:
        return text.endswith(CLOSING) or len(text.split()) >= self._min_words
