"""VITS checkpoints of transformers, MMS's among them: one language each.

A phrase is one piece; its noise is drawn from a seed of the settings', so that the same text gives
the same speech.  Word times are not known.

Sources: VITS (arXiv:2106.06103), MMS (arXiv:2305.13516, ``facebook/mms-tts-…``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from s2st_bench.checkpoints import check_name, local_folder, pick_device, short_name
from s2st_bench.errors import DependencyError, InputError, SystemFailure
from s2st_bench.parts import SynthesiserModel
from s2st_bench.speech.words import Utterance
from s2st_bench.transcripts import base_code


class Vits(SynthesiserModel):
    """A voice on this machine.

    Parameters
    ----------
    checkpoint
        A path here, or a name on the Hugging Face hub.
    lang
        The language it speaks (``de``).
    speaker
        Number of the speaker, where the checkpoint has several.
    speaking_rate
        1 as it was trained, more is faster.
    seed
        Of the noise that the voice is drawn from.
    device
        ``cpu``, ``cuda``, or ``auto``: ``cuda`` where there is one.
    """

    def __init__(
        self, *, checkpoint: str, lang: str, speaker: int = 0, speaking_rate: float = 1.0,
        seed: int = 0, device: str = "auto",
    ) -> None:
        if not 0.25 <= speaking_rate <= 4.0:
            raise ValueError(f"speaking_rate={speaking_rate}: 0.25 to 4 is wanted")
        if speaker < 0:
            raise ValueError(f"speaker={speaker}: counted from 0")
        check_name(checkpoint, "synthesiser vits")
        self.checkpoint = checkpoint
        self.voices = frozenset({f"vits {short_name(checkpoint)}"})
        self._lang = base_code(lang)
        self._speaker = speaker
        self._speaking_rate = speaking_rate
        self._seed = seed
        self._device = device
        self._model: Any = None
        self._tokenizer: Any = None

    @cached_property
    def folder(self) -> Path:
        """Where the weights are; fetched from the hub the first time."""
        return local_folder(self.checkpoint, "synthesiser vits")

    def load(self) -> None:
        if self._model is not None:
            return
        try:
            import torch
            import transformers
        except ImportError as error:
            raise DependencyError(error.name or "transformers", "synthesiser vits",
                                  "transformers") from None
        library: Any = transformers  # annotated in part
        try:
            self._tokenizer = library.VitsTokenizer.from_pretrained(self.folder)
            model = library.VitsModel.from_pretrained(self.folder)
            model = model.to(torch.device(pick_device(self._device))).eval()
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError) as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(f"synthesiser vits: {self.folder}: cannot be loaded "
                             f"({type(error).__name__}: {reason})") from error
        if self._tokenizer.is_uroman:
            raise InputError(f"synthesiser vits: {self.folder}: wants romanised text (uroman), "
                             "which is not done here")
        if self._speaker >= max(1, model.config.num_speakers):
            raise InputError(f"synthesiser vits: {self.folder}: has {model.config.num_speakers} "
                             f"speakers, none of number {self._speaker}")
        model.speaking_rate = self._speaking_rate
        self._model = model

    def missing(self, lang: str) -> str | None:
        if base_code(lang) == self._lang:
            return None
        return f"synthesiser vits: {self.checkpoint} speaks {self._lang}, not {lang}"

    def speak(self, text: str, lang: str) -> Iterator[Utterance]:
        import torch

        try:
            inputs = self._tokenizer(text, return_tensors="pt")
        except ImportError as error:  # phonemes by an optional package
            reason = " ".join(str(error).split())[:200]
            raise SystemFailure(f"synthesiser vits: {reason}") from error
        if inputs["input_ids"].shape[-1] < 2:  # no letter of it is in the checkpoint's alphabet
            return
        told = {"speaker_id": self._speaker} if self._model.config.num_speakers > 1 else {}
        device = self._model.device
        cards = [device] if device.type == "cuda" else []
        with torch.random.fork_rng(devices=cards), torch.inference_mode():
            torch.manual_seed(self._seed)
            sound = self._model(**inputs.to(device), **told).waveform[0]
        samples = np.clip(np.nan_to_num(sound.float().cpu().numpy()), -1.0, 1.0)
        yield Utterance(samples.astype(np.float32), int(self._model.config.sampling_rate), ())
