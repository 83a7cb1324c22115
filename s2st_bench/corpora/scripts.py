"""Which script a language is written in, and how much of a text is.

By Unicode ranges against the language code; no model.  A language that is not listed is taken to
be written in Latin letters; a script subtag (``zh-Hant``, ``sr-Latn``) counts more than the
language.  Source: Unicode 15.1, Blocks.txt and Scripts.txt; scripts by language after CLDR's
likely subtags.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

SCRIPTS: Final[Mapping[str, str]] = MappingProxyType({
    "Latn": "A-Za-zªºÀ-ÖØ-öø-ʸ\u1d00-\u1dbf\u1e00-\u1eff\u2c60-\u2c7f\ua720-\ua7ff\uab30-\uab6f"
            "\uff21-\uff3a\uff41-\uff5a",
    "Cyrl": "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f",
    "Grek": "\u0370-\u03ff\u1f00-\u1fff",
    "Armn": "\u0530-\u058f",
    "Hebr": "\u0590-\u05ff\ufb1d-\ufb4f",
    "Arab": "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufeff",
    "Deva": "\u0900-\u097f\ua8e0-\ua8ff",
    "Beng": "\u0980-\u09ff",
    "Guru": "\u0a00-\u0a7f",
    "Gujr": "\u0a80-\u0aff",
    "Orya": "\u0b00-\u0b7f",
    "Taml": "\u0b80-\u0bff",
    "Telu": "\u0c00-\u0c7f",
    "Knda": "\u0c80-\u0cff",
    "Mlym": "\u0d00-\u0d7f",
    "Sinh": "\u0d80-\u0dff",
    "Thai": "\u0e00-\u0e7f",
    "Laoo": "\u0e80-\u0eff",
    "Mymr": "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f",
    "Geor": "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f",
    "Hang": "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff",
    "Ethi": "\u1200-\u139f\u2d80-\u2ddf",
    "Khmr": "\u1780-\u17ff",
    "Hira": "\u3041-\u309f",
    "Kana": "\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    "Hani": "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f",
})
"""ISO 15924 code to the ranges of its letters and marks, as inside a regular expression's []."""

_WRITTEN: Final[Mapping[str, str]] = MappingProxyType({
    "Cyrl": "be bg kk ky mk mn ru sr tg tt uk ba cv os sah",
    "Grek": "el", "Armn": "hy", "Hebr": "he iw yi", "Arab": "ar fa ur ps sd ckb ug arz ary",
    "Deva": "hi mr ne sa", "Beng": "bn as", "Guru": "pa", "Gujr": "gu", "Orya": "or",
    "Taml": "ta", "Telu": "te", "Knda": "kn", "Mlym": "ml", "Sinh": "si", "Thai": "th",
    "Laoo": "lo", "Mymr": "my", "Geor": "ka", "Hang Hani": "ko", "Ethi": "am ti", "Khmr": "km",
    "Hira Kana Hani": "ja", "Hani": "zh cmn yue wuu nan lzh",
})
_BY_LANGUAGE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    lang: tuple(scripts.split()) for scripts, langs in _WRITTEN.items() for lang in langs.split()
})
_SUBTAGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({
    "hans": ("Hani",), "hant": ("Hani",), "jpan": ("Hira", "Kana", "Hani"),
    "kore": ("Hang", "Hani"), **{name.lower(): (name,) for name in SCRIPTS},
})
_LETTER: Final = re.compile(r"[^\W\d_]")


@cache
def expected(lang: str) -> tuple[str, ...]:
    """Scripts of a language code: ``ja`` gives Hira, Kana and Hani."""
    first, *rest = re.split("[-_]", lang.lower())
    for part in rest:
        if part in _SUBTAGS:
            return _SUBTAGS[part]
    return _BY_LANGUAGE.get(first, ("Latn",))


def is_latin(lang: str) -> bool:
    return expected(lang) == ("Latn",)


def letters(text: str) -> int:
    return len(_LETTER.findall(text))


def foreign(text: str, lang: str) -> int:
    """How many letters of ``text`` are of no script of the language."""
    pattern = _others(expected(lang))
    # most texts have none, and finding that out is cheap
    return len(pattern.findall(text)) if pattern.search(text) else 0


def foreign_but_latin(text: str, lang: str) -> int:
    """The same, Latin letters apart."""
    return len(_others((*expected(lang), "Latn")).findall(text))


@cache
def _others(scripts: tuple[str, ...]) -> re.Pattern[str]:
    """Letters of none of ``scripts``."""
    return re.compile(r"[^\W\d_" + "".join(SCRIPTS[name] for name in scripts) + "]")
