"""What a recogniser makes of reference speech: its error floor and the ceiling of ASR-BLEU.

``ASR-Floor``
    Word error rate of the recogniser on speech of the references: Σ edits / Σ words.
``ASR-BLEU-Ceiling``
    ASR-BLEU of that same speech: what a perfect translator with a perfect voice would get.

Neither says anything of a system: they are of the recogniser, the language and the domain, and the
same for all systems of a board.  Which speech: :mod:`.reference_speech`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from s2st_bench.metric import BatchStats, Floats, Item, Unscored
from s2st_bench.parts import RecogniserModel
from s2st_bench.text_counts import bleu, error_rate
from s2st_bench.types import MetricSpec

from .heard import NEEDS, ByRecogniser, floor_counts, reference_marks
from .normalisers import Name
from .reference_speech import ReferenceSpeech, voice
from .scores import BleuCounter


class OfReferenceSpeech(ByRecogniser):
    """A number of the recogniser, on the references of items whose output is speech."""

    def __init__(
        self, *, aware: bool = False, asr: RecogniserModel | None = None,
        normalise: Name = "cvss",
    ) -> None:
        super().__init__(aware=aware, asr=asr, normalise=normalise)
        self._speech = None if self.transcriber is None else ReferenceSpeech(self.transcriber)

    def stats(self, item: Item) -> Floats | Unscored:
        return self.stats_batch([item])[0]

    def stats_batch(self, items: Sequence[Item]) -> BatchStats:
        found: list[Floats | Unscored] = [Unscored("no speech output")] * len(items)
        here = []
        for number, item in enumerate(items):
            if "speech" not in item.trace.outputs:
                continue
            if isinstance(model := self.model(item.trace.target_lang), Unscored):
                found[number] = model
            else:
                here.append(number)
        if self._speech is not None and here:
            counted = self.counts(self._speech.heard([items[i] for i in here]))
            for number, row in zip(here, counted, strict=True):
                found[number] = row
        return BatchStats.of(found)

    @abstractmethod
    def counts(self, heard: Sequence[Item | Unscored]) -> list[Floats | Unscored]:
        """Statistics of each item as its reference was heard."""

    def marks(self, items: Sequence[Item]) -> tuple[str, ...]:
        return reference_marks(self, self._speech)

    def signature(self) -> Mapping[str, str]:
        by_tts = self._speech is not None and self._speech.by_tts
        return {**super().signature(), "speech": voice() if by_tts else "reference-audio"}


class ASRFloor(OfReferenceSpeech):
    """Word error rate of the recogniser on reference speech."""

    spec = MetricSpec("ASR-Floor", "%", None, NEEDS, source="s2st_bench")

    def counts(self, heard: Sequence[Item | Unscored]) -> list[Floats | Unscored]:
        return floor_counts(heard, self.normalise)

    def value(self, totals: Floats) -> Floats:
        return error_rate(totals)


class ASRBLEUCeiling(OfReferenceSpeech):
    """ASR-BLEU of reference speech."""

    spec = MetricSpec("ASR-BLEU-Ceiling", "%", None, NEEDS, source="s2st_bench")

    def __init__(
        self, *, aware: bool = False, asr: RecogniserModel | None = None,
        normalise: Name = "cvss", tokenizer: str = "auto",
    ) -> None:
        super().__init__(aware=aware, asr=asr, normalise=normalise)
        self._counter = BleuCounter(tokenizer)

    def counts(self, heard: Sequence[Item | Unscored]) -> list[Floats | Unscored]:
        return [item if isinstance(item, Unscored) else self._counter(item, self.normalise)
                for item in heard]

    def value(self, totals: Floats) -> Floats:
        return bleu(totals)

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), **self._counter.signature()}
