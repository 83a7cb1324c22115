"""Number words of a few languages: what each adds, multiplies by or opens.

``ADD`` words stand for their value (``twenty``), ``TIMES`` words multiply what stands before them
in their group of three digits (``hundred``), ``GROUP`` words close a group (``thousand``), ``AND``
words may stand in between.  ``WEAK`` words are also articles or pronouns: alone they demand
nothing of the answer, but may answer a demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Words:
    """The number words of one language, case folded (so ß is ss)."""

    add: Mapping[str, int]
    times: Mapping[str, int]
    group: Mapping[str, int]
    joiners: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    compound: bool = False
    """Words are written together (``zweihundertfünfzig``)."""
    pairs: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """Two values that make another side by side: (4, 20) is 80 in French."""


def _add(*rows: tuple[int, int, str]) -> dict[str, int]:
    """(first value, step, words) to word: value."""
    return {word: first + i * step for first, step, words in rows
            for i, word in enumerate(words.split())}


_EN = Words(
    add=_add(
        (0, 1, "zero one two three four five six seven eight nine ten eleven twelve thirteen "
               "fourteen fifteen sixteen seventeen eighteen nineteen"),
        (20, 10, "twenty thirty forty fifty sixty seventy eighty ninety"),
    ) | {"a": 1, "an": 1},
    times={"hundred": 100},
    group={"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12},
    joiners=frozenset({"and"}),
    weak=frozenset({"a", "an", "one"}),
)
_DE = Words(
    add=_add(
        (0, 1, "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn "
               "vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"),
        (20, 10, "zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig"),
    ) | {"eins": 1, "eine": 1, "einen": 1, "einem": 1, "einer": 1, "eines": 1, "zwo": 2},
    times={"hundert": 100},
    group={"tausend": 10**3, "million": 10**6, "millionen": 10**6, "milliarde": 10**9,
           "milliarden": 10**9, "billion": 10**12, "billionen": 10**12},
    joiners=frozenset({"und"}),
    weak=frozenset("ein eins eine einen einem einer eines".split()),
    compound=True,
)
_ES = Words(
    add=_add(
        (0, 1, "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
               "quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós "
               "veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho "
               "veintinueve"),
        (30, 10, "treinta cuarenta cincuenta sesenta setenta ochenta noventa"),
        (200, 100, "doscientos trescientos cuatrocientos quinientos seiscientos setecientos "
                   "ochocientos novecientos"),
        (200, 100, "doscientas trescientas cuatrocientas quinientas seiscientas setecientas "
                   "ochocientas novecientas"),
    ) | {"un": 1, "una": 1, "veintiún": 21, "veintiuna": 21, "cien": 100, "ciento": 100},
    times={},
    group={"mil": 10**3, "millón": 10**6, "millones": 10**6, "billón": 10**12,
           "billones": 10**12},
    joiners=frozenset({"y"}),
    weak=frozenset({"un", "una", "uno"}),
)
_FR = Words(
    add=_add(
        (0, 1, "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze "
               "quinze seize"),
        (20, 10, "vingt trente quarante cinquante soixante septante octante nonante"),
    ) | {"une": 1, "vingts": 20, "huitante": 80},
    times={"cent": 100, "cents": 100},
    group={"mille": 10**3, "million": 10**6, "millions": 10**6, "milliard": 10**9,
           "milliards": 10**9},
    joiners=frozenset({"et"}),
    weak=frozenset({"un", "une"}),
    pairs={(4, 20): 80, (10, 7): 17, (10, 8): 18, (10, 9): 19},
)
NUMBER_WORDS: Mapping[str, Words] = MappingProxyType({
    **dict.fromkeys(("en", "eng"), _EN),
    **dict.fromkeys(("de", "deu", "ger"), _DE),
    **dict.fromkeys(("es", "spa"), _ES),
    **dict.fromkeys(("fr", "fra", "fre"), _FR),
})
