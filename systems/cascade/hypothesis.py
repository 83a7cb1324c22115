"""The cascade as a decoder of whole hypotheses, for the policies around it.

What ended with an utterance stays as it is; only the utterance that is open is recognised and
translated further, so that a hypothesis costs the same at any length of the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from s2st_bench.errors import SystemFailure
from s2st_bench.parts import Recogniser, Translator, waited_s
from s2st_bench.system import HypothesisSession
from s2st_bench.types import AudioChunk, TextChunk

from .utterances import Utterances


class CascadeHypothesis(HypothesisSession):
    """One listener's recogniser and translator; nothing is spoken."""

    def __init__(
        self, utterances: Utterances, recogniser: Recogniser, translator: Translator,
        polish: Callable[[str, bool], str],
    ) -> None:
        self._utterances = utterances
        self._recogniser = recogniser
        self._translator = translator
        self._polish = polish
        self._done: list[str] = []
        """Translations of the utterances that are over."""
        self._words: tuple[str, ...] = ()
        """Recognised of the open one."""

    def accept(self, chunk: AudioChunk | TextChunk) -> None:
        if not isinstance(chunk, AudioChunk):
            raise SystemFailure("the cascade hears speech, not text")
        with self.meter.stage("vad"):
            passed = list(self._utterances.push(chunk.samples))
            if chunk.is_last:
                passed += self._utterances.finish()
        for speech in passed:
            with self._stage("asr", self._recogniser):
                if speech is not None:
                    self._words = self._recogniser.accept(speech)
                    continue
                self._words = self._recogniser.finish()
            self._done.append(self._translated(is_over=True))
            self._words = ()

    def hypothesis(self, is_last: bool) -> str:
        texts = [*self._done, self._translated(is_over=is_last)]
        return " ".join(text for text in texts if text)

    def close(self) -> None:
        self._recogniser.close()

    def _translated(self, is_over: bool) -> str:
        if not self._words:
            return ""
        with self._stage("mt", self._translator):
            text = self._translator.translate(" ".join(self._words), is_over)
            return self._polish(text, is_over)

    @contextmanager
    def _stage(self, name: str, part: object) -> Iterator[None]:
        """Attribute what happens inside to stage ``name``, waiting for ``part`` to the network."""
        with self.meter.stage(name):
            waited = waited_s(part)
            yield
            self.meter.network(waited_s(part) - waited)
