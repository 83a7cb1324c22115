"""Phonemes of any language (IPA, as espeak-ng writes them) as those of English (ARPAbet).

An acoustic model of English then finds words of other languages in speech.  Each sound becomes
the English one, or the two, that sound most like it; length, stress and nasality are left out.
Phones are those of the CMU dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

_MARKS: Final = frozenset("ˈˌːˑ̪̩̯̃̊̆ʰʲ'-.;\"^")

PHONES: Final[Mapping[str, str]] = MappingProxyType({
    # English diphthongs and r-coloured vowels
    "aɪɚ": "AY ER", "aɪə": "AY AH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW",
    "ɔɪ": "OY", "ɔø": "OY", "oɪ": "OY", "ɔɹ": "AO R", "ɑɹ": "AA R", "ɛɹ": "EH R", "ɪɹ": "IH R",
    "ʊɹ": "UH R", "iə": "IY AH", "eə": "EH R", "ʊə": "UH R", "ʊɐ": "UH AH", "əl": "AH L",
    "eʊ": "EH UH", "ɜ": "ER", "ɚ": "ER", "ɝ": "ER",
    # vowels
    "a": "AA", "ɑ": "AA", "ɐ": "AH", "ʌ": "AH", "ə": "AH", "ɘ": "AH", "ɵ": "UH", "æ": "AE",
    "ɛ": "EH", "e": "EY", "ɪ": "IH", "ᵻ": "IH", "i": "IY", "ɨ": "IH", "ɔ": "AO", "ɒ": "AA",
    "o": "OW", "ʊ": "UH", "u": "UW", "ɯ": "UW", "ʉ": "UW", "ɤ": "AH", "y": "UW", "ʏ": "UH",
    "ø": "ER", "œ": "ER",
    # consonants
    "tʃ": "CH", "dʒ": "JH", "tɕ": "CH", "dʑ": "JH", "ts": "T S", "dz": "D Z", "pf": "P F",
    "b": "B", "β": "V", "d": "D", "ɖ": "D", "ð": "DH", "f": "F", "ɸ": "F", "g": "G", "ɡ": "G",
    "ɣ": "G", "h": "HH", "ħ": "HH", "ɦ": "HH", "x": "HH", "χ": "HH", "ç": "SH", "j": "Y",
    "ʝ": "Y", "ɟ": "Y", "k": "K", "q": "K", "c": "K", "l": "L", "ɫ": "L", "ʎ": "L Y", "ɭ": "L",
    "m": "M", "n": "N", "ɲ": "N Y", "ɳ": "N", "ŋ": "NG", "p": "P", "r": "R", "ɾ": "R", "ɹ": "R",
    "ʀ": "R", "ʁ": "R", "ɻ": "R", "ɽ": "R", "s": "S", "ʂ": "SH", "ʃ": "SH", "ɕ": "SH", "t": "T",
    "ʈ": "T", "θ": "TH", "v": "V", "ʋ": "V", "w": "W", "ʍ": "W", "ɥ": "W", "z": "Z", "ʐ": "ZH",
    "ʑ": "ZH", "ʒ": "ZH",
})
_LONGEST: Final = max(map(len, PHONES))


def arpabet(phonemes: Sequence[str]) -> tuple[str, ...]:
    """The phones of a word; what is no known sound (a glottal stop) is left out."""
    return tuple(phone for phoneme in phonemes for phone in _phones(phoneme))


def _phones(phoneme: str) -> list[str]:
    """Longest sounds first, from the left."""
    rest = "".join(c for c in phoneme if c not in _MARKS)
    found: list[str] = []
    while rest:
        size = next((n for n in range(_LONGEST, 0, -1) if rest[:n] in PHONES), 0)
        if size:
            found += PHONES[rest[:size]].split()
        rest = rest[max(1, size) :]
    return found
