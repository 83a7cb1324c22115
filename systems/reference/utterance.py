"""One utterance on its way through a model: sound in, pieces decided on, whole words out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from s2st_bench.types import Samples

from .pieces import END, Pieces
from .runtime import DecoderModel, Ear, Models, Writer


class Utterance:
    """What was heard of an utterance and what was said of it.

    Whoever decides commits pieces through ``writer``; :meth:`said` gives the text of words that
    are complete, each once.
    """

    def __init__(
        self, models: Models, decoder: DecoderModel, lang: str, threshold: float = 0.5
    ) -> None:
        """``threshold``: from which probability on a head of monotonic attention stops."""
        self.lang = lang
        self.pieces: Pieces = models.pieces
        self.ear = Ear(models)
        self.writer = Writer(decoder, lang, threshold)
        self._shown = ""

    def hear(self, samples: Samples, *, ends: bool = False) -> int:
        """More sound, and whether it is the last of the utterance; how many frames are new."""
        before = self.ear.count
        self.ear.push(samples)
        if ends:
            self.ear.finish()
        self.writer.hear(self.ear.frames[before:])
        return self.ear.count - before

    @property
    def ctc(self) -> tuple[int, int]:
        """Pieces recognised and pieces of the translation foreseen so far, by the CTC heads."""
        return len(self.ear.asr), len(self.ear.st(self.lang))

    def starts_word(self, piece: int) -> bool:
        """Whether the word before ``piece`` is complete."""
        return self.pieces.starts_word(piece)

    def words(self, tokens: Sequence[int]) -> int:
        """Words begun in ``tokens``."""
        return sum(self.pieces.starts_word(t) for t in tokens if t != END)

    def said(self, tokens: Sequence[int]) -> str:
        """What ``tokens``, all of whole words, say beyond what was given out before.

        A space stands before every word but the utterance's first.
        """
        text = self.pieces.decode(tokens)
        new, self._shown = text[len(self._shown) :], text
        return new


def mean_attention(attention: np.ndarray[tuple[int, int, int], np.dtype[np.float32]], layer: int
                   ) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """``[layers, heads, frames]`` to ``[frames]``: one layer (from the end if negative), heads'
    mean."""
    mean: np.ndarray[tuple[int], np.dtype[np.float32]] = attention[layer].mean(axis=0)
    return mean
