"""Noun phrases: people, things and places with articles and adjectives, in three languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from . import morphology
from .lexicon import Adjective, Noun, adjectives, nouns
from .tokens import Tags, Tokens, Trilingual, close, words

SURNAMES = ("Becker Neumann Schuster Krüger Hartmann Vogel Seidel Brandt Keller Winter Sommer Roth "
            "Moreno Castillo Navarro Ferrer Ortega Rossi Novak Kowalski Lindqvist Dubois Haddad "
            "Tanaka Okafor Petersen Walsh Murray Bennett Fischer").split()
_TITLES = (("Herr", "Mr", "el señor"), ("Frau", "Ms", "la señora"),
           ("Professor", "Professor", "el profesor"), ("Doktor", "Doctor", "el doctor"))
CITIES = (("Wien", "Vienna", "Viena"), ("Zürich", "Zurich", "Zúrich"),
          ("Hamburg", "Hamburg", "Hamburgo"), ("Köln", "Cologne", "Colonia"),
          ("Madrid", "Madrid", "Madrid"), ("Sevilla", "Seville", "Sevilla"),
          ("London", "London", "Londres"), ("Dublin", "Dublin", "Dublín"),
          ("Prag", "Prague", "Praga"), ("Bogotá", "Bogotá", "Bogotá"),
          ("Kopenhagen", "Copenhagen", "Copenhague"), ("Genf", "Geneva", "Ginebra"))
NUMBERS = (("zwei", "two", "dos"), ("drei", "three", "tres"), ("vier", "four", "cuatro"),
           ("fünf", "five", "cinco"), ("sechs", "six", "seis"), ("sieben", "seven", "siete"),
           ("acht", "eight", "ocho"), ("neun", "nine", "nueve"), ("zehn", "ten", "diez"),
           ("elf", "eleven", "once"), ("zwölf", "twelve", "doce"))
AMOUNTS = (*NUMBERS, ("fünfzehn", "fifteen", "quince"), ("zwanzig", "twenty", "veinte"),
           ("fünfundzwanzig", "twenty-five", "veinticinco"), ("dreißig", "thirty", "treinta"),
           ("vierzig", "forty", "cuarenta"), ("fünfundvierzig", "forty-five", "cuarenta y cinco"),
           ("neunzig", "ninety", "noventa"))
_VENUES = frozenset("Saal Hörsaal Foyer Mensa Café Bibliothek Garten Innenhof Speisesaal Hotel "
                    "Museum Halle Universität Gebäude".split())
_AT = {"Haltestelle": ("an", "at"), "Parkplatz": ("auf", "in"), "Haupteingang": ("an", "at"),
       "Universität": ("an", "at"), "Empfang": ("an", "at"), "Bahnhof": ("an", "at"),
       "Treppe": ("auf", "on"), "Flur": ("auf", "in")}
_ES_POSSESSIVE = {"unser": "nuestro", "Ihr": "su", "mein": "mi"}
_EN_POSSESSIVE = {"unser": "our", "Ihr": "your", "mein": "my"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase: ``de`` gives its words for a case; ``person`` governs the verb.

    ``dropped`` marks subject pronouns that Spanish leaves out; ``marked`` takes the personal *a*.
    ``gender`` is the German one (``p`` in the plural), ``es_gender`` the Spanish one.
    """

    de: Callable[[str], Tokens]
    en: Tokens
    es: Tokens
    person: str
    gender: str = "m"
    es_gender: str = "m"
    dropped: bool = False
    marked: bool = False
    definite: bool = True
    pronoun: bool = False
    kind: str = ""
    at: tuple[str, str] = ("in", "in")
    """German and English preposition that says something is there."""
    relative: Trilingual | None = None

    def german(self, case: str) -> Tokens:
        if self.relative:
            return close(self.de(case), ",") + self.relative.de
        return self.de(case)

    def english(self) -> Tokens:
        return self.en + (self.relative.en if self.relative else ())

    def spanish(self) -> Tokens:
        return self.es + (self.relative.es if self.relative else ())


_PRONOUNS = {"1s": ("ich", "I", "yo"), "1p": ("wir", "we", "nosotros"),
             "2": ("Sie", "you", "ustedes")}


def pronoun(person: str, tags: Tags) -> Phrase:
    """A subject pronoun (nominative only)."""
    de, en, es = _PRONOUNS[person]
    tag = tags.new()
    return Phrase(de=lambda case: words(de, tag), en=words(en, tag), es=words(es, tag),
                  person=person, dropped=True, pronoun=True)


def name(rng: Random, tags: Tags) -> Phrase:
    de, en, es = rng.choice(_TITLES)
    surname = rng.choice(SURNAMES)
    first, last = tags.new(), tags.new()

    def german(case: str) -> Tokens:
        title = "Herrn" if de == "Herr" and case != "n" else de
        return (*words(title, first), *words(surname, last))

    return Phrase(german, (*words(en, first), *words(surname, last)),
                  (*words(es, first), *words(surname, last)), "3s",
                  gender="f" if de == "Frau" else "m", es_gender="f" if de == "Frau" else "m",
                  marked=True, kind="people")


def _spanish_determiner(determiner: str, gender: str, number: str) -> str:
    feminine, plural = gender == "f", number == "p"
    if determiner == "def":
        return ("las" if feminine else "los") if plural else ("la" if feminine else "el")
    if determiner == "ein":
        return "una" if feminine else "un"
    if determiner == "dies":
        return ("estas" if feminine else "estos") if plural else ("esta" if feminine else "este")
    if determiner == "all":
        return "todas las" if feminine else "todos los"
    word = _ES_POSSESSIVE[determiner]
    if word.endswith("o") and feminine:
        word = word[:-1] + "a"
    return word + "s" if plural else word


