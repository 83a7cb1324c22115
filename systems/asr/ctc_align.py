"""Forced alignment on any CTC recogniser of the transformers library.

``checkpoint`` is a folder or a name on the hub (``facebook/wav2vec2-base-960h``) of a model that
hears samples at 16 kHz and says letters: wav2vec 2.0, HuBERT, WavLM, MMS.  Words are spelt in the
letters it has (in its case; letters it lacks are left out) with its word delimiter in between, and
the best path that says them all is taken (:mod:`s2st_bench.ctcalign`).  A word begins with the
first frame that says its first letter and ends with the last that says its last one: CTC says
letters somewhere inside their sound, so how far that is off depends on the checkpoint;
``AlignerBias`` tells.

Long speech is heard in windows of 30 s, 2 s of which on either side are context alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from s2st_bench import checkpoints
from s2st_bench.audio import ready
from s2st_bench.ctcalign import label_frames
from s2st_bench.errors import DependencyError, InputError, NotAligned
from s2st_bench.parts import AlignerModel
from s2st_bench.types import Samples, Word

RATE_HZ: Final = 16_000
_WINDOW_S: Final = 30.0
_CONTEXT_S: Final = 2.0
_FEATURE: Final = "alignment by a CTC checkpoint"


class CtcAligner(AlignerModel):
    """A checkpoint; loaded once, on ``device``.

    Parameters
    ----------
    checkpoint
        Folder or hub name.
    device
        ``cpu`` or ``cuda``.
    languages
        Base codes of what it can spell; none: any.
    """

    def __init__(
        self, checkpoint: str, device: str = "cpu", languages: tuple[str, ...] = ()
    ) -> None:
        checkpoints.check_name(checkpoint, _FEATURE)
        self._checkpoint = checkpoint
        self._device = device
        self.languages = frozenset(languages)
        self._model: Any = None
        self._features: Any = None
        self._letters: Mapping[str, int] = {}
        self._blank = 0
        self._delimiter: int | None = None

    def load(self) -> None:
        if self._model is not None:
            return
        try:
            transformers: Any = importlib.import_module("transformers")
        except ImportError as error:
            raise DependencyError(error.name or "transformers", _FEATURE, "transformers") from None
        folder = str(checkpoints.local_folder(self._checkpoint, _FEATURE))
        try:
            self._features = transformers.AutoFeatureExtractor.from_pretrained(folder)
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            model = transformers.AutoModelForCTC.from_pretrained(folder).eval()
            model = model.to(self._device)
        except (OSError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"{folder}: not a CTC checkpoint of transformers ({reason})"
            ) from error
        self._letters = tokenizer.get_vocab()
        self._blank = int(tokenizer.pad_token_id)
        self._delimiter = self._letters.get(getattr(tokenizer, "word_delimiter_token", "|"))
        self._model = model

    def signature(self) -> Mapping[str, str]:
        folder = checkpoints.local_folder(self._checkpoint, _FEATURE)
        return {"aligner": "ctc", "weights": checkpoints.digest(folder)}

    def align(
        self, samples: Samples, rate_hz: int, words: Sequence[str], lang: str
    ) -> tuple[Word, ...]:
        self.load()
        sound = ready(samples, rate_hz, RATE_HZ)
        labels, firsts = self._spelt(words)
        if not labels:
            return tuple(Word(word, 0.0, 0.0) for word in words)
        if not len(sound):
            raise NotAligned("there is no speech")
        frame_s = self._stride / RATE_HZ
        times = label_frames(self._log_probs(sound), labels, self._blank) * frame_s
        found, end_s = [], 0.0
        for word, (first, count) in zip(words, firsts, strict=True):
            start_s = float(times[first, 0]) if count else end_s
            end_s = float(times[first + count - 1, 1]) if count else end_s
            found.append(Word(word, start_s, end_s))
        return tuple(found)

    @property
    def _stride(self) -> int:
        """Samples from one frame to the next."""
        return int(self._model.config.inputs_to_logits_ratio)

    def _spelt(self, words: Sequence[str]) -> tuple[list[int], list[tuple[int, int]]]:
        """Labels of all words, and of each its first label and how many it has."""
        labels: list[int] = []
        places = []
        for word in words:
            spelt = [self._letters[c] for c in self._in_case(word)
                     if c in self._letters and self._letters[c] != self._delimiter]
            if spelt and labels and self._delimiter is not None:
                labels.append(self._delimiter)
            places.append((len(labels), len(spelt)))
            labels += spelt
        return labels, places

    def _in_case(self, word: str) -> str:
        """Letters as the checkpoint has them."""
        return "".join(
            next((form for form in (c, c.lower(), c.upper()) if form in self._letters), "")
            for c in word.replace("’", "'")
        )

    def _log_probs(self, sound: Samples) -> npt.NDArray[np.float32]:
        """Of letters at each frame, ``float32[frames, letters]``."""
        stride = self._stride
        context = round(_CONTEXT_S * RATE_HZ) // stride
        step = round(_WINDOW_S * RATE_HZ) // stride - 2 * context
        parts = []
        for first in range(0, max(1, len(sound) // stride), step):
            begin = max(0, first - context)
            end = (first + step + context) * stride
            rows = self._heard(sound[begin * stride : end])
            is_last = end >= len(sound)
            parts.append(rows[first - begin : None if is_last else first - begin + step])
            if is_last:
                break
        return np.concatenate(parts)

    def _heard(self, sound: Samples) -> npt.NDArray[np.float32]:
        import torch

        given = self._features(sound, sampling_rate=RATE_HZ, return_tensors="pt")
        try:
            with torch.inference_mode():
                logits = self._model(given.input_values.to(self._device)).logits[0]
        except RuntimeError as error:  # the convolutions need some hundred samples
            raise NotAligned(f"{len(sound) / RATE_HZ:.3f} s of speech cannot be heard: "
                             f"{error}") from None
        found: npt.NDArray[np.float32] = torch.log_softmax(logits.float(), -1).cpu().numpy()
        return found
