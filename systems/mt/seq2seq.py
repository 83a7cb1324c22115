"""Encoder-decoder translators of transformers: NLLB, M2M100 and Marian.

Decoding is beam search without sampling, so a text has one translation.  An utterance that is not
over yet is translated as it stands.

Sources: NLLB (arXiv:2207.04672), M2M100 (arXiv:2010.11125), Marian (arXiv:1804.00344) with the
OPUS-MT checkpoints (``Helsinki-NLP/opus-mt-…``), whose name says the pair.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from s2st_bench.errors import InputError, SystemFailure
from s2st_bench.parts import Translator
from s2st_bench.transcripts import base_code

from .checkpoint import CheckpointTranslator, Precision
from .languages import flores, pick

_PAIR = re.compile(r"opus-mt(?:-tc-big)?-([a-z]{2,3})-([a-z]{2,3})", re.IGNORECASE)


class Seq2Seq(CheckpointTranslator):
    """What the three share.

    Parameters
    ----------
    beams
        Hypotheses kept while decoding; 1 is greedy.
    """

    loader: ClassVar[str] = "AutoModelForSeq2SeqLM"
    kinds: ClassVar[frozenset[str]]
    """``model_type`` of checkpoints it is for."""

    def __init__(
        self, *, checkpoint: str, device: str = "auto", precision: Precision = "float32",
        max_tokens: int = 256, beams: int = 1,
    ) -> None:
        if not 1 <= beams <= 64:
            raise ValueError(f"beams={beams}: 1 to 64 is wanted")
        super().__init__(checkpoint=checkpoint, device=device, precision=precision,
                         max_tokens=max_tokens)
        self.beams = beams

    def check(self) -> None:
        kind = self.model.config.model_type
        if kind not in self.kinds:
            raise InputError(f"translator {self.name}: {self.folder}: a checkpoint of kind "
                             f"{kind!r}, where {' or '.join(sorted(self.kinds))} is wanted")

    def open(self, source_lang: str, target_lang: str) -> Translator:
        self.load()
        if reason := self.refusal(source_lang, target_lang):
            raise SystemFailure(reason)
        return Pair(self, source_lang, target_lang)

    @abstractmethod
    def inputs(self, text: str, source_lang: str, target_lang: str) -> tuple[Any, dict[str, Any]]:
        """The tokenizer's output for ``text``, and what ``generate`` is told of the target."""

    def translate(self, text: str, source_lang: str, target_lang: str) -> str:
        """The translation, words separated by single spaces."""
        import torch

        with self.turn:
            encoded, told = self.inputs(text, source_lang, target_lang)
        with torch.inference_mode():
            found = self.model.generate(
                **encoded.to(self.model.device), **told, do_sample=False, num_beams=self.beams,
                max_length=None, max_new_tokens=min(self.max_tokens, self.room - 2))
        decoded: str = self.tokenizer.decode(found[0], skip_special_tokens=True)
        return " ".join(decoded.split())

    def encoded(self, text: str) -> Any:
        """``text`` as the model takes it.

        Raises
        ------
        SystemFailure
            It is too long.
        """
        found = self.tokenizer(text, return_tensors="pt")
        self.fits(found["input_ids"].shape[-1])
        return found


class Pair:
    """One pair of languages."""

    def __init__(self, model: Seq2Seq, source_lang: str, target_lang: str) -> None:
        self._model = model
        self._source, self._target = source_lang, target_lang

    def translate(self, text: str, is_over: bool = True) -> str:
        text = " ".join(text.split())
        return self._model.translate(text, self._source, self._target) if text else ""

    def close(self) -> None:
        """Nothing runs in the background."""


