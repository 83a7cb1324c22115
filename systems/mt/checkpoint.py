"""What translators on this machine share: a checkpoint of transformers, loaded once."""

from __future__ import annotations

import threading
from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from s2st_bench.checkpoints import check_name, dtype_option, local_folder, pick_device
from s2st_bench.errors import DependencyError, InputError, SystemFailure
from s2st_bench.parts import TranslatorModel

Precision = Literal["float32", "float16", "bfloat16"]


class CheckpointTranslator(TranslatorModel):
    """A translator that transformers loads.

    Parameters
    ----------
    checkpoint
        A path here, or a name on the Hugging Face hub.
    device
        ``cpu``, ``cuda``, or ``auto``: ``cuda`` where there is one.
    precision
        Of weights and arithmetic; halves are for GPUs.
    max_tokens
        Longest translation of one utterance.
    """

    name: ClassVar[str]
    loader: ClassVar[str]
    """Class of transformers that the weights are for."""

    def __init__(
        self, *, checkpoint: str, device: str = "auto", precision: Precision = "float32",
        max_tokens: int = 256,
    ) -> None:
        if max_tokens < 1:
            raise ValueError(f"max_tokens={max_tokens}: at least 1 is wanted")
        check_name(checkpoint, f"translator {self.name}")
        self.checkpoint = checkpoint
        self.device = device
        self.precision = precision
        self.max_tokens = max_tokens
        self.model: Any = None
        self.tokenizer: Any = None
        self.turn = threading.Lock()
        """Held while the tokenizer is set to a pair of languages."""

    @cached_property
    def folder(self) -> Path:
        """Where the weights are; fetched from the hub the first time."""
        return local_folder(self.checkpoint, f"translator {self.name}")

    def load(self) -> None:
        if self.model is not None:
            return
        try:
            import torch
            import transformers
        except ImportError as error:
            raise DependencyError(error.name or "transformers", f"translator {self.name}",
                                  "transformers") from None
        library: Any = transformers  # annotated in part
        try:
            self.tokenizer = library.AutoTokenizer.from_pretrained(self.folder)
            model = getattr(library, self.loader).from_pretrained(
                self.folder, **dtype_option(library, getattr(torch, self.precision)))
            self.model = model.to(torch.device(pick_device(self.device))).eval()
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError) as error:
            reason = " ".join(str(error).split())[:300]
            raise InputError(f"translator {self.name}: {self.folder}: cannot be loaded "
                             f"({type(error).__name__}: {reason})") from error
        self.check()

    def missing(self, source_lang: str, target_lang: str) -> str | None:
        """Known of a checkpoint only once it is loaded; before, every pair may be there."""
        return self.refusal(source_lang, target_lang) if self.model is not None else None

    def fits(self, n_tokens: int) -> None:
        """Refuse a text that the loaded checkpoint has no room for, rather than cut it.

        Raises
        ------
        SystemFailure
        """
        if n_tokens > self.room:
            raise SystemFailure(f"translator {self.name}: an utterance of {n_tokens} tokens, where "
                                f"{self.checkpoint} takes {self.room}")

    @property
    def room(self) -> int:
        """Tokens that the loaded checkpoint has positions for."""
        return int(getattr(self.model.config, "max_position_embeddings", None) or 1_024)

    @abstractmethod
    def check(self) -> None:
        """Refuse a checkpoint that loads and is of another kind.

        Raises
        ------
        InputError
        """

    @abstractmethod
    def refusal(self, source_lang: str, target_lang: str) -> str | None:
        """Why the loaded checkpoint does not translate the pair, or none."""
