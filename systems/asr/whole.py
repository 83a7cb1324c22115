"""What recognisers of whole recordings share: they do not stream, and take any audio."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final, Literal

import numpy as np

from s2st_bench.audio import ready, windows
from s2st_bench.checkpoints import check_name, digest, local_folder, short_name
from s2st_bench.errors import InputError
from s2st_bench.parts import Recogniser, RecogniserModel
from s2st_bench.types import Samples, Speech, Word

RATE_HZ: Final = 16_000
LONGEST_S: Final = 30.0
"""Whisper hears so much at once."""
_LEAST_S: Final = 0.1
"""In less there is no word, and less than models need (wav2vec 2.0 takes 25 ms a frame)."""

Precision = Literal["float32", "float16", "bfloat16"]


class WholeRecogniser(RecogniserModel):
    """Recognises utterances when they are over, long recordings in windows that end where it is
    quiet, several windows at once.

    Parameters
    ----------
    checkpoint
        A path here, or a name on the Hugging Face hub.
    device
        ``cpu``, ``cuda``, or ``auto``: ``cuda`` where there is one.
    precision
        Of weights and arithmetic; halves are for GPUs.
    batch_size
        Windows recognised at once.
    """

    languages: frozenset[str] = frozenset()
    name: ClassVar[str]
    package: ClassVar[str]
    decoding: ClassVar[str]
    sizes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Short names of checkpoints on the hub."""

    def __init__(
        self, *, checkpoint: str, device: str = "auto", precision: Precision = "float32",
        batch_size: int = 8,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: at least 1 is wanted")
        if checkpoint not in self.sizes:
            check_name(checkpoint, f"recogniser {self.name}")
        self.checkpoint = checkpoint
        self.device = device
        self.precision = precision
        self.batch_size = batch_size

    @cached_property
    def folder(self) -> Path:
        """Where the weights are; fetched from the hub the first time."""
        checkpoint = self.sizes.get(self.checkpoint, self.checkpoint)
        return local_folder(checkpoint, f"recogniser {self.name}")

    def signature(self) -> Mapping[str, str]:
        return {"asr": self.name, "checkpoint": short_name(self.checkpoint),
                "weights": self._digest, "decoding": self.decoding, "precision": self.precision,
                "windows": f"{LONGEST_S:g}s", self.package: version(self.package)}

    def open(self, lang: str) -> Recogniser:
        return WholeUtterances(self, lang)

    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        return self.transcribe_many([Speech(samples, rate_hz)], lang)[0]

    def transcribe_many(
        self, recordings: Sequence[Speech], lang: str
    ) -> list[tuple[Word, ...]]:
        self.load()
        found: list[list[Word]] = [[] for _ in recordings]
        places: list[tuple[int, float]] = []
        cut: list[Samples] = []
        for number, recording in enumerate(recordings):
            sound = ready(recording.samples, recording.sample_rate_hz, RATE_HZ)
            for first, last in windows(sound, RATE_HZ, LONGEST_S):
                if last - first < _LEAST_S * RATE_HZ:
                    continue
                places.append((number, first / RATE_HZ))
                cut.append(sound[first:last])
        for start in range(0, len(cut), self.batch_size):
            batch = cut[start : start + self.batch_size]
            heard = self.recognise(batch, lang)
            for i, words in enumerate(heard):
                number, at_s = places[start + i]
                length_s = len(batch[i]) / RATE_HZ
                found[number] += [_placed(word, at_s, length_s) for word in words]
        return [tuple(words) for words in found]

    @abstractmethod
    def recognise(self, batch: Sequence[Samples], lang: str) -> list[list[Word]]:
        """Words of windows ``float32[n]`` at 16 kHz, n > 0, with times in seconds."""

    @cached_property
    def _digest(self) -> str:
        return digest(self.folder)


def _placed(word: Word, at_s: float, length_s: float) -> Word:
    """A window's word in its recording; times that lie outside the window are moved into it."""
    start_s, end_s = np.clip(np.nan_to_num([word.start_s, word.end_s]), 0.0, length_s).tolist()
    return Word(word.text, at_s + start_s, at_s + max(start_s, end_s))


class WholeUtterances:
    """One listener: nothing is said before the utterance's end; see
    :class:`s2st_bench.parts.Recogniser`.
    """

    def __init__(self, model: RecogniserModel, lang: str) -> None:
        self._model = model
        self._lang = lang
        self._heard: list[Samples] = []

    def accept(self, samples: Samples) -> tuple[str, ...]:
        self._heard.append(samples)
        return ()

    def finish(self) -> tuple[str, ...]:
        if not self._heard:
            return ()
        sound = np.concatenate(self._heard)
        self._heard = []
        return tuple(w.text for w in self._model.transcribe(sound, RATE_HZ, self._lang))

    def close(self) -> None:
        self._heard = []


def timed(
    text: str, edges_s: Sequence[float], ends: Sequence[int], last_s: float, *,
    spaced: bool = True,
) -> list[Word]:
    """The words of ``text``, each from where its first character was to where its last ends.

    Parameters
    ----------
    ends
        How much of the text (characters) each token completes, not falling.
    edges_s
        When each token begins; the next one's begin is its end, the last one's is ``last_s``.
    spaced
        False where each character is taken for a word.
    """
    found: list[Word] = []
    begins = np.array([0, *ends[:-1]], dtype=int) if len(ends) else np.zeros(0, int)
    stops = np.asarray(ends, dtype=int)
    edges = np.minimum(np.maximum.accumulate(np.nan_to_num([*edges_s, last_s])), last_s)
    at = 0
    for word in text.split() if spaced else "".join(text.split()):
        start = text.index(word, at)
        at = start + len(word)
        first = int(np.searchsorted(stops, start, side="right"))
        last = int(np.searchsorted(stops, at, side="left"))
        if first >= len(begins) or last >= len(begins):
            break
        found.append(Word(word, float(edges[first]), float(edges[last + 1])))
    return found


def failure(name: str, folder: Path, error: Exception) -> InputError:
    """What a library said of a checkpoint, in one line."""
    reason = " ".join(str(error).split())[:300]
    return InputError(f"recogniser {name}: {folder}: cannot be loaded "
                      f"({type(error).__name__}: {reason})")
