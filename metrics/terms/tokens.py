"""Texts as tokens that can be compared, each knowing the characters it covers.

A token is a white-space word, case folded, without punctuation at its ends; in languages written
without spaces it is a character.  ``last`` is the number of its last character, white space not
counted: it leads to the unit that completed it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from s2st_bench.metric import Item

_SPACELESS = frozenset(
    "zh zho cmn yue ja jpn th tha lo lao my mya km khm bo bod".split()
)
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``surface`` is it as written, ``text`` in the form that is compared."""

    text: str
    surface: str
    last: int
    sentence_start: bool = False


def primary(lang: str) -> str:
    """The language without region or script: ``zh`` of ``zh-CN``, ``zho`` of ``zho_Hans``."""
    return lang.replace("_", "-").split("-")[0].lower()


def spaceless(lang: str) -> bool:
    return primary(lang) in _SPACELESS


def tokens(text: str, lang: str) -> list[Token]:
    """The tokens of a text; those that are punctuation alone are left out.

    >>> [t.text for t in tokens("Die Katze, sagte sie.", "de")]
    ['die', 'katze', 'sagte', 'sie']
    >>> [(t.text, t.last) for t in tokens("好 的。", "zh")]
    [('好', 0), ('的', 1)]
    """
    found: list[Token] = []
    seen = 0
    fresh = True
    for word in _WORD.findall(text):
        if spaceless(lang):
            for char in word:
                if plain := strip(char):
                    found.append(Token(plain, char, seen, fresh))
                    fresh = False
                seen += 1
                fresh = fresh or char in "。！？"
            continue
        seen += len(word)
        if plain := strip(word):
            found.append(Token(plain, _core(word), seen - 1, fresh))
            fresh = False
        fresh = fresh or word.rstrip("\"'”’»)").endswith((".", "!", "?", "…", ":"))
    return found


def strip(word: str) -> str:
    """Case folded, without punctuation and symbols at the ends."""
    return _core(unicodedata.normalize("NFKC", word)).casefold()


def find(wanted: Sequence[Sequence[str]], said: Sequence[Token], taken: set[int]) -> int | None:
    """The first place where one of the ``wanted`` sequences stands, the longest of them first.

    Returns the index of its last token and adds all of its tokens to ``taken``; tokens taken
    before are not used again.
    """
    texts = [token.text for token in said]
    for form in sorted((f for f in wanted if f), key=len, reverse=True):
        for start in range(len(texts) - len(form) + 1):
            place = range(start, start + len(form))
            if texts[start : start + len(form)] == list(form) and taken.isdisjoint(place):
                taken.update(place)
                return place[-1]
    return None


def units_of(item: Item) -> list[int] | None:
    """For each character of the hypothesis that is no white space, the number of its unit.

    None where units are not parts of the text (pieces of a tokenizer).
    """
    owners = [i for i, unit in enumerate(item.units) for _ in range(len("".join(unit.split())))]
    return owners if len(owners) == len("".join(item.hypothesis.split())) else None


def _core(word: str) -> str:
    """Without punctuation at its ends; signs that belong to a value (%, €, +) stay."""
    start, end = 0, len(word)
    while start < end and unicodedata.category(word[start]).startswith("P"):
        start += 1
    while end > start and unicodedata.category(word[end - 1]).startswith("P"):
        end -= 1
    return word[start:end]