class Multilingual(Seq2Seq):
    """One checkpoint for many languages, told which by tokens."""

    kinds: ClassVar[frozenset[str]] = frozenset({"m2m_100"})

    @abstractmethod
    def code(self, lang: str) -> str | None:
        """What the loaded checkpoint calls a language, or none where it does not know it."""

    @abstractmethod
    def number(self, code: str) -> int:
        """The token of a code."""

    def refusal(self, source_lang: str, target_lang: str) -> str | None:
        for lang in (source_lang, target_lang):
            if self.code(lang) is None:
                return f"translator {self.name}: {self.checkpoint} knows no {lang}"
        return None

    def inputs(self, text: str, source_lang: str, target_lang: str) -> tuple[Any, dict[str, Any]]:
        self.tokenizer.src_lang = self.code(source_lang)
        target = self.code(target_lang) or ""
        return self.encoded(text), {"forced_bos_token_id": self.number(target)}


class Nllb(Multilingual):
    """NLLB-200 and its kind."""

    name: ClassVar[str] = "nllb"

    def check(self) -> None:
        super().check()
        if self.code("eng_Latn") is None:
            raise InputError(f"translator {self.name}: {self.folder}: its tokenizer knows no "
                             "eng_Latn: is it M2M100 (system.mt.name=m2m100)?")

    def code(self, lang: str) -> str | None:
        return pick(flores(lang), self.tokenizer.get_added_vocab())

    def number(self, code: str) -> int:
        found: int = self.tokenizer.convert_tokens_to_ids(code)
        return found


class M2M100(Multilingual):
    """M2M100 and its kind."""

    name: ClassVar[str] = "m2m100"

    def check(self) -> None:
        super().check()
        if not hasattr(self.tokenizer, "lang_code_to_id"):
            raise InputError(f"translator {self.name}: {self.folder}: its tokenizer is not "
                             "M2M100's: is it NLLB (system.mt.name=nllb)?")

    def code(self, lang: str) -> str | None:
        return pick(lang, self._codes)

    def number(self, code: str) -> int:
        found: int = self.tokenizer.get_lang_id(code)
        return found

    @property
    def _codes(self) -> Mapping[str, int]:
        codes: Mapping[str, int] = self.tokenizer.lang_code_to_id
        return codes


class Marian(Seq2Seq):
    """A Marian checkpoint: one pair, or several targets told apart by a token (``>>fra<<``).

    Parameters
    ----------
    pair
        Source and target (``en-de``); none: as its name says it (``opus-mt-en-de``).
    prefix
        Begins every text, for a checkpoint of several targets (``>>fra<<``).
    """

    name: ClassVar[str] = "marian"
    kinds: ClassVar[frozenset[str]] = frozenset({"marian"})

    def __init__(
        self, *, checkpoint: str, pair: str | None = None, prefix: str = "",
        device: str = "auto", precision: Precision = "float32", max_tokens: int = 256,
        beams: int = 1,
    ) -> None:
        super().__init__(checkpoint=checkpoint, device=device, precision=precision,
                         max_tokens=max_tokens, beams=beams)
        named = _PAIR.fullmatch(Path(checkpoint).name)
        given = (pair or "-".join(named.groups() if named else ())).lower().split("-")
        if len(given) != 2 or not all(given):
            raise ValueError(f"pair={pair}: the languages of {checkpoint} are wanted, such as "
                             "pair=en-de; its name does not say them")
        self._pair = given[0], given[1]
        self._token = prefix

    def missing(self, source_lang: str, target_lang: str) -> str | None:
        return self.refusal(source_lang, target_lang)

    def refusal(self, source_lang: str, target_lang: str) -> str | None:
        if (base_code(source_lang), base_code(target_lang)) == self._pair:
            return None
        return (f"translator {self.name}: {self.checkpoint} translates {' to '.join(self._pair)}, "
                f"not {source_lang} to {target_lang}")

    def check(self) -> None:
        super().check()
        if self._token and self._token not in self.tokenizer.get_vocab():
            raise InputError(f"translator {self.name}: {self.folder}: knows no token "
                             f"{self._token!r} (prefix)")

    def inputs(self, text: str, source_lang: str, target_lang: str) -> tuple[Any, dict[str, Any]]:
        return self.encoded(f"{self._token} {text}".strip()), {}
