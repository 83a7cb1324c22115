"""Voice activity detection in streaming: speech probability per frame, and a gate over it.

Frames are 512 samples (32 ms) of mono float32 at 16 kHz.  A frame's probability is known when its
last sample has arrived; nothing looks ahead.  The gate has hysteresis: it opens at ``start_at``
and closes when the probability has stayed under ``end_below`` for ``min_silence_s``.

Source: Silero VAD 6.2.3 (MIT), https://github.com/snakers4/silero-vad; the model and its licence
are in ``silero/``.  The default thresholds and padding are those of its streaming iterator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.parts import VadModel
from s2st_bench.types import Samples

RATE_HZ = 16_000
FRAME_SAMPLES = 512
FRAME_S = FRAME_SAMPLES / RATE_HZ

_MODEL = "silero_vad_16k_op15.onnx"
_CONTEXT_SAMPLES = 64


def load_silero() -> Any:
    """The model as an onnxruntime session of one thread; sessions may be shared by streams."""
    try:
        import onnxruntime
    except ImportError:
        raise DependencyError("onnxruntime", "Silero VAD", "cascade") from None
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    model = resources.files(__package__).joinpath("silero", _MODEL).read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class SileroVad:
    """Speech probability of one stream, frame by frame; keeps its state between calls."""

    def __init__(self, model: Any = None) -> None:
        """``model`` is what :func:`load_silero` returns, loaded here when not given."""
        self._model = load_silero() if model is None else model
        self._rate = np.array(RATE_HZ, np.int64)
        self.reset()

    def reset(self) -> None:
        """Forget the stream: what follows is the start of another."""
        self._state = np.zeros((2, 1, 128), np.float32)
        self._window = np.zeros((1, _CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        self._filled = 0

    def push(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Feed ``float32[n]`` of any length; ``float32[frames]`` of the frames now complete.

        Samples short of a frame wait for the next call.
        """
        probabilities = []
        position = 0
        while position < len(samples):
            part = samples[position : position + FRAME_SAMPLES - self._filled]
            start = _CONTEXT_SAMPLES + self._filled
            self._window[0, start : start + len(part)] = part
            self._filled += len(part)
            position += len(part)
            if self._filled == FRAME_SAMPLES:
                probabilities.append(self._infer())
        return np.array(probabilities, np.float32)

    def _infer(self) -> float:
        inputs = {"input": self._window, "state": self._state, "sr": self._rate}
        probability, self._state = self._model.run(None, inputs)
        self._window[0, :_CONTEXT_SAMPLES] = self._window[0, -_CONTEXT_SAMPLES:]
        self._filled = 0
        return float(probability[0, 0])


@dataclass(frozen=True, slots=True)
class GateEvent:
    """Speech began or ended at ``time_s``, which was known at ``known_s`` (both source time)."""

    kind: Literal["start", "end"]
    time_s: float
    known_s: float


class SpeechGate:
    """Turns frame probabilities into starts and ends of speech.

    A start is set ``pad_s`` before its first frame, but not before the end ahead of it; an end
    ``pad_s`` after its last frame, but not after it is known.
    """

    def __init__(
        self,
        start_at: float = 0.5,
        end_below: float = 0.35,
        min_silence_s: float = 0.1,
        min_speech_s: float = 0.0,
        pad_s: float = 0.03,
        frame_s: float = FRAME_S,
    ) -> None:
        """``min_speech_s``: speech must last so long before its start is announced."""
        if not 0.0 < end_below <= start_at <= 1.0:
            raise ConfigError(
                f"0 < end_below <= start_at <= 1 is wanted, not end_below={end_below} and "
                f"start_at={start_at}"
            )
        for name, value in (
            ("min_silence_s", min_silence_s),
            ("min_speech_s", min_speech_s),
            ("pad_s", pad_s),
        ):
            if not 0.0 <= value < float("inf"):
                raise ConfigError(f"{name} must be seconds from 0 up, not {value}")
        self._start_at = start_at
        self._end_below = end_below
        # Counted in frames, since multiples of 32 ms compare unreliably as floats.
        self._min_silence = max(1, math.ceil(min_silence_s / frame_s - 1e-6))
        self._min_speech = max(1, math.ceil(min_speech_s / frame_s - 1e-6))
        self._pad_s = pad_s
        self._frame_s = frame_s
        self.reset()

    def reset(self) -> None:
        """Forget the stream: what follows is the start of another."""
        self._frame = 0
        self._is_open = False
        self._speech_from: int | None = None
        self._silence_from: int | None = None
        self._last_end_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a start was announced and its end was not."""
        return self._is_open

    def push(self, probability: float) -> GateEvent | None:
        """Take the next frame's probability; at most one event follows from it."""
        frame = self._frame
        self._frame += 1
        if probability >= self._start_at:
            self._silence_from = None
            if self._speech_from is None:
                self._speech_from = frame
        elif probability < self._end_below and self._silence_from is None:
            self._silence_from = frame
        if self._speech_from is None:
            return None
        if self._silence_from is not None:
            is_over = self._frame - self._silence_from >= self._min_silence
            return self._end(self._silence_from) if is_over else None
        if self._is_open or self._frame - self._speech_from < self._min_speech:
            return None
        self._is_open = True
        start_s = max(self._last_end_s, self._speech_from * self._frame_s - self._pad_s)
        return GateEvent("start", start_s, self._frame * self._frame_s)

    def flush(self) -> GateEvent | None:
        """The source has ended: close the gate if it is open."""
        return self._end(self._silence_from)

    def _end(self, silence_from: int | None) -> GateEvent | None:
        """Speech is over; of speech too short to have been announced nothing is said."""
        was_open = self._is_open
        self._is_open = False
        self._speech_from = None
        self._silence_from = None
        if not was_open:
            return None
        known_s = self._frame * self._frame_s
        end_s = known_s if silence_from is None else silence_from * self._frame_s + self._pad_s
        self._last_end_s = min(end_s, known_s)
        return GateEvent("end", self._last_end_s, known_s)


class Silero(VadModel):
    """Makes Silero detectors that share one model."""

    def load(self) -> None:
        self._model = load_silero()

    def open(self) -> SileroVad:
        return SileroVad(self._model)
