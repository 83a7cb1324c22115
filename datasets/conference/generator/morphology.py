"""Inflection for the training grammar: German declension, Spanish conjugation, English forms.

Only what the grammar's own lexicon needs, each rule a pure function.  Cases are ``n`` (nominative),
``a`` (accusative), ``d`` (dative); genders ``m f n`` and ``p`` for plural; persons ``1s 3s 1p 3p``
and ``2`` (formal German *Sie*, English *you*, Spanish *ustedes*).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CASES: Final = "nad"

_DEFINITE: Final = {"m": ("der", "den", "dem"), "f": ("die", "die", "der"),
                    "n": ("das", "das", "dem"), "p": ("die", "die", "den")}
_EIN: Final = {"m": ("", "en", "em"), "f": ("e", "e", "er"), "n": ("", "", "em"),
               "p": ("e", "e", "en")}
_DIES: Final = {"m": ("er", "en", "em"), "f": ("e", "e", "er"), "n": ("es", "es", "em"),
                "p": ("e", "e", "en")}
_WEAK: Final = {"m": ("e", "en", "en"), "f": ("e", "e", "en"), "n": ("e", "e", "en"),
                "p": ("en", "en", "en")}
_MIXED: Final = {"m": ("er", "en", "en"), "f": ("e", "e", "en"), "n": ("es", "es", "en"),
                 "p": ("en", "en", "en")}
_CONTRACTED: Final = {("in", "dem"): "im", ("an", "dem"): "am", ("zu", "dem"): "zum",
                      ("zu", "der"): "zur", ("von", "dem"): "vom", ("bei", "dem"): "beim"}

_SPANISH: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "present": {"a": ("o", "a", "amos", "an"), "e": ("o", "e", "emos", "en"),
                "i": ("o", "e", "imos", "en")},
    "preterite": {"a": ("é", "ó", "amos", "aron"), "e": ("í", "ió", "imos", "ieron"),
                  "i": ("í", "ió", "imos", "ieron")},
    "subjunctive": {"a": ("e", "e", "emos", "en"), "e": ("a", "a", "amos", "an"),
                    "i": ("a", "a", "amos", "an")},
}
_FUTURE: Final = ("é", "á", "emos", "án")
_PERSON: Final = {"1s": 0, "3s": 1, "1p": 2, "3p": 3, "2": 3}
_UNACCENT: Final = str.maketrans("áéíóú", "aeiou")


def german_article(kind: str, gender: str, case: str) -> str:
    """``kind`` is ``def``, ``dies``, or the stem of an *ein*-word (``ein``, ``unser`` …)."""
    column = CASES.index(case)
    if kind == "def":
        return _DEFINITE[gender][column]
    if kind in ("dies", "all"):
        return kind + _DIES[gender][column]
    return kind + _EIN[gender][column]


def german_adjective(stem: str, article: str, gender: str, case: str) -> str:
    """``article`` as for :func:`german_article`, or empty for none (plural after a number)."""
    column = CASES.index(case)
    if not article:
        return stem + ("e", "e", "en")[column]
    weak = article in ("def", "dies", "all")
    ending = (_WEAK if weak else _MIXED)[gender][column]
    if stem.endswith("er") and stem[-3] in "tu":  # teuer -> teure
        stem = stem[:-2] + "r"
    return stem + ending


def german_noun(singular: str, plural: str, *, number: str, case: str, weak: bool) -> str:
    if number == "p":
        return plural + ("n" if case == "d" and plural[-1] not in "ns" else "")
    if weak and case != "n":
        return singular + ("n" if singular.endswith("e") else "en")
    return singular


def german_contraction(preposition: str, article: str) -> str | None:
    """*in dem* -> *im*; none where the two stay apart."""
    return _CONTRACTED.get((preposition, article))


def german_finite(infinitive: str, third: str, person: str) -> str:
    """Present tense without the separable prefix."""
    if person == "3s":
        return third
    if person == "1s":
        return infinitive.removesuffix("en") + "e"
    return infinitive


def english_article(next_word: str) -> str:
    vowel = next_word[0].lower() in "aeiou" and not next_word.startswith(("uni", "one"))
    return "an" if vowel else "a"


def english_third(base: str) -> str:
    """*hand_in* -> *hands in*: the first word carries the ending."""
    head, _, rest = base.partition("_")
    if head.endswith(("s", "sh", "ch", "x", "o")):
        head += "es"
    elif head.endswith("y") and head[-2] not in "aeiou":
        head = head[:-1] + "ies"
    else:
        head += "s"
    return f"{head}_{rest}" if rest else head


def spanish_plural(word: str) -> str:
    if word.endswith("z"):
        return word[:-1] + "ces"
    if word[-1] in "aeioué":
        return word + "s"
    if word.endswith("ón"):
        return word[:-2] + "ones"
    return word + "es"


def spanish_adjective(lemma: str, gender: str, number: str) -> str:
    if lemma.endswith("o"):
        lemma = lemma[:-1] + ("a" if gender == "f" else "o")
    return spanish_plural(lemma) if number == "p" and "_" not in lemma else lemma


def _soften(stem: str, vowel_class: str, ending: str) -> str:
    """Keep the sound of an *-ar* stem before e: *busc* + e -> *busque*."""
    if vowel_class == "a" and ending[0] in "eé":
        for last, written in (("c", "qu"), ("g", "gu"), ("z", "c")):
            if stem.endswith(last):
                return stem[: -len(last)] + written
    return stem


def spanish_form(infinitive: str, irregular: Mapping[str, str], tense: str, person: str) -> str:
    """Conjugate; ``irregular`` holds the stems and forms the lexicon notes.

    Notes: ``s`` stressed stem, ``y`` first person, ``t`` strong preterite stem (``g=j``: *-jeron*),
    ``t3``/``t6`` preterite third persons, ``f`` future stem.
    """
    stem, vowel = infinitive[:-2], infinitive[-2]
    slot = _PERSON[person]
    if tense == "future":
        return irregular.get("f", infinitive) + _FUTURE[slot]
    if tense == "preterite":
        if slot in (1, 3) and (form := irregular.get("t3" if slot == 1 else "t6")):
            return form
        if strong := irregular.get("t"):
            plural = "eron" if irregular.get("g") == "j" else "ieron"
            return strong + ("e", "o", "imos", plural)[slot]
        ending = _SPANISH["preterite"][vowel][slot]
        return _soften(stem, vowel, ending) + ending
    ending = _SPANISH[tense][vowel][slot]
    stressed = slot != 2
    if tense == "subjunctive" and "y" in irregular:
        return irregular["y"][:-1] + ending
    if tense == "present" and slot == 0 and "y" in irregular:
        return irregular["y"]
    if "s" in irregular and (stressed or (tense == "subjunctive" and vowel == "i")):
        stem = irregular["s"]
    if tense == "present" and vowel == "e" and stem.endswith("g") and ending[0] in "oa":
        stem = stem[:-1] + "j"
    return _soften(stem, vowel, ending) + ending

