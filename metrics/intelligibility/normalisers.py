"""How transcripts and references are brought to one form, by name; both sides get the same.

=========  =======================================================================================
cvss       lower case, punctuation out, apostrophes inside words stay: how the normalised texts of
           CVSS (Jia et al. 2022, arXiv:2201.03713) are written.  Numbers are left as they are
           written; CVSS spells them out by hand
whisper    Whisper's own (Radford et al. 2022, arXiv:2212.04356, appendix C): for English
           contractions and spellings unified, numbers in digits; for other languages lower case
           and marks out.
           The code is that of transformers, the spellings OpenAI's table
none       as they are
=========  =======================================================================================

Languages written without spaces are then compared by characters: sacrebleu's ``char`` tokenizer,
and each character a word for error rates.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from s2st_bench.errors import DependencyError
from s2st_bench.text_forms import lower
from s2st_bench.transcripts import UNSPACED, base_code

Name = Literal["cvss", "whisper", "none"]

_SPELLINGS = Path(__file__).parent / "english_spellings.json"
_CODES = {"zho": "zh", "cmn": "zh", "jpn": "ja", "tha": "th", "lao": "lo", "mya": "my", "khm": "km"}


class Normaliser:
    """One of the above, for any language."""

    def __init__(self, name: Name) -> None:
        self.name = name

    def __call__(self, text: str, lang: str) -> str:
        """
        Raises
        ------
        DependencyError
            Whisper's needs transformers.
        """
        if self.name == "none":
            return text
        if self.name == "cvss":
            return lower(text)
        english, basic = self._whisper
        chosen = english if base_code(lang) in ("en", "eng") else basic
        return " ".join(str(chosen(text)).split())

    def signature(self) -> str:
        """``cvss``, ``none``, or ``whisper`` with the version of its code."""
        return f"whisper+transformers-{version('transformers')}" if self.name == "whisper" \
            else self.name

    @cached_property
    def _whisper(self) -> tuple[Callable[[str], Any], Callable[[str], Any]]:
        try:
            from transformers.models.whisper import english_normalizer as theirs
        except ImportError as error:
            raise DependencyError(error.name or "transformers", "normalise=whisper",
                                  "transformers") from None
        spellings = json.loads(_SPELLINGS.read_text("utf-8"))
        made: Any = theirs  # without annotations
        return made.EnglishTextNormalizer(spellings), made.BasicTextNormalizer()


def tokenizer_of(lang: str) -> str:
    """sacrebleu's tokenizer for heard text: ``char`` where words are not spaced, else ``13a``."""
    return "char" if _unspaced(lang) else "13a"


def words_of(text: str, lang: str) -> str:
    """``text`` as error rates count its words: single characters where words are not spaced."""
    return " ".join("".join(text.split())) if _unspaced(lang) else text


def _unspaced(lang: str) -> bool:
    base = base_code(lang)
    return _CODES.get(base, base) in UNSPACED | {"bo", "bod"}
