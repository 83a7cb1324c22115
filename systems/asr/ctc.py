"""CTC models of transformers (wav2vec 2.0, HuBERT, MMS, …), greedy, without a language model.

One language a checkpoint: which, only its user knows, so ``lang`` says it.  Word times are those
of the frames where the word's letters peak.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from s2st_bench.checkpoints import dtype_option, pick_device
from s2st_bench.errors import DependencyError
from s2st_bench.transcripts import base_code
from s2st_bench.types import Samples, Word

from .whole import RATE_HZ, Precision, WholeRecogniser, failure


class Ctc(WholeRecogniser):
    """A checkpoint with a CTC head and its processor.

    Parameters
    ----------
    lang
        The language it was trained for (``de``).
    """

    name: ClassVar[str] = "ctc"
    package: ClassVar[str] = "transformers"
    decoding: ClassVar[str] = "ctc-greedy"

    def __init__(
        self, *, checkpoint: str, lang: str, device: str = "auto",
        precision: Precision = "float32",
    ) -> None:
        super().__init__(checkpoint=checkpoint, device=device, precision=precision, batch_size=1)
        self.languages = frozenset({base_code(lang)})
        self._model: Any = None
        self._processor: Any = None

    def load(self) -> None:
        if self._model is not None:
            return
        try:
            import torch
            import transformers
        except ImportError as error:
            raise DependencyError(error.name or "transformers", f"recogniser {self.name}",
                                  "transformers") from None
        library: Any = transformers  # annotated in part
        try:
            self._processor = library.AutoProcessor.from_pretrained(self.folder)
            model = library.AutoModelForCTC.from_pretrained(
                self.folder, **dtype_option(library, getattr(torch, self.precision)))
            self._model = model.to(torch.device(pick_device(self.device))).eval()
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            raise failure(self.name, self.folder, error) from error

    def recognise(self, batch: Sequence[Samples], lang: str) -> list[list[Word]]:
        return [self._words(samples) for samples in batch]

    def _words(self, samples: Samples) -> list[Word]:
        import torch

        model = self._model
        made = self._processor(samples, sampling_rate=RATE_HZ, return_tensors="pt")
        with torch.inference_mode():
            logits = model(made.input_values.to(device=model.device, dtype=model.dtype)).logits
        ids = logits[0].argmax(dim=-1).cpu()
        found = self._processor.tokenizer.decode(
            ids, output_word_offsets=True, skip_special_tokens=True)
        frame_s = model.config.inputs_to_logits_ratio / RATE_HZ
        return [Word(one["word"], one["start_offset"] * frame_s, one["end_offset"] * frame_s)
                for one in found.word_offsets if one["word"].strip()]
