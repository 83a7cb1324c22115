"""Is a file in another language of the same script?  By its commonest words; no model.

A handful of function words that the other languages listed do not have.  Says something only
where another language is far ahead of the declared one, so that names and quotations do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

COMMON: Final[Mapping[str, frozenset[str]]] = MappingProxyType({
    lang: frozenset(words.split()) for lang, words in {
        "en": "the and of that is you this with are have they from",
        "de": "der das und nicht ist ich wir mit auf eine sich auch",
        "fr": "les des est pas vous dans qui une nous pour sur cette",
        "es": "los las el y con del más pero está muy ese",
        "pt": "os não uma com são você isso também muito ao pelo",
        "it": "il di che gli della sono non più questo anche per è",
        "nl": "het een niet ik van dat zijn voor maar ook deze wat",
        "ro": "și nu este sunt pentru mai care din acest într ce această",
        "pl": "nie się jest że na jak ale tego jestem przez są tym",
        "cs": "se že je jsem není jako ale tak když které jsou být",
        "sv": "och att det som inte är jag för en av vi på",
        "tr": "bir ve bu için çok ama değil olarak daha gibi ne var",
    }.items()
})
_WORD: Final = re.compile(r"[^\W\d_]+")
_MIN_HITS: Final = 8
_TIMES: Final = 3


def guess(lines: Sequence[str], lang: str) -> str | None:
    """The language that ``lines`` read like, where it is surely another than ``lang``."""
    declared = re.split("[-_]", lang.lower())[0]
    if declared not in COMMON:
        return None
    words = [word.lower() for line in lines for word in _WORD.findall(line)]
    hits = {code: sum(word in common for word in words) for code, common in COMMON.items()}
    best = max(hits, key=lambda code: hits[code])
    if hits[best] < _MIN_HITS or hits[best] <= _TIMES * hits[declared]:
        return None
    return best if best != declared else None
