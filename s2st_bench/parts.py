"""Recognisers, aligners, identifiers, translators, synthesisers and detectors of speech: parts that
systems and metrics share.

A part is a plugin: a table ``[[recogniser]]``, ``[[aligner]]``, ``[[identifier]]``,
``[[translator]]``, ``[[synthesiser]]`` or ``[[vad]]`` in the manifest of the system it belongs to.
A parameter annotated with one of the models below arrives built::

    def __init__(self, asr: RecogniserModel) -> None: ...    # system.asr=reference

given as a name, or as a mapping ``{name: pocketsphinx, lm: general}`` of name and settings.

A *model* holds what listeners share: its constructor only takes settings (it is asked what it can
do before anything is loaded), ``load`` does the work, ``open`` gives what one listener uses.
Texts are words separated by single spaces.  An *utterance* is speech between two pauses.

A part that waits for a server keeps count of it in an attribute ``waited_s``, see
:func:`waited_s`; what goes wrong there is a :class:`~s2st_bench.errors.SystemFailure`, which costs
the recording only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from s2st_bench.cache import Cache
from s2st_bench.speech.words import Utterance
from s2st_bench.types import Samples, Speech, Word


def waited_s(part: object) -> float:
    """Seconds that the calling thread has waited for servers behind ``part`` since it was made.

    Parts on this machine have no attribute of that name: 0.
    """
    return float(getattr(part, "waited_s", 0.0))


class Recogniser(Protocol):
    """Streaming recognition for one listener, utterance by utterance."""

    def accept(self, samples: Samples) -> tuple[str, ...]:
        """Feed ``float32[n]`` at 16 kHz; the words of the utterance so far."""

    def finish(self) -> tuple[str, ...]:
        """The utterance has ended: its final words.  What follows is a new one."""

    def close(self) -> None:
        """Give back what the listener used."""


class RecogniserModel(ABC):
    """Recognises speech."""

    languages: frozenset[str]
    """Base codes (``en``) of what it recognises; empty: what it is asked for, or it refuses."""
    append_only: ClassVar[bool] = False
    """Words once given stay: nothing is gained by waiting for them to stand still."""
    voices: frozenset[str] = frozenset()
    """Synthetic voices it was trained on, by synthesiser and name.  To judge speech of the same
    synthesiser with it (ASR-BLEU) is circular, which must stand beside the number."""

    @abstractmethod
    def load(self) -> None:
        """Load what is not loaded yet; metrics that share the model each call it."""

    @abstractmethod
    def signature(self) -> Mapping[str, str]:
        """What tells this model from all others (name, version or weights, decoding); loads
        nothing.  Transcripts are kept by it.
        """

    @abstractmethod
    def open(self, lang: str) -> Recogniser:
        """For one listener to speech in ``lang``."""

    @abstractmethod
    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        """The words of a whole recording ``float32[n]``, with times in seconds from its start.

        Any audio is taken: none, not finite, too loud, long.
        """

    def transcribe_many(
        self, recordings: Sequence[Speech], lang: str
    ) -> list[tuple[Word, ...]]:
        """The words of each; models that can recognise several at once do."""
        return [self.transcribe(r.samples, r.sample_rate_hz, lang) for r in recordings]

    def of(self, lang: str) -> RecogniserModel:
        """The model that hears ``lang``: this one, unless it only chooses between others."""
        return self

    @cached_property
    def kept(self) -> Cache:
        """Transcripts, for all who use the model."""
        return Cache.standard()


class IdentifierModel(ABC):
    """Says which language is spoken."""

    @abstractmethod
    def load(self) -> None:
        """Load what is not loaded yet."""

    @abstractmethod
    def signature(self) -> Mapping[str, str]:
        """What tells this model from all others; loads nothing."""

    @abstractmethod
    def identify(self, samples: Samples, rate_hz: int) -> Mapping[str, float]:
        """Probability of each language (base code) in at most 30 s of speech ``float32[n]``."""


class AlignerModel(ABC):
    """Finds known words in speech."""

    languages: frozenset[str] = frozenset()
    """Base codes of the languages it aligns; empty: any."""

    @abstractmethod
    def load(self) -> None:
        """Load what is not loaded yet."""

    @abstractmethod
    def signature(self) -> Mapping[str, str]:
        """What tells this aligner from all others; loads nothing."""

    @abstractmethod
    def align(
        self, samples: Samples, rate_hz: int, words: Sequence[str], lang: str
    ) -> tuple[Word, ...]:
        """Each of ``words`` where it is spoken in ``float32[n]``: in order, not overlapping, times
        in seconds from the first sample.

        Raises
        ------
        NotAligned
            The words are not to be found in this speech.
        """

    def of(self, lang: str) -> AlignerModel:
        """The model that aligns ``lang``: this one, unless it only chooses between others."""
        return self

    @cached_property
    def kept(self) -> Cache:
        """Alignments, for all who use the model."""
        return Cache.standard()


class Translator(Protocol):
    """Translates words; keeps nothing between calls, so one serves all listeners in turn."""

    def translate(self, text: str, is_over: bool = True) -> str:
        """The translation of one utterance, or of its beginning where it is not over yet."""

    def close(self) -> None:
        """End what runs in the background."""


class TranslatorModel(ABC):
    """Translates text."""

    def load(self) -> None:
        """What several pairs share; others do their work when a pair is opened."""

    @abstractmethod
    def missing(self, source_lang: str, target_lang: str) -> str | None:
        """None, or one line saying why the pair cannot be translated and what would help."""

    @abstractmethod
    def open(self, source_lang: str, target_lang: str) -> Translator: ...


@runtime_checkable
class StreamingTranslator(Protocol):
    """A translator whose words can be had while it works."""

    def stream(self, text: str, is_over: bool = True) -> Iterator[str]:
        """The translation so far, again and again, each beginning with the one before; the last
        is what ``translate`` gives.
        """


class SynthesiserModel(ABC):
    """Speaks text."""

    voices: frozenset[str] = frozenset()
    """What makes the speech, by synthesiser or ``synthesiser voice``; empty: not declared."""

    @abstractmethod
    def load(self) -> None:
        """Load what is not loaded yet."""

    @abstractmethod
    def missing(self, lang: str) -> str | None:
        """None, or one line saying why ``lang`` cannot be spoken and what would help."""

    @abstractmethod
    def speak(self, text: str, lang: str) -> Iterator[Utterance]:
        """A phrase, as one piece or in pieces as they come; word times (where the synthesiser knows
        them) count from the first sample of their piece.
        """


class Vad(Protocol):
    """Speech probability of one stream of audio, frame by frame: 512 samples at 16 kHz."""

    def push(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Feed ``float32[n]`` of any length; ``float32[frames]`` of the frames now complete."""


class VadModel(ABC):
    """Detects speech."""

    @abstractmethod
    def load(self) -> None:
        """Load what is not loaded yet."""

    @abstractmethod
    def open(self) -> Vad:
        """For one listener."""
