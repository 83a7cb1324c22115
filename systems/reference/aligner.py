"""Forced alignment on the recogniser's CTC: German and English.

The encoder hears utterance by utterance, as it was trained; frames of pauses are blank.  Words are
cut into the model's pieces, and the best path that says them all is taken
(:mod:`s2st_bench.ctcalign`).  CTC says a piece in one frame of 80 ms, some time after it began: a
word begins ``EARLY_S`` before the frame of its first piece and ends ``LATE_S`` after the start of
that of its last one, or where the next word begins.  Both are what leaves no bias on dev sentences
of the embedded corpus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from s2st_bench.audio import ready
from s2st_bench.ctcalign import frames_needed, label_frames
from s2st_bench.parts import AlignerModel
from s2st_bench.transcripts import base_code
from s2st_bench.types import Samples, Word

from .frontend import HOP, RATE_HZ
from .pieces import BLANK
from .runtime import Ear, Models, models_of
from .runtime.models import SHIPPED
from .shape import FRAME_S
from .system import SOURCES
from .utterances import Utterances

EARLY_S: Final = 0.19
LATE_S: Final[Mapping[str, float]] = MappingProxyType({"de": 0.0, "en": -0.02})
_NEVER: Final = -30.0
"""Log-probability of what a pause does not say."""


class ReferenceAligner(AlignerModel):
    """German and English; ``weights`` is a folder that ``s2st-bench train`` wrote."""

    languages = frozenset(SOURCES)

    def __init__(self, weights: Path | None = None) -> None:
        self._folder = weights or SHIPPED

    def load(self) -> None:
        self._loaded()

    def signature(self) -> Mapping[str, str]:
        return {"aligner": "reference", "weights": models_of(self._folder).digest("encoder.onnx")}

    def align(
        self, samples: Samples, rate_hz: int, words: Sequence[str], lang: str
    ) -> tuple[Word, ...]:
        models = self._loaded()
        sound = ready(samples, rate_hz, RATE_HZ)
        end_s = len(sound) / RATE_HZ
        pieces = [_pieces(models, word) for word in words]
        labels = [piece for found in pieces for piece in found]
        if not labels:
            return tuple(Word(word, 0.0, 0.0) for word in words)
        log_probs = heard(sound, models)
        # What is said faster than the frames go needs several pieces to a frame.
        often = min(4, max(1, -(-frames_needed(labels) // max(1, len(log_probs)))))
        frames = label_frames(np.repeat(log_probs, often, axis=0), labels, BLANK)
        times = frames * (FRAME_S / often)
        late_s = LATE_S.get(base_code(lang), 0.0)
        return _words(words, [len(found) for found in pieces], times, late_s, end_s)

    def _loaded(self) -> Models:
        models = models_of(self._folder)
        _ = models.encoder, models.pieces
        return models


def heard(sound: Samples, models: Models) -> npt.NDArray[np.float32]:
    """Log-probabilities of pieces at each frame of 80 ms of ``float32[n]`` at 16 kHz."""
    count = -(-len(sound) // round(FRAME_S * RATE_HZ))
    found = np.full((count, models.pieces.count), _NEVER, dtype=np.float32)
    found[:, BLANK] = 0.0
    ear, utterances, first = Ear(models, keep_log_probs=True), Utterances(), -1
    for at in range(0, len(sound) + HOP, HOP):
        step = sound[at : at + HOP]
        for piece in utterances.push(step) if at < len(sound) else utterances.finish():
            if first < 0:
                first = round((at + len(step) - len(piece.samples)) / (FRAME_S * RATE_HZ))
            ear.push(piece.samples)
            if piece.ends:
                ear.finish()
                rows = ear.log_probs[: max(0, count - first)] if ear.count else found[:0]
                found[first : first + len(rows)] = rows
                ear.reset()
                first = -1
    return found


def _pieces(models: Models, word: str) -> list[int]:
    return list(models.pieces.encode(word))


def _words(
    words: Sequence[str], counts: Sequence[int], times: npt.NDArray[np.float64], late_s: float,
    end_s: float,
) -> tuple[Word, ...]:
    """Words from the times of their pieces."""
    begins, ends, at, before = [], [], 0, 0.0
    for count in counts:
        if count:
            begins.append(max(before, float(times[at, 0]) - EARLY_S))
            before = float(times[at + count - 1, 1]) - FRAME_S + late_s
        else:
            begins.append(before)
        ends.append(before)
        at += count
    limits = [after for _, after in pairwise([*begins, end_s])]
    found, last = [], 0.0
    for word, begin, end, limit in zip(words, begins, ends, limits, strict=True):
        start = min(max(begin, last), end_s)
        last = min(max(start, min(end, limit)), end_s)
        found.append(Word(word, start, last))
    return tuple(found)
