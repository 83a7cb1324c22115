"""What a part of the cascade is: one protocol per stage, and the parts there are.

A *model* holds what listeners share: its constructor only takes settings (it is asked what it can
do before anything is loaded), ``load`` does the work, ``open`` gives what one listener uses.  A
new part is one module and one line in the tables below; modules are imported when chosen.

Texts between parts are words separated by single spaces.  An *utterance* is speech between two
pauses.
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import ConfigError
from s2st_bench.types import Samples


class Vad(Protocol):
    """Speech probability of one stream of audio, by frames of :data:`.vad.FRAME_SAMPLES`."""

    def push(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Feed ``float32[n]``; ``float32[frames]`` of the frames now complete."""


class VadModel(Protocol):
    def load(self) -> None: ...

    def open(self) -> Vad: ...


class Recogniser(Protocol):
    """Streaming recognition for one listener, utterance by utterance."""

    def accept(self, samples: Samples) -> tuple[str, ...]:
        """Feed ``float32[n]`` at 16 kHz; the words of the utterance so far, all revisable."""

    def finish(self) -> tuple[str, ...]:
        """The utterance has ended: its final words.  What follows is a new one."""

    def close(self) -> None:
        """Give back what the listener used."""


class RecogniserModel(Protocol):
    languages: frozenset[str]
    """Base codes (``en``) of what it recognises."""

    def load(self) -> None: ...

    def open(self) -> Recogniser: ...


class Translator(Protocol):
    """Translates words; keeps nothing between calls, so one serves all listeners in turn."""

    def translate(self, text: str) -> str:
        """The translation of one utterance, or of its beginning."""

    def close(self) -> None:
        """End what runs in the background."""


class TranslatorModel(Protocol):
    def missing(self, source_lang: str, target_lang: str) -> str | None:
        """None, or one line saying why the pair cannot be translated and what would help."""

    def open(self, source_lang: str, target_lang: str) -> Translator: ...


VADS = {"silero": "vad:Silero", "energy": "energy:Energy"}
RECOGNISERS = {"pocketsphinx": "sphinx:PocketSphinx"}
TRANSLATORS = {"apertium": "apertium:Apertium", "phrase_table": "phrases:PhraseTables"}
SYNTHESISERS = {"espeak": "s2st_bench.speech.voice:Espeak"}


def make(table: dict[str, str], option: str, name: str, **settings: Any) -> Any:
    """The part ``name`` of ``table``, constructed but not loaded.

    Raises
    ------
    ConfigError
        There is no such part; ``option`` says where it was asked for.
    """
    if name not in table:
        raise ConfigError(f"system.{option}={name}: one of {', '.join(sorted(table))} is wanted")
    module, attribute = table[name].split(":")
    where = module if "." in module else f".{module}"
    return getattr(importlib.import_module(where, __package__), attribute)(**settings)
