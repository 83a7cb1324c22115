"""Syllables of a written word, and how fast languages are spoken.

A syllable is a run of vowel letters (diphthongs of the language are one), of Chinese a character;
digits are one each, and a word without a vowel is one.  That is a rule of thumb: ``README.md``
states its error against espeak-ng's phonemes.

Rates are means of read speech, in syllables per second, pauses over 0.15 s left out (Pellegrino,
Coupé & Marsico 2011, "A cross-language perspective on speech information rate", Language 87(3)).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from s2st_bench.transcripts import base_code

MEAN_RATE_HZ: Mapping[str, float] = MappingProxyType({
    "de": 5.97, "en": 6.19, "es": 7.82, "fr": 7.18, "it": 6.99, "zh": 5.18,
})
"""Base code to syllables per second."""

_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]+")
_APOSTROPHE = re.compile("['’]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_VOWELS = "aeiouyàáâäæèéêëìíîïòóôöøœùúûüýÿ"
_RUN = re.compile(f"[{_VOWELS}]+")
_NUCLEI: Mapping[str, re.Pattern[str]] = MappingProxyType({
    # Vowels that stand together and are said apart end a run.
    "de": re.compile("aa|ai|au|äu|ay|ee|ei|eu|ey|ie|oo|oi|oy|ui|" + f"[{_VOWELS}]"),
    "es": re.compile(r"[iuyü]?[aeoáéó](?:[iuy](?![aeoáéóíú]))?|[íú]|[iuyü]+"),
    "it": re.compile(r"[iu]?[aeoàèéòó](?:[iu](?![aeo]))?|[ìíùú]|[iuy]+"),
    "en": _RUN,
    "fr": _RUN,
})
_SILENT: Mapping[str, re.Pattern[str]] = MappingProxyType({
    "en": re.compile(r"(?<=[aeiouy][^aeiouy])e(?=s?$)|(?<=[^aeiouylr])e(?=s?$)"
                     r"|(?<=[^aeiouytd])e(?=d$)|(?<=[a-z])e(?=ly$|ment)"),
    "fr": re.compile(r"(?<=[^aeiouyéèêë])es?$|(?<=[^aeiouy])ent$|(?<=[éiu])es?$"),
    "de": re.compile(r"(?<=q)u"),
    "es": re.compile(r"(?<=[gq])u(?=[eiéí])"),
})


def can_count(lang: str) -> bool:
    """Whether syllables of the language are counted from its letters."""
    return base_code(lang) in MEAN_RATE_HZ


def syllables(word: str, lang: str) -> int:
    """Syllables of one word of a language that can be counted; 0 for punctuation alone.

    >>> [syllables(word, "en") for word in ("conference", "made", "the", "strengths", "42")]
    [3, 1, 1, 1, 2]
    >>> [syllables(word, "de") for word in ("Theater", "beginnen", "Quelle")]
    [3, 3, 2]
    >>> syllables("ciudades", "es"), syllables("今天", "zh")
    (3, 2)
    """
    base = base_code(lang)
    plain = unicodedata.normalize("NFC", word).casefold()
    digits = len(_DIGIT.findall(plain))
    if base == "zh" and (characters := len(_HAN.findall(plain))):
        return characters + digits
    parts = _LETTERS.findall(_APOSTROPHE.sub("", plain))
    return digits + sum(_of_letters(part, base) for part in parts)


def _of_letters(letters: str, base: str) -> int:
    silent = _SILENT.get(base)
    voiced = letters if silent is None else silent.sub("", letters)
    return max(1, len(_NUCLEI.get(base, _RUN).findall(voiced)))
