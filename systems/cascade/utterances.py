"""Cuts a stream of audio into utterances: what is speech goes on, what is silence does not.

Works in frames of 512 samples (32 ms at 16 kHz), so at most one frame is held back while speech
goes on.  An utterance begins ``preroll_s`` before its speech was detected, ends with the silence
that ended it, and is cut after ``max_s`` whatever is said, which bounds the memory of every stage
behind it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from s2st_bench.errors import ConfigError
from s2st_bench.parts import Vad
from s2st_bench.types import Samples

from .vad import FRAME_S, FRAME_SAMPLES, SpeechGate


class Utterances:
    """One stream being cut."""

    def __init__(
        self, vad: Vad, *, min_silence_s: float = 0.4, preroll_s: float = 0.25, max_s: float = 20.0
    ) -> None:
        if max_s < 1.0:
            raise ConfigError(f"max_utterance_s={max_s}: at least 1 s is wanted")
        self._vad = vad
        self._gate = SpeechGate(min_silence_s=min_silence_s)
        self._before: deque[Samples] = deque(maxlen=max(1, round(preroll_s / FRAME_S)))
        self._rest = np.zeros(0, np.float32)
        self._max_frames = round(max_s / FRAME_S)
        self._frames = 0
        """Of the utterance that is open."""

    def push(self, samples: Samples) -> Iterator[Samples | None]:
        """Speech to pass on, ``float32[n]``; none where an utterance ends."""
        probabilities = self._vad.push(samples)
        joined = np.concatenate([self._rest, samples])
        cut = len(probabilities) * FRAME_SAMPLES
        self._rest = joined[cut:]
        frames = joined[:cut].reshape(-1, FRAME_SAMPLES)
        passed: list[Samples] = []
        for frame, probability in zip(frames, probabilities.tolist(), strict=True):
            event = self._gate.push(probability)
            if event is None and not self._gate.is_open:
                self._before.append(frame)
                continue
            passed += [*self._before, frame]
            self._before.clear()
            self._frames += 1
            if (event is not None and event.kind == "end") or self._frames >= self._max_frames:
                yield np.concatenate(passed)
                yield None
                passed = []
                self._frames = 0
        if passed:
            yield np.concatenate(passed)

    def finish(self) -> Iterator[Samples | None]:
        """The stream has ended: the rest of an open utterance and its end."""
        if self._gate.flush() is not None and (self._frames or len(self._rest)):
            if len(self._rest):
                yield self._rest
            yield None
        self._rest = np.zeros(0, np.float32)
        self._frames = 0
