"""The recording as an agent of SimulEval 1.0 asks for it, piece by piece.

It stands where 1.0's client to the evaluation server stood: ``get_source`` answers with a segment,
``send_hypo`` takes words.  What has not arrived yet cannot be asked for: the session looks at
:meth:`missing_s` first, and waits.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

import numpy as np

from s2st_bench.errors import SystemFailure
from s2st_bench.system import Observation
from s2st_bench.types import AudioChunk, Samples, TextChunk

from ..segments import segment_samples
from .states import DEFAULT_EOS

Sample = Literal["int16", "float32"]


class Exchange:
    """Source in, words out.

    Attributes
    ----------
    words
        What the agent has said since they were last taken.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self.whole = False

    def send_hypo(self, instance_id: int, hypo: str) -> None:
        # 1.0 sends a segment as text and splits it at white space on the other side.
        self.words += [word for word in hypo.split() if word != DEFAULT_EOS]

    def add(self, observation: Observation) -> None:
        """New source."""
        self.whole = self.whole or observation.is_last

    def missing_s(self, segment_ms: float) -> float | None:
        """Seconds (0: any) that the next segment waits for; none: it is here."""
        raise NotImplementedError

    def get_source(self, instance_id: int, extra_params: Any = None) -> dict[str, Any]:
        """The next segment, or the end of the source."""
        raise NotImplementedError


class TextExchange(Exchange):
    """A segment is a token."""

    def __init__(self) -> None:
        super().__init__()
        self._tokens: deque[str] = deque()
        self._sent = 0

    def add(self, observation: Observation) -> None:
        super().add(observation)
        if isinstance(observation.chunk, TextChunk):
            self._tokens.extend(observation.chunk.tokens)

    def missing_s(self, segment_ms: float) -> float | None:
        return None if self._tokens or self.whole else 0.0

    def get_source(self, instance_id: int, extra_params: Any = None) -> dict[str, Any]:
        if not (self._tokens or self.whole):
            raise SystemFailure(_TOO_FAR)
        segment = self._tokens.popleft() if self._tokens else DEFAULT_EOS
        self._sent += 1
        return {"instance_id": instance_id, "segment_id": self._sent - 1, "segment": segment}


class SpeechExchange(Exchange):
    """A segment is the samples of as many milliseconds as are asked for."""

    def __init__(self, sample: Sample) -> None:
        super().__init__()
        self._sample = sample
        self._kept: Samples = np.empty(0, np.float32)
        self._rate_hz = 0
        self._sent = 0

    def add(self, observation: Observation) -> None:
        super().add(observation)
        if isinstance(observation.chunk, AudioChunk):
            self._rate_hz = observation.chunk.sample_rate_hz
            self._kept = np.concatenate((self._kept, observation.chunk.samples))

    def missing_s(self, segment_ms: float) -> float | None:
        if self.whole:
            return None
        if not self._rate_hz:
            return segment_ms / 1000
        missing = segment_samples(segment_ms, self._rate_hz) - len(self._kept)
        return missing / self._rate_hz if missing > 0 else None

    def get_source(self, instance_id: int, extra_params: Any = None) -> dict[str, Any]:
        segment_ms = (extra_params or {}).get("segment_size", 10)
        if self.missing_s(segment_ms) is not None:
            raise SystemFailure(_TOO_FAR)
        size = segment_samples(segment_ms, self._rate_hz or 1)
        samples, self._kept = self._kept[:size], self._kept[size:]
        self._sent += len(samples)
        return {
            "instance_id": instance_id,
            "segment_id": self._sent * 1000 / (self._rate_hz or 1),
            "segment": self._numbers(samples) if len(samples) else DEFAULT_EOS,
            "sample_rate": self._rate_hz,
            "dtype": self._sample,
            "finished": self.whole and not len(self._kept),
        }

    def _numbers(self, samples: Samples) -> list[Any]:
        if self._sample == "float32":
            return list(samples.tolist())
        whole = np.clip(np.rint(samples * 32768.0), -32768, 32767)
        return list(whole.astype(np.int16).tolist())


_TOO_FAR = (
    "the agent asked for more source than one READ gives: agents that fetch source by "
    "themselves (states.client.get_source) cannot be replayed"
)