def _english_determiner(determiner: str, number: str, following: str) -> str:
    if determiner == "def":
        return "the"
    if determiner == "ein":
        return morphology.english_article(following)
    if determiner == "dies":
        return "these" if number == "p" else "this"
    if determiner == "all":
        return "all the"
    return _EN_POSSESSIVE[determiner]


def noun_phrase(noun: Noun, determiner: str, number: str, tags: Tags,
                adjective: Adjective | None = None,
                amount: tuple[str, str, str] | None = None) -> Phrase:
    """``determiner``: ``def ein dies all unser Ihr mein``, or empty with an ``amount``."""
    gender = "p" if number == "p" else noun.gender
    t_det, t_adj, t_noun = tags.new(), tags.new(), tags.new()
    es_gender = "f" if noun.es_gender == "f" or (noun.es_gender == "fm" and number == "p") else "m"

    def german(case: str) -> Tokens:
        out: Tokens = ()
        if determiner:
            out += words(morphology.german_article(determiner, gender, case), t_det)
        if amount:
            out += words(amount[0], t_det)
        if adjective:
            out += words(morphology.german_adjective(adjective.de, determiner, gender, case), t_adj)
        return out + words(morphology.german_noun(
            noun.de, noun.de_plural, number=number, case=case, weak=noun.weak), t_noun)

    plural_en = number == "p" or noun.en == noun.en_plural
    english: Tokens = (*words(adjective.en if adjective else "", t_adj),
                       *words(noun.en_plural if plural_en else noun.en, t_noun))
    if amount:
        english = (*words(amount[1], t_det), *english)
    if determiner:
        article = _english_determiner(determiner, number, english[0].text)
        english = (*words(article, t_det), *english)

    core = words(noun.es_plural if number == "p" else noun.es, t_noun)
    spanish = core
    if adjective:
        form = words(morphology.spanish_adjective(adjective.es, es_gender, number), t_adj)
        short = {"primero": "primer", "tercero": "tercer"}
        if adjective.es_before:
            if number == "s" and es_gender == "m" and adjective.es in short:
                form = words(short[adjective.es], t_adj)
            spanish = (*form, *core)
        else:
            spanish = (*core, *form)
    if amount:
        spanish = (*words(amount[2], t_det), *spanish)
    if determiner:
        spanish = (*words(_spanish_determiner(determiner, es_gender, number), t_det), *spanish)
    return Phrase(german, english, spanish, "3p" if number == "p" else "3s", gender, es_gender,
                  marked=noun.kind == "people",
                  definite=determiner not in ("ein", ""), kind=noun.kind,
                  at=_AT.get(noun.de, ("in", "in")))


def choose(rng: Random, kinds: Sequence[str], tags: Tags, *,
           determiners: Iterable[str] = ("def", "def", "def", "ein", "dies", "unser", "num", "all"),
           adjective_share: float = 0.3) -> Phrase:
    """A random noun phrase of one of ``kinds``."""
    noun = rng.choice(nouns()[rng.choice(kinds)])
    determiner = rng.choice(tuple(determiners))
    number = rng.choice("ssp") if noun.has_singular and noun.has_plural else (
        "s" if noun.has_singular else "p")
    amount = None
    if determiner in ("num", "all"):
        if noun.has_plural and noun.has_singular:
            number, amount = "p", rng.choice(NUMBERS[:6]) if determiner == "num" else None
            determiner = "" if determiner == "num" else determiner
        else:
            determiner = "def"
    if determiner == "ein" and (number == "p" or not noun.has_plural):
        determiner = "def"
    adjective = None
    allowed = adjectives().get(noun.kind, ())
    if allowed and noun.de not in ("Chef", "Bürgermeister") and rng.random() < adjective_share:
        adjective = rng.choice(allowed)
        if adjective.es_before and (amount or determiner in ("ein", "dies")):
            adjective = None
    return noun_phrase(noun, determiner, number, tags, adjective, amount)


def room(rng: Random, tags: Tags) -> Phrase:
    """*Raum zwölf*, the same in every German case."""
    de, en, es = rng.choice(NUMBERS)
    noun, number = tags.new(), tags.new()
    return Phrase(lambda case: (*words("Raum", noun), *words(de, number)),
                  (*words("room", noun), *words(en, number)),
                  (*words("la sala", noun), *words(es, number)), "3s", "m", "f", kind="place")


def place(rng: Random, tags: Tags, *, venue: bool = False) -> Phrase:
    """Somewhere; a ``venue`` is where something can take place."""
    if rng.random() < 0.2:
        return room(rng, tags)
    if venue:
        noun = rng.choice([n for n in nouns()["place"] if n.de in _VENUES])
        return noun_phrase(noun, "def", "s", tags)
    return choose(rng, ("place",), tags, determiners=("def",), adjective_share=0.15)


def person(rng: Random, tags: Tags, *, plural: bool = True) -> Phrase:
    if rng.random() < 0.45:
        return name(rng, tags)
    determiners = ("def", "def", "unser", "mein") if not plural else (
        "def", "def", "def", "unser", "ein", "num", "all", "mein")
    return choose(rng, ("people",), tags, determiners=determiners, adjective_share=0.12)

