"""Whisper through faster-whisper (https://github.com/SYSTRAN/faster-whisper, MIT).

The same settings as :mod:`.whisper`: greedy, temperature 0, no fallback and no thresholds, nothing
conditioned on the text before, the language given, word times from cross-attention.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from s2st_bench.errors import DependencyError, InputError
from s2st_bench.transcripts import UNSPACED, base_code
from s2st_bench.types import Samples, Word

from .whole import Precision, WholeRecogniser, failure

_EXTRA = "faster-whisper"


class FasterWhisper(WholeRecogniser):
    """A checkpoint in CTranslate2's format: a folder, a size (``large-v3``) or a hub name."""

    name: ClassVar[str] = "faster-whisper"
    package: ClassVar[str] = "faster-whisper"
    decoding: ClassVar[str] = "greedy,T=0,no-prompt"
    sizes: ClassVar[Mapping[str, str]] = MappingProxyType({
        size: f"Systran/faster-whisper-{size}"
        for size in ("tiny", "base", "small", "medium", "large-v1", "large-v2", "large-v3")
    })

    def __init__(
        self, *, checkpoint: str, device: str = "auto", precision: Precision = "float32"
    ) -> None:
        super().__init__(checkpoint=checkpoint, device=device, precision=precision, batch_size=1)
        self._model: Any = None

    def load(self) -> None:
        if self._model is not None:
            return
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise _missing(error) from None
        try:
            self._model = WhisperModel(str(self.folder), device=self.device,
                                       compute_type=self.precision, local_files_only=True)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            raise failure(self.name, self.folder, error) from error

    def recognise(self, batch: Sequence[Samples], lang: str) -> list[list[Word]]:
        return [self._words(samples, lang) for samples in batch]

    def _words(self, samples: Samples, lang: str) -> list[Word]:
        base = base_code(lang)
        if base not in self._model.supported_languages:
            known = ", ".join(self._model.supported_languages)
            raise InputError(f"{self.folder}: knows no {lang}; it knows {known}")
        segments, _ = self._model.transcribe(
            samples, language=base, task="transcribe", beam_size=1, temperature=0.0,
            condition_on_previous_text=False, word_timestamps=True, vad_filter=False,
            no_speech_threshold=None, log_prob_threshold=None, compression_ratio_threshold=None,
        )
        found = []
        for segment in segments:
            for word in segment.words or ():
                parts = word.word.split() if base not in UNSPACED else list(word.word.strip())
                found += [Word(part, float(word.start), float(word.end)) for part in parts]
        return found


def _missing(error: ImportError) -> DependencyError:
    return DependencyError(error.name or "faster_whisper", "recogniser faster-whisper", _EXTRA)
