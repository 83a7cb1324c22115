"""Clauses: one meaning (who does what, when, where, how) put into German, English and Spanish.

German word order is the point: verb second in main clauses, the rest of the verb (participle,
infinitive, separable prefix) at the very end, the whole verb at the end of subordinate clauses,
and a Mittelfeld of time, manner and place between.  Shared tags give the word alignment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from .lexicon import Verb
from .morphology import english_third, german_finite, spanish_form
from .phrases import Phrase
from .tokens import Tokens, Trilingual, words

Mood = Literal["present", "perfect", "future", "können", "müssen", "sollen", "wollen", "dürfen",
               "möchten"]
Order = Literal["main", "question", "subordinate", "infinitive", "imperative"]

_DE_MODAL: Final = {
    "future": ("werde", "wird", "werden"), "können": ("kann", "kann", "können"),
    "müssen": ("muss", "muss", "müssen"), "sollen": ("soll", "soll", "sollen"),
    "wollen": ("will", "will", "wollen"), "dürfen": ("darf", "darf", "dürfen"),
    "möchten": ("möchte", "möchte", "möchten")}
_DE_AUX: Final = {"h": ("habe", "hat", "haben"), "s": ("bin", "ist", "sind"),
                  "w": ("werde", "wird", "werden")}
_DE_SELF: Final = {"1s": "mich", "1p": "uns"}
_ES_SELF: Final = {"1s": "me", "1p": "nos"}
_ES_MODAL: Final = {
    "future": ("ir", {"present": ("voy", "va", "vamos", "van"),
                      "subjunctive": ("vaya", "vaya", "vayamos", "vayan")}, "a"),
    "können": ("poder", {"present": ("puedo", "puede", "podemos", "pueden"),
                         "subjunctive": ("pueda", "pueda", "podamos", "puedan")}, ""),
    "dürfen": ("poder", {"present": ("puedo", "puede", "podemos", "pueden"),
                         "subjunctive": ("pueda", "pueda", "podamos", "puedan")}, ""),
    "müssen": ("tener", {"present": ("tengo", "tiene", "tenemos", "tienen"),
                         "subjunctive": ("tenga", "tenga", "tengamos", "tengan")}, "que"),
    "sollen": ("deber", {"present": ("debería", "debería", "deberíamos", "deberían"),
                         "subjunctive": ("deba", "deba", "debamos", "deban")}, ""),
    "wollen": ("querer", {"present": ("quiero", "quiere", "queremos", "quieren"),
                          "subjunctive": ("quiera", "quiera", "queramos", "quieran")}, ""),
    "möchten": ("querer", {"present": ("quisiera", "quisiera", "quisiéramos", "quisieran"),
                           "subjunctive": ("quiera", "quiera", "queramos", "quieran")}, "")}
_BE: Final = {"1s": ("am", "was"), "3s": ("is", "was")}


def _slot(person: str, forms: tuple[str, ...]) -> str:
    """Pick from (1s, 3s, plural) or (1s, 3s, 1p, 3p)."""
    if person in ("1s", "3s"):
        return forms[0 if person == "1s" else 1]
    return forms[2 if person == "1p" or len(forms) == 3 else 3]


@dataclass(frozen=True, slots=True)
class Clause:
    """``subject`` is the agent, or what is done to in the passive; ``extra`` tags are made once so
    that the three languages agree."""

    verb: Verb
    mood: Mood
    subject: Phrase
    tag: int
    """Of the verb; ``tag + 1`` is its auxiliary, ``+ 2`` negation, ``+ 3`` the preposition."""
    object: Phrase | None = None
    time: Trilingual | None = None
    manner: Trilingual | None = None
    place: Phrase | None = None
    negated: bool = False
    passive: bool = False
    simple: bool = False
    """English simple and Spanish present (or subjunctive), as after *wenn* or *bevor*."""
    gap: Literal["", "subject", "object"] = ""
    """What a relative pronoun stands for."""

    # --- German ------------------------------------------------------------------------------

    def _german_verb(self, order: Order) -> tuple[Tokens, Tokens]:
        """Finite verb and what closes the clause."""
        v, person = self.verb, self.subject.person
        main, aux = (self.tag,), (self.tag + 1,)
        whole = v.prefix + v.stem
        if self.passive:
            if self.mood == "present":
                return words(_slot(person, _DE_AUX["w"]), *aux), words(v.participle, *main)
            if self.mood == "perfect":
                return (words(_slot(person, _DE_AUX["s"]), *aux),
                        (*words(v.participle, *main), *words("worden", *aux)))
            return (words(_slot(person, _DE_MODAL[self.mood]), *aux),
                    (*words(v.participle, *main), *words("werden", *aux)))
        if self.mood == "present":
            finite = german_finite(v.stem, v.third, person)
            if order == "subordinate":
                return words(v.prefix + finite, *main), ()
            return words(finite, *main), words(v.prefix, *main)
        if self.mood == "perfect":
            return words(_slot(person, _DE_AUX[v.auxiliary]), *aux), words(v.participle, *main)
        return words(_slot(person, _DE_MODAL[self.mood]), *aux), words(whole, *main)

    def _german_field(self, *, time: bool = True) -> Tokens:
        """The Mittelfeld: reflexive, time, object, negation, manner, place in their usual order."""
        obj: Tokens = ()
        if self.object and self.gap != "object":
            obj = (*words(self.verb.preposition, self.tag + 3),
                   *self.object.german(self.verb.case))
        out: Tokens = ()
        if self.verb.reflexive:
            out += words(_DE_SELF.get(self.subject.person, "sich"), self.tag)
        when = self.time.de if self.time and time else ()
        how = self.manner.de if self.manner else ()
        where = (*words(self.place.at[0], self.tag + 4),
                 *self.place.german("d")) if self.place else ()
        no = words("nicht", self.tag + 2) if self.negated else ()
        if self.verb.preposition:
            return out + when + no + how + where + obj
        if self.object and not self.object.definite:
            return out + when + how + no + where + obj
        return out + when + obj + no + how + where

    def german(self, order: Order,
               fronted: Literal["subject", "time", "none"] = "subject") -> Tokens:
        """Words of the clause in ``order``; ``fronted`` fills the Vorfeld of a main clause."""
        subject = () if self.gap == "subject" else self.subject.german("n")
        if order in ("infinitive", "imperative"):
            v = self.verb
            if order == "infinitive":
                zu = words(f"{v.prefix}zu{v.stem}" if v.prefix else f"zu_{v.stem}", self.tag)
                return self._german_field() + zu
            return (*words(v.stem, self.tag), *words("Sie", self.tag), *self._german_field(),
                    *words(v.prefix, self.tag))
        finite, rest = self._german_verb(order)
        if order == "subordinate":
            return subject + self._german_field() + rest + finite
        if order == "question" or fronted == "none":
            return finite + subject + self._german_field() + rest
        if fronted == "time" and self.time:
            return self.time.de + finite + subject + self._german_field(time=False) + rest
        return subject + finite + self._german_field() + rest

    # --- English -----------------------------------------------------------------------------

    def _english_verb(self, *, support: bool) -> tuple[Tokens, Tokens]:
        """Auxiliary and main part; with ``support`` an auxiliary is always there (*do*)."""
        v, person, main, aux = self.verb, self.subject.person, (self.tag,), (self.tag + 1,)
        if self.subject.pronoun is False and self.subject.en[-1].text in _PLURAL_ONLY:
            person = "3p"
        base, third = v.en, english_third(v.en)
        is_form, was_form = _BE.get(person, ("are", "were"))
        be = ""
        if self.passive or v.en.startswith("be_"):
            be, base = "be", v.en_participle if self.passive else v.en.removeprefix("be_")
        tail = words(base, *main)
        if self.mood == "perfect":
            if be:
                return words(was_form, *aux), tail
            return (words("did", *aux), tail) if support else ((), words(v.en_past, *main))
        if self.mood == "present" and (self.simple or v.simple):
            if be:
                return words(is_form, *aux), tail
            if support:
                return words("does" if person == "3s" else "do", *aux), tail
            return (), words(third if person == "3s" else base, *main)
        tail = words(be, *aux) + tail
        if self.mood in ("present", "future"):
            return words("will", *aux), tail
        if self.mood in ("können", "sollen"):
            return words("can" if self.mood == "können" else "should", *aux), tail
        if self.mood == "möchten":
            return words("would", *aux), (*words("like_to", *aux), *tail)
        if self.mood == "dürfen":
            return words(is_form, *aux), (*words("allowed_to", *aux), *tail)
        verb = {"müssen": "have", "wollen": "want"}[self.mood]
        if support:
            return words("does" if person == "3s" else "do", *aux), (
                *words(f"{verb}_to", *aux), *tail)
        finite = {"have": "has", "want": "wants"}[verb] if person == "3s" else verb
        return words(finite, *aux), (*words("to", *aux), *tail)

    def _english_rest(self, *, time: bool = True) -> Tokens:
        obj = self.object.english() if self.object and self.gap != "object" else ()
        where: Tokens = ()
        if self.place:
            where = (*words(self.place.at[1], self.tag + 4), *self.place.english())
        return obj + (self.manner.en if self.manner else ()) + where + (
            self.time.en if self.time and time else ())

    def english(self, order: Order, *, fronted: bool = False) -> Tokens:
        if order in ("infinitive", "imperative"):
            lead = words("to", self.tag) if order == "infinitive" else ()
            return lead + words(self.verb.en, self.tag) + self._english_rest()
        subject = () if self.gap == "subject" else self.subject.english()
        question = order == "question" and self.gap != "subject"
        first, main = self._english_verb(support=question or self.negated)
        no = words("not", self.tag + 2) if self.negated else ()
        body = first + subject + no + main if question else subject + first + no + main
        if fronted and self.time:
            return self.time.en + body + self._english_rest(time=False)
        return body + self._english_rest()

    # --- Spanish -----------------------------------------------------------------------------

    def _spanish_verb(self, tense: Literal["", "subjunctive"]) -> Tokens:
        v, person, main, aux = self.verb, self.subject.person, (self.tag,), (self.tag + 1,)
        reflexive = self.passive or v.es_reflexive
        clitic = words("se" if self.passive else _ES_SELF.get(person, "se"),
                       *main) if reflexive else ()
        if self.mood in ("present", "perfect"):
            form: str = tense
            if not form and self.mood == "perfect":
                form = "preterite"
            elif not form:
                form = "present" if self.simple or v.simple else "future"
            return clitic + words(spanish_form(v.es, v.irregular, form, person), *main)
        _, forms, link = _ES_MODAL[self.mood]
        finite = _slot(person, forms[tense or "present"])
        return (*clitic, *words(finite, *aux), *words(link, *aux), *words(v.es, *main))

    def _spanish_object(self) -> Tokens:
        if not self.object or self.gap == "object":
            return ()
        if self.verb.es_preposition:
            return (*words(self.verb.es_preposition, self.tag + 3), *self.object.spanish())
        lead = words("a", self.tag + 3) if self.object.marked else ()
        return lead + self.object.spanish()

    def _spanish_rest(self, *, time: bool = True) -> Tokens:
        where = (*words("en", self.tag + 4), *self.place.spanish()) if self.place else ()
        return self._spanish_object() + (self.manner.es if self.manner else ()) + where + (
            self.time.es if self.time and time else ())

    def spanish(self, order: Order, *, fronted: bool = False,
                tense: Literal["", "subjunctive"] = "") -> Tokens:
        v = self.verb
        if order == "infinitive":
            return words(v.es + ("se" if v.es_reflexive else ""), self.tag) + self._spanish_rest()
        if order == "imperative":
            form = spanish_form(v.es, v.irregular, "subjunctive", "2")
            return words(form, self.tag) + self._spanish_rest()
        hidden = self.gap == "subject" or self.subject.dropped
        subject = () if hidden else self.subject.spanish()
        no = words("no", self.tag + 2) if self.negated else ()
        verb = no + self._spanish_verb(tense)
        body = verb + subject if order == "question" else subject + verb
        if fronted and self.time:
            return self.time.es + body + self._spanish_rest(time=False)
        return body + self._spanish_rest()


_PLURAL_ONLY: Final = frozenset({"headphones", "data", "costs", "stairs"})

