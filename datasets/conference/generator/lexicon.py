"""The training grammar's lexicon, read from the plain tables in ``tables/``.

One line an entry, ``german|english|spanish``; an underscore joins the words of one unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .morphology import spanish_plural

FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True, slots=True)
class Noun:
    """``gender`` German ``m f n``, ``weak`` the *Student, Studenten* class; an empty singular or
    plural marks a noun that lacks it in one of the languages."""

    kind: str
    de: str
    de_plural: str
    gender: str
    weak: bool
    en: str
    en_plural: str
    es: str
    es_plural: str
    es_gender: str
    has_singular: bool
    has_plural: bool


@dataclass(frozen=True, slots=True)
class Adjective:
    de: str
    en: str
    es: str
    es_before: bool


@dataclass(frozen=True, slots=True)
class Verb:
    """``objects`` are noun kinds; ``preposition`` German with ``case`` of the object."""

    subject: str
    objects: tuple[str, ...]
    preposition: str
    case: str
    prefix: str
    stem: str
    """German infinitive without the separable prefix."""
    third: str
    participle: str
    auxiliary: str
    reflexive: bool
    en: str
    en_past: str
    en_participle: str
    es: str
    es_reflexive: bool
    es_preposition: str
    irregular: Mapping[str, str]
    simple: bool
    """English simple present for a state; otherwise German present is English *will*."""


@dataclass(frozen=True, slots=True)
class Group:
    """Words that align as one unit; ``tags`` name the units of the other languages."""

    text: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A fixed phrase or sentence in three languages; slots are groups like ``{pl.d}``."""

    kind: str
    de: tuple[Group, ...]
    en: tuple[Group, ...]
    es: tuple[Group, ...]


def _lines(name: str) -> Iterator[tuple[str, list[str]]]:
    for line in (FOLDER / name).read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("#"):
            head, _, rest = line.partition(" ")
            yield head, rest.split("|")


@cache
def nouns() -> Mapping[str, tuple[Noun, ...]]:
    """Noun kind to its nouns."""
    found: dict[str, list[Noun]] = {}
    for kind, (german, english, spanish) in _lines("nouns.txt"):
        de, gender, de_plural = german.split()
        en, en_plural = english.replace("_", " ").split() if "_" not in english else [
            part.replace("_", " ") for part in english.split()]
        es, es_gender, *es_rest = spanish.split()
        es_plural = es_rest[0] if es_rest else spanish_plural(es)
        found.setdefault(kind, []).append(Noun(
            kind=kind, de=de, de_plural=de_plural, gender=gender[0], weak="w" in gender,
            en=en, en_plural=en_plural, es=es.replace("_", " "),
            es_plural=es_plural.replace("_", " "), es_gender=es_gender,
            has_singular="+" not in gender, has_plural=de_plural != "-"))
    return {kind: tuple(entries) for kind, entries in found.items()}


@cache
def adjectives() -> Mapping[str, tuple[Adjective, ...]]:
    """Noun kind to the adjectives that go with it."""
    found: dict[str, list[Adjective]] = {}
    for kind, (rest,) in _lines("adjectives.txt"):
        de, en, es, *before = rest.split()
        found.setdefault(kind, []).append(Adjective(de, en, es, bool(before)))
    return {kind: tuple(entries) for kind, entries in found.items()}


@cache
def verbs() -> tuple[Verb, ...]:
    found = []
    for subject, (german, english, spanish, notes) in _lines("verbs.txt"):
        objects, infinitive, third, participle, auxiliary = german.split()
        kinds, _, governed = objects.partition(":")
        preposition, _, case = governed.partition("=")
        prefix, bar, stem = infinitive.lstrip("*").rpartition("~")
        en, en_past, en_participle = english.split()
        es, _, es_preposition = spanish.partition(":")
        marks = notes.split()
        found.append(Verb(
            subject=subject, objects=() if kinds == "-" else tuple(kinds.split(",")),
            preposition=preposition, case=case or "a", prefix=prefix if bar else "", stem=stem,
            third=third, participle=participle, auxiliary=auxiliary,
            reflexive=infinitive.startswith("*"), en=en, en_past=en_past,
            en_participle=en_participle, es=es.removesuffix("se"),
            es_reflexive=es.endswith("rse"), es_preposition=es_preposition,
            irregular=dict(m.split("=") for m in marks if "=" in m), simple="simple" in marks))
    return tuple(found)


def _groups(text: str) -> tuple[Group, ...]:
    raw = text.split(" ")
    groups = []
    for position, item in enumerate(raw):
        core = item.rstrip(".,?!")
        tail = item[len(core):]
        word, colon, tags = core.partition(":")
        if word.startswith("{"):
            groups.append(Group(core + tail, ()))
            continue
        named = tuple(tags.split(",")) if colon else ()
        groups.append(Group(word + tail, named or (f"@{position}",)))
    return tuple(groups)


@cache
def patterns(name: str) -> tuple[Pattern, ...]:
    """``adverbials.txt`` or ``templates.txt``; groups without a tag align by position where all
    three languages have as many groups."""
    found = []
    for kind, texts in _lines(name):
        de, en, es = (_groups(text) for text in texts)
        found.append(Pattern(kind, de, en, es))
    return tuple(found)
