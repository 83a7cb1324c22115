"""Fixed patterns with slots: adverbials, times of day and the template sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

from . import phrases
from .lexicon import Group, Pattern, patterns
from .phrases import Phrase
from .tokens import LANGUAGES, Tag, Tags, Token, Tokens, Trilingual, words

_SLOT: Final = re.compile(r"\{([a-z]+)\d*(?:\.([nadl]))?\}(.*)")
_KEY: Final = re.compile(r"\{([a-z]+\d*)")
_DAYS: Final = ("morgen", "heute", "am", "übermorgen", "gestern")
_FLOORS: Final = (
    ("im:1 ersten:2 Stock:3", "on_the:1 first:2 floor:3",
     "en_la:1 primera:2 planta:3"),
    ("im:1 zweiten:2 Stock:3", "on_the:1 second:2 floor:3",
     "en_la:1 segunda:2 planta:3"),
    ("im:1 dritten:2 Stock:3", "on_the:1 third:2 floor:3",
     "en_la:1 tercera:2 planta:3"),
    ("im:1 Erdgeschoss:2", "on_the:1 ground_floor:2", "en_la:1 planta_baja:2"),
    ("im:1 Keller:2", "in_the:1 basement:2", "en_el:1 sótano:2"),
    ("am:1 Ende:2 des:3 Flurs:4", "at_the:1 end:2 of_the:3 corridor:4",
     "al:1 final:2 del:3 pasillo:4"))
_TURNS: Final = (("nach:1 links:2", "left:1,2", "a_la:1 izquierda:2"),
                 ("nach:1 rechts:2", "right:1,2", "a_la:1 derecha:2"))
_SIDES: Final = (("auf_der:1 linken:2 Seite:3", "on_the:1 left:2", "a_la:1 izquierda:2"),
                 ("auf_der:1 rechten:2 Seite:3", "on_the:1 right:2", "a_la:1 derecha:2"))


def render(groups: Sequence[Group], tags: Mapping[str, int]) -> Tokens:
    out: Tokens = ()
    for group in groups:
        out += words(group.text, *(tags[t] for t in group.tags))
    return out


def from_pattern(pattern: Pattern, tags: Tags) -> Trilingual:
    """A pattern without slots, its groups aligned by tag or else by position."""
    named = {tag: tags.new() for language in LANGUAGES
             for group in getattr(pattern, language) for tag in group.tags}
    return Trilingual(*(render(getattr(pattern, language), named) for language in LANGUAGES))


def _literal(texts: tuple[str, str, str], tags: Tags) -> Trilingual:
    """``word:tag`` texts written in this module."""
    named: dict[str, int] = {}

    def one(text: str) -> Tokens:
        out: Tokens = ()
        for item in text.split():
            word, _, keys = item.partition(":")
            ids: list[Tag] = []
            for key in keys.split(","):
                if key not in named:
                    named[key] = tags.new()
                ids.append(named[key])
            out += words(word, *ids)
        return out

    return Trilingual(*(one(text) for text in texts))


def hour(rng: Random, tags: Tags) -> Trilingual:
    """*zehn Uhr*: the bare time of day, after a preposition or an article."""
    de, en, es = rng.choice(phrases.NUMBERS)
    tag = tags.new()
    return Trilingual((*words(de, tag), *words("Uhr", tag)), words(f"{en} o'clock", tag),
                      words(f"las {es}", tag))


def clock(rng: Random, tags: Tags) -> Trilingual:
    """*um halb elf*, with the German half hour that counts towards the next hour."""
    index = rng.randrange(len(phrases.NUMBERS) - 1)
    de, en, es = phrases.NUMBERS[index]
    following = phrases.NUMBERS[index + 1][0]
    at, t_hour, t_part = tags.new(), tags.new(), tags.new()
    shape = rng.choice(("full", "full", "half", "past", "to", "minutes"))
    lead = words("um", at), words("at", at), words("a las", at)
    d, e, s = words(de, t_hour), words(en, t_hour), words(es, t_hour)
    if shape == "full":
        body = (*d, *words("Uhr", t_part)), (*e, *words("o'clock", t_part)), s
    elif shape == "half":
        body = ((*words("halb", t_part), *words(following, t_hour)),
                (*words("half past", t_part), *e), (*s, *words("y media", t_part)))
    elif shape == "past":
        body = ((*words("Viertel nach", t_part), *d), (*words("a quarter past", t_part), *e),
                (*s, *words("y cuarto", t_part)))
    elif shape == "to":
        body = ((*words("Viertel vor", t_part), *d), (*words("a quarter to", t_part), *e),
                (*s, *words("menos cuarto", t_part)))
    else:
        m_de, m_en, m_es = rng.choice(phrases.AMOUNTS[12:-1])
        body = ((*d, *words("Uhr", at), *words(m_de, t_part)), (*e, *words(m_en, t_part)),
                (*s, *words(f"y {m_es}", t_part)))
    return Trilingual(lead[0] + body[0], lead[1] + body[1], lead[2] + body[2])


def join(a: Trilingual, b: Trilingual) -> Trilingual:
    return Trilingual(a.de + b.de, a.en + b.en, a.es + b.es)


def adverbial(rng: Random, kind: str, tags: Tags, *, with_clock: float = 0.3) -> Trilingual:
    """``future``, ``past`` or ``manner``; days may take a time of day."""
    pattern = rng.choice([p for p in patterns("adverbials.txt") if p.kind == kind])
    found = from_pattern(pattern, tags)
    if kind != "manner" and pattern.de[0].text in _DAYS and len(pattern.de) < 3 \
            and "Ende" not in pattern.de[-1].text and rng.random() < with_clock:
        found = join(found, clock(rng, tags))
    return found


def _amount(rng: Random, tags: Tags) -> Trilingual:
    de, en, es = rng.choice(phrases.AMOUNTS)
    tag = tags.new()
    return Trilingual(words(de, tag), words(en, tag), words(es, tag))


def _city(rng: Random, tags: Tags) -> Trilingual:
    de, en, es = rng.choice(phrases.CITIES)
    tag = tags.new()
    return Trilingual(words(de, tag), words(en, tag), words(es, tag))


def _noun(*kinds: str, determiners: tuple[str, ...] = ("def", "def", "dies", "unser"),
          share: float = 0.3) -> Callable[[Random, Tags], Phrase]:
    return lambda rng, tags: phrases.choose(rng, kinds, tags, determiners=determiners,
                                            adjective_share=share)


_FILL: Final[Mapping[str, Callable[[Random, Tags], Phrase | Trilingual]]] = {
    "ev": lambda rng, tags: _singular(rng, tags, "event"),
    "pl": phrases.place,
    "pe": lambda rng, tags: phrases.person(rng, tags, plural=False),
    "th": lambda rng, tags: _singular(rng, tags, "thing"),
    "st": lambda rng, tags: _singular(rng, tags, "place"),
    "fo": _noun("food", determiners=("def",), share=0.0),
    "to": _noun("method", "result", "plan", "question"),
    "qu": lambda rng, tags: _singular(rng, tags, "quality"),
    "er": lambda rng, tags: _singular(rng, tags, "delay"),
    "re": _noun("result", "method", "error"),
    "qe": lambda rng, tags: _singular(rng, tags, "question"),
    "me": lambda rng, tags: _singular(rng, tags, "method"),
    "sy": lambda rng, tags: _singular(rng, tags, "system"),
    "se": lambda rng, tags: _singular(rng, tags, "sentence"),
    "tp": lambda rng, tags: adverbial(rng, "past", tags, with_clock=0.0),
    "nu": _amount, "ct": _city, "hr": hour, "cl": clock,
    "tm": lambda rng, tags: adverbial(rng, "future", tags, with_clock=0.0),
    "fl": lambda rng, tags: _literal(rng.choice(_FLOORS), tags),
    "lr": lambda rng, tags: _literal(rng.choice(_TURNS), tags),
    "lrs": lambda rng, tags: _literal(rng.choice(_SIDES), tags),
}


def _singular(rng: Random, tags: Tags, kind: str) -> Phrase:
    while True:
        found = phrases.choose(rng, (kind,), tags, determiners=("def", "def", "dies"),
                               adjective_share=0.2)
        if found.person == "3s":
            return found


def _slot_words(value: Phrase | Trilingual, language: str, case: str, tag: int) -> Tokens:
    if isinstance(value, Trilingual):
        found: Tokens = getattr(value, language)
        return found
    located = case == "l"
    if language == "de":
        lead = words(value.at[0], tag) if located else ()
        return lead + value.german("d" if located else case or "n")
    if language == "en":
        return (words(value.at[1], tag) if located else ()) + value.english()
    return (words("en", tag) if located else ()) + value.spanish()


def fill(rng: Random, pattern: Pattern, tags: Tags) -> Trilingual:
    """Draw every slot once and put it into the three languages."""
    values: dict[str, tuple[Phrase | Trilingual, int]] = {}
    named: dict[str, int] = {}
    out: list[Tokens] = []
    used: set[str] = set()
    for language in LANGUAGES:
        sentence: Tokens = ()
        for group in getattr(pattern, language):
            slot = _SLOT.fullmatch(group.text)
            if not slot:
                for tag in group.tags:
                    named.setdefault(f"{language}{tag}" if tag[0] == "@" else tag, tags.new())
                sentence += words(group.text, *(named[f"{language}{t}" if t[0] == "@" else t]
                                                for t in group.tags))
                continue
            kind, case, tail = slot.groups()
            key = _KEY.match(group.text).group(1)  # type: ignore[union-attr]
            if key not in values:
                value = _FILL[kind](rng, tags)
                while (seen := " ".join(t.text for t in _slot_words(value, "en", "", 0))) in used:
                    value = _FILL[kind](rng, tags)
                used.add(seen)
                values[key] = value, tags.new()
            filled = _slot_words(values[key][0], language, case or "", values[key][1])
            sentence += (*filled[:-1], Token(filled[-1].text + tail, filled[-1].tags))
        out.append(sentence)
    return Trilingual(*out)
