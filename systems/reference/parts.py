"""Recognition and text translation by the reference models, as parts of other systems.

The recogniser is the encoder with its ASR-CTC head: greedy, without a language model, and what it
has said it never takes back.  A word is given once the next one has begun, or the utterance ended.
It was trained on the synthetic voices of the embedded corpus and on its domain; so was the
translator.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final

from s2st_bench.audio import ready
from s2st_bench.errors import SystemFailure
from s2st_bench.parts import RecogniserModel, TranslatorModel
from s2st_bench.types import Samples, Word

from .frontend import HOP, RATE_HZ
from .runtime import Ear, Models, Sentence, models_of
from .runtime.models import SHIPPED
from .shape import FRAME_S, LANGS
from .system import SOURCES
from .utterances import Utterances

VOICES: Final = frozenset(f"espeak-ng {voice}" for voice in (
    "de+m1", "de+m3", "de+m7", "de+max", "de+f1", "de+f2", "de+f4", "de+linda",
    "en-us+m1", "en-us+f2", "en+m3", "en+f1", "en+max", "en-us+linda", "en-GB-scotland+m7",
    "en-GB-x-rp+f4",
))
LATE_S: Final = 0.13
"""CTC says a word's first piece so long after the word began (median on dev)."""
LONGEST_WORDS: Final = 60
"""Longer texts are translated in parts: training saw single sentences."""


class ReferenceRecogniser(RecogniserModel):
    """German and English; one model for both.

    ``weights`` is a folder that ``s2st-bench train`` wrote; none: the ones that come along.
    """

    languages = frozenset(SOURCES)
    append_only: ClassVar[bool] = True
    voices = VOICES

    def __init__(self, weights: Path | None = None) -> None:
        self._folder = weights or SHIPPED

    def load(self) -> None:
        self._loaded()

    def signature(self) -> Mapping[str, str]:
        return {"asr": "reference", "weights": models_of(self._folder).digest("encoder.onnx"),
                "decoding": "ctc-greedy"}

    def open(self, lang: str) -> CtcRecogniser:
        return CtcRecogniser(self._loaded())

    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        """Times are those of CTC's peaks: nine of ten within 0.3 s of the speech's own."""
        models = self._loaded()
        sound = ready(samples, rate_hz, RATE_HZ)
        utterances, ear = Utterances(), Ear(models)
        words: list[Word] = []
        start_s: float | None = None
        for at in range(0, len(sound) + HOP, HOP):
            step = sound[at : at + HOP]
            for piece in utterances.push(step) if at < len(sound) else utterances.finish():
                if start_s is None:
                    start_s = (at + len(step) - len(piece.samples)) / RATE_HZ
                ear.push(piece.samples)
                if piece.ends:
                    ear.finish()
                    words += timed(ear, models, start_s, len(sound) / RATE_HZ)
                    ear.reset()
                    start_s = None
        return tuple(words)

    def _loaded(self) -> Models:
        models = models_of(self._folder)
        _ = models.encoder, models.pieces
        return models


class CtcRecogniser:
    """One listener; see :class:`s2st_bench.parts.Recogniser`."""

    def __init__(self, models: Models) -> None:
        self._pieces = models.pieces
        self._ear = Ear(models)

    def accept(self, samples: Samples) -> tuple[str, ...]:
        self._ear.push(samples)
        return self._words()[:-1]

    def finish(self) -> tuple[str, ...]:
        self._ear.finish()
        words = self._words()
        self._ear.reset()
        return words

    def close(self) -> None:
        self._ear.reset()

    def _words(self) -> tuple[str, ...]:
        return tuple(self._pieces.decode(self._ear.asr).split())


def timed(ear: Ear, models: Models, start_s: float, end_s: float) -> list[Word]:
    """The words an ear has heard, with times in a recording where its utterance began at
    ``start_s``; the recording ends at ``end_s``.
    """
    pieces = models.pieces
    firsts = [n for n, piece in enumerate(ear.asr) if n == 0 or pieces.starts_word(piece)]
    words = []
    for first, after in pairwise([*firsts, len(ear.asr)]):
        text = pieces.decode(ear.asr[first:after])
        begin = start_s + ear.asr_frames[first] * FRAME_S - LATE_S
        end = start_s + (ear.asr_frames[after - 1] + 1) * FRAME_S
        if text:
            words.append(Word(text, min(end_s, max(0.0, begin)), min(end_s, max(0.0, end))))
    return words


class ReferenceTranslator(TranslatorModel):
    """German and English to each other and to Spanish; one model for all.

    ``weights`` is a folder that ``s2st-bench train`` wrote; none: the ones that come along.
    """

    def __init__(self, weights: Path | None = None) -> None:
        self._folder = weights or SHIPPED

    def load(self) -> None:
        models = models_of(self._folder)
        _ = models.text_encoder, models.text_decoder, models.pieces

    def missing(self, source_lang: str, target_lang: str) -> str | None:
        source, target = base(source_lang), base(target_lang)
        if source in SOURCES and target in LANGS and source != target:
            return None
        return (f"the reference models translate {' and '.join(SOURCES)} to "
                f"{', '.join(LANGS)}, not {source_lang} to {target_lang}")

    def open(self, source_lang: str, target_lang: str) -> TextTranslator:
        if reason := self.missing(source_lang, target_lang):
            raise SystemFailure(reason)
        return TextTranslator(models_of(self._folder), target_lang)


class TextTranslator:
    """One pair; see :class:`s2st_bench.parts.Translator`."""

    def __init__(self, models: Models, lang: str) -> None:
        self._models = models
        self._lang = lang

    def translate(self, text: str, is_over: bool = True) -> str:
        words = text.split()
        parts = []
        for at in range(0, len(words), LONGEST_WORDS):
            sentence = Sentence(self._models, self._lang)
            sentence.read(" ".join(words[at : at + LONGEST_WORDS]),
                          is_over=is_over or at + LONGEST_WORDS < len(words))
            parts.append(sentence.whole())
        return " ".join(part for part in parts if part)

    def close(self) -> None:
        """Nothing runs in the background."""


def base(lang: str) -> str:
    """A language's code without its region."""
    return lang.replace("_", "-").split("-")[0].lower()
