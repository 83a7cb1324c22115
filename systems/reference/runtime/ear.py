"""Sound in, encoder frames out, chunk by chunk.

The features and the encoder always see whole chunks of 320 ms from the start of the utterance, in
the same arithmetic: however the sound is cut into pushes, the frames are the same bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import InputError
from s2st_bench.types import Samples

from ..frontend import HOP, Frames, LogMel, log_mel
from ..pieces import tag
from ..shape import CHUNK_FRAMES, CHUNK_MELS, LANGS, MEL_CONTEXT
from .ctc import BestPath
from .models import Models, empty

CHUNK_SAMPLES: Final = CHUNK_MELS * HOP
LOUDEST: Final = 8.0
"""Samples are clipped here, far above full scale, so that their energy stays finite."""


class Ear:
    """What one utterance of one stream sounds like to the model.

    Memory grows by ``width`` floats a frame until :meth:`reset`, with ``keep_log_probs`` by one
    for each piece besides.
    """

    def __init__(self, models: Models, *, keep_log_probs: bool = False) -> None:
        self._graph = models.encoder
        self._keeps = keep_log_probs
        self._width = int(self._graph.inputs["past"][2])
        self.reset()

    def reset(self) -> None:
        """Begin a new utterance: as if nothing had been heard."""
        self._mel = LogMel()
        self._rest = np.zeros(0, np.float32)
        self._context = _silence(MEL_CONTEXT)
        self._state = {name: empty(self._graph, name) for name in ("keys", "values", "past")}
        self._frames = np.zeros((64, self._width), np.float32)
        self._asr = BestPath()
        self._log_probs: list[npt.NDArray[np.float32]] = []
        self._st = tuple(BestPath() for _ in LANGS)
        self.count = 0
        """Encoder frames of 80 ms heard in this utterance."""

    @property
    def frames(self) -> npt.NDArray[np.float32]:
        """All frames of the utterance, ``float32[count, width]``; not to be written to."""
        return self._frames[: self.count]

    @property
    def asr(self) -> list[int]:
        """Pieces of the source language recognised so far (greedy CTC); only ever grows."""
        return self._asr.pieces

    @property
    def asr_frames(self) -> list[int]:
        """Of each piece of :attr:`asr`, the first encoder frame that said it."""
        return self._asr.frames

    @property
    def log_probs(self) -> npt.NDArray[np.float32]:
        """Of the source language's pieces at each frame, ``float32[count, pieces]``, if kept."""
        return np.concatenate(self._log_probs)

    def st(self, lang: str) -> list[int]:
        """Pieces of the translation into ``lang`` foreseen so far (greedy CTC); only ever grows.

        Raises
        ------
        ConfigError
            The model has no head for ``lang``.
        """
        return self._st[tag(lang) - tag(LANGS[0])].pieces

    def push(self, samples: Samples) -> int:
        """Hear ``float[n]`` at 16 kHz, full scale 1; how many frames are new.

        Any length; what does not fill a chunk waits for more.  What is not a number is heard as
        silence.

        Raises
        ------
        InputError
            Not one row of floating-point samples.
        """
        if samples.ndim != 1 or not np.issubdtype(samples.dtype, np.floating):
            raise InputError(
                f"samples of type {samples.dtype} and shape {samples.shape}: the reference models "
                "hear one channel of floating-point samples, full scale 1"
            )
        clean = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        clean = np.clip(clean, -LOUDEST, LOUDEST).astype(np.float32)
        sound = np.concatenate([self._rest, clean])
        whole = len(sound) // CHUNK_SAMPLES * CHUNK_SAMPLES
        for at in range(0, whole, CHUNK_SAMPLES):
            self._hear(self._mel.push(sound[at : at + CHUNK_SAMPLES]))
        self._rest = sound[whole:]
        return whole // CHUNK_SAMPLES * CHUNK_FRAMES

    def finish(self) -> int:
        """The utterance is over: fill the last chunk with digital silence; how many new frames.

        What is pushed afterwards belongs to the next utterance: :meth:`reset` first.
        """
        rest = self._mel.push(self._rest[: len(self._rest) // HOP * HOP])
        self._rest = np.zeros(0, np.float32)
        if not len(rest):
            return 0
        self._hear(np.concatenate([rest, _silence(CHUNK_MELS - len(rest))]))
        return CHUNK_FRAMES

    def _hear(self, mel: Frames) -> None:
        """Encode one chunk."""
        window = np.concatenate([self._context, mel])
        self._context = window[-MEL_CONTEXT:]
        found = self._graph(mel=window[None], seen=np.array(self.count, np.int64), **self._state)
        self._state = {name: found[f"kept_{name}"] for name in self._state}
        if self.count == len(self._frames):
            self._frames = np.concatenate([self._frames, np.zeros_like(self._frames)])
        self._frames[self.count : self.count + CHUNK_FRAMES] = found["frames"][0]
        self.count += CHUNK_FRAMES
        self._asr.push(found["asr"][0])
        if self._keeps:
            self._log_probs.append(_log_softmax(found["asr"][0]))
        for path, logits in zip(self._st, found["st"], strict=True):
            path.push(logits)


def _log_softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    below = logits - logits.max(axis=-1, keepdims=True)
    found: npt.NDArray[np.float32] = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return found


def _silence(count: int) -> Frames:
    return log_mel(np.zeros(count * HOP, np.float32))
