"""The training grammar: sentences around a conference in German, English and Spanish at once.

``sentences(seed)`` is an endless stream of word-aligned triples.  The six kinds are
``announcement``, ``schedule``, ``direction``, ``question``, ``answer`` and ``research``.  What is
drawn depends on the seed only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final, Literal

from . import phrases, slots
from .clauses import Clause, Mood
from .lexicon import Verb, patterns, verbs
from .phrases import Phrase
from .tokens import Tags, Tokens, Trilingual, align, close, finish, text, words

KINDS: Final = ("announcement", "schedule", "direction", "question", "answer", "research")
_ACTIVE: Final[tuple[Mood, ...]] = ("present", "present", "perfect", "perfect", "future", "können",
                                    "müssen", "sollen", "wollen", "dürfen", "möchten")
_PASSIVE: Final[tuple[Mood, ...]] = ("present", "perfect", "perfect", "können", "müssen", "sollen")
_NEUTRAL: Final[tuple[Mood, ...]] = ("present", "present", "perfect", "future", "sollen")
_NO_PASSIVE: Final = ("bekommen", "brauchen", "finden", "kennenlernen", "verpassen")
Joint = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Triple:
    """One sentence in three languages with word alignments ``(index, index)``."""

    kind: str
    de: str
    en: str
    es: str
    de_en: tuple[tuple[int, int], ...]
    de_es: tuple[tuple[int, int], ...]
    en_es: tuple[tuple[int, int], ...]

    def text(self, language: str) -> str:
        found: str = getattr(self, language)
        return found

    def alignment(self, source: str, target: str) -> tuple[tuple[int, int], ...]:
        """Pairs of source and target word indices."""
        key = f"{source}_{target}"
        if key in ("de_en", "de_es", "en_es"):
            found: tuple[tuple[int, int], ...] = getattr(self, key)
            return found
        return tuple(sorted((i, j) for j, i in self.alignment(target, source)))


class _Writer:
    """Draws one sentence: the random choices and the tags that belong to it."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.tags = Tags()

    # --- clauses -----------------------------------------------------------------------------

    def subject(self, verb: Verb) -> Phrase:
        rng = self.rng
        if verb.subject == "system":
            if rng.random() < 0.6:
                return phrases.pronoun("1p", self.tags)
            return phrases.choose(rng, ("people", "system"), self.tags,
                                      determiners=("def", "unser"))
        if verb.subject == "person":
            draw = rng.random()
            if draw < 0.4:
                person = "1p" if draw < 0.2 else "2" if draw < 0.32 else "1s"
                return phrases.pronoun(person, self.tags)
            return self.relative(phrases.person(rng, self.tags), 0.12)
        return self.relative(phrases.choose(rng, verb.subject.split(","), self.tags, determiners=(
            "def", "def", "def", "dies", "unser")), 0.15)

    def object(self, verb: Verb, subject: Phrase | None) -> Phrase | None:
        if not verb.objects:
            return None
        owner = subject.person if subject else ""
        own = {"1p": "unser", "1s": "mein", "2": "Ihr"}.get(owner, "dies")
        found = phrases.choose(self.rng, verb.objects, self.tags, determiners=(
            "def", "def", "def", "ein", "dies", "num", "all", own, own))
        if "people" in verb.objects and self.rng.random() < 0.3:
            found = phrases.name(self.rng, self.tags)
        return self.relative(found, 0.08)

    def relative(self, phrase: Phrase, share: float) -> Phrase:
        """Perhaps give a definite noun a relative clause."""
        if not phrase.definite or phrase.pronoun or not phrase.kind or self.rng.random() > share:
            return phrase
        takers = [v for v in verbs() if phrase.kind in v.objects and not v.preposition]
        doers = [v for v in verbs() if v.subject == "person" and not v.reflexive
                 and phrase.kind == "people" and v.stem != "brauchen"]
        if phrase.kind == "people" and phrase.person == "3s" and len(phrase.en) == 2 \
                and phrase.en[0].text in ("Mr", "Ms", "Professor", "Doctor"):
            return phrase
        if doers and self.rng.random() < 0.6:
            return self._subject_relative(phrase, self.rng.choice(doers))
        if takers:
            return self._object_relative(phrase, self.rng.choice(takers))
        return phrase

    def _subject_relative(self, phrase: Phrase, verb: Verb) -> Phrase:
        clause = self.clause(verb, subject=replace(phrase, relative=None), plain=True)
        tag = self.tags.new()
        clause = replace(clause, gap="subject")
        link = {"m": "der", "f": "die", "n": "das", "p": "die"}[phrase.gender]
        return replace(phrase, relative=Trilingual(
            close((*words(link, tag), *clause.german("subordinate")), ","),
            (*words("who" if phrase.kind == "people" else "that", tag),
             *clause.english("subordinate")),
            (*words("que", tag), *clause.spanish("subordinate"))))

    def _object_relative(self, phrase: Phrase, verb: Verb) -> Phrase:
        subject = (phrases.pronoun(self.rng.choice(("1p", "2")), self.tags)
                   if self.rng.random() < 0.5 else phrases.name(self.rng, self.tags))
        if verb.subject == "system":
            subject = phrases.pronoun("1p", self.tags)
        clause = replace(self.clause(verb, subject=subject, plain=True), gap="object")
        tag = self.tags.new()
        dative = verb.case == "d"
        link = {"m": "dem" if dative else "den", "f": "der" if dative else "die",
                "n": "dem" if dative else "das", "p": "denen" if dative else "die"}[phrase.gender]
        que = "que"
        if phrase.kind == "people":
            article = {("m", "3s"): "al", ("f", "3s"): "a la", ("m", "3p"): "a los",
                       ("f", "3p"): "a las"}[phrase.es_gender, phrase.person]
            que = f"{article} que"
        return replace(phrase, relative=Trilingual(
            close((*words(link, tag), *clause.german("subordinate")), ","),
            (*words("whom" if phrase.kind == "people" else "that", tag),
             *clause.english("subordinate")),
            (*words(que, tag), *clause.spanish("subordinate"))))

    def clause(self, verb: Verb | None = None, *, subject: Phrase | None = None,
               mood: Mood | None = None, passive: bool | None = None, plain: bool = False,
               negated: bool = False, domain: str = "") -> Clause:
        """A random clause; ``plain`` keeps it short (relative clauses)."""
        rng = self.rng
        verb = verb or self.verb(domain)
        can_passive = bool(verb.objects) and not verb.preposition and verb.case == "a" and (
            verb.prefix + verb.stem not in _NO_PASSIVE) and "people" not in verb.objects
        if passive is None:
            passive = can_passive and subject is None and rng.random() < 0.3
        passive = passive and can_passive
        found: Phrase | None = None
        if passive:
            subject = self.relative(phrases.choose(rng, verb.objects, self.tags, determiners=(
                "def", "def", "def", "dies", "num", "all", "unser")), 0.12)
        else:
            subject = subject or self.subject(verb)
            found = self.object(verb, subject) if not plain else (
                phrases.choose(rng, verb.objects, self.tags, determiners=("def", "ein"))
                if verb.objects else None)
        person_led = verb.subject in ("person", "system")
        moods = _PASSIVE if passive else _ACTIVE if person_led else _NEUTRAL
        chosen = mood if mood is not None else rng.choice(moods)
        if verb.simple and chosen == "future":
            chosen = "present"
        time = manner = None
        if rng.random() < (0.4 if plain else 0.6):
            time = slots.adverbial(rng, "past" if chosen == "perfect" else "future", self.tags)
        if verb.subject == "person" and not verb.simple and rng.random() < (0.0 if plain else 0.15):
            paper = found is not None and found.kind in ("slides", "form")
            manner = slots.adverbial(rng, "online" if paper else "manner", self.tags)
        where = None
        if "place" not in verb.objects and (verb.subject == "event" or "event" in verb.objects) \
                and not plain and rng.random() < 0.35:
            where = phrases.place(rng, self.tags, venue=True)
        tag = self.tags.new()
        for _ in range(4):
            self.tags.new()
        return Clause(verb, chosen, subject, tag, object=found, time=time, manner=manner,
                      place=where, negated=negated, passive=passive)

    def verb(self, domain: str) -> Verb:
        pool = [v for v in verbs() if _in_domain(v, domain)]
        return self.rng.choice(pool)

    # --- sentences from clauses --------------------------------------------------------------

    def main(self, clause: Clause, *, inverted: bool = False) -> Trilingual:
        """A main clause, in German perhaps time first; ``inverted`` after another clause."""
        front = not inverted and clause.time is not None and self.rng.random() < 0.45
        moved = front and self.rng.random() < 0.4
        return Trilingual(
            clause.german("main", "none" if inverted else "time" if front else "subject"),
            clause.english("main", fronted=moved), clause.spanish("main", fronted=moved))

    def under(self, clause: Clause, tense: Literal["", "subjunctive"] = "") -> Trilingual:
        return Trilingual(clause.german("subordinate"), clause.english("subordinate"),
                          clause.spanish("subordinate", tense=tense))

    def lead(self, joint: Joint) -> Trilingual:
        """A fixed opening; its words align as one."""
        tag = self.tags.new()
        return Trilingual(*(words(part, tag) for part in joint))

    def linked(self, first: Trilingual, second: Trilingual, commas: tuple[bool, bool, bool] = (
            True, False, False)) -> Trilingual:
        parts: list[Tokens] = []
        for a, b, comma in zip((first.de, first.en, first.es), (second.de, second.en, second.es),
                               commas, strict=True):
            parts.append((close(a, ",") if comma else a) + b)
        return Trilingual(*parts)

    def subordinate(self, domain: str) -> Trilingual:
        """A conjunction and its clause."""
        joint, moods, simple, tense = self.rng.choice(_CONJUNCTIONS)
        clause = replace(self.clause(mood=self.rng.choice(moods), domain=domain), simple=simple)
        if clause.verb.subject not in ("person", "system") and clause.mood == "können":
            clause = replace(clause, mood="present")
        return slots.join(self.lead(joint), self.under(clause, tense))

    def complex(self, domain: str) -> Trilingual:
        """Main and subordinate clause, either first."""
        dependent = self.subordinate(domain)
        main = self.clause(domain=domain)
        if self.rng.random() < 0.5:
            return self.linked(self.main(main), dependent)
        return self.linked(dependent, self.main(main, inverted=True), (True, True, True))

    def that(self, domain: str, frames: tuple[tuple[Joint, Literal["", "subjunctive"]], ...]
             ) -> Trilingual:
        joint, tense = self.rng.choice(frames)
        moods: tuple[Mood, ...] = ("present", "können", "müssen") if tense else _NEUTRAL
        verb = self.verb(domain)
        if verb.subject not in ("person", "system"):
            moods = ("present",) if tense else ("present", "perfect")
        clause = replace(self.clause(verb, mood=self.rng.choice(moods)), simple=bool(tense))
        if joint[0].endswith("wann"):
            clause = replace(clause, time=None)
        if clause.passive and clause.mood == "future":
            clause = replace(clause, mood="present")
        german, english, spanish = joint
        head, _, conjunction = german.rpartition(" ")
        tag, link = self.tags.new(), self.tags.new()
        e_head, e_link = english.rsplit(" ", 1)
        s_head, s_link = spanish.rsplit(" ", 1)
        lead = Trilingual(
            (*close(words(head, tag), ","), *words(conjunction, link)),
            (*words(e_head, tag), *words(e_link, link)),
            (*words(s_head, tag), *words(s_link, link)))
        return slots.join(lead, self.under(clause, tense))

    def infinitive(self, frames: tuple[Joint, ...], domain: str = "") -> Trilingual:
        verb = self.rng.choice([v for v in verbs() if v.subject == "person" and not v.simple
                                and not v.reflexive and not v.es_reflexive
                                and _in_domain(v, domain)
                                and v.participle not in ("bekommen", "verpasst", "verloren")])
        clause = self.clause(verb, subject=phrases.pronoun("2", self.tags), mood="present")
        lead = self.lead(self.rng.choice(frames))
        return self.linked(lead, Trilingual(clause.german("infinitive"),
                                            clause.english("infinitive"),
                                            clause.spanish("infinitive")))

    def imperative(self) -> Trilingual:
        verb = self.rng.choice([v for v in verbs() if v.subject == "person" and not v.simple
                                and not v.reflexive and not v.es_reflexive and v.participle
                                not in ("bekommen", "verpasst", "verloren", "vergessen")])
        clause = self.clause(verb, subject=phrases.pronoun("2", self.tags), mood="present")
        please = self.tags.new()
        return Trilingual((*words("bitte", please), *clause.german("imperative")),
                          (*words("please", please), *clause.english("imperative")),
                          (*close(words("por favor", please), ","), *clause.spanish("imperative")))

    def question(self) -> Trilingual:
        word = self.rng.choice(_QUESTION_WORDS)
        clause = replace(self.clause(), simple=False)
        if word[0] == "wer":
            verb = self.rng.choice([v for v in verbs() if v.subject == "person" and v.objects])
            clause = self.clause(verb, subject=phrases.choose(
                self.rng, ("people",), self.tags, determiners=("def",)), passive=False)
            if clause.subject.person != "3s":
                clause = replace(clause, subject=replace(clause.subject, person="3s"))
            tag = self.tags.new()
            clause = replace(clause, gap="subject", time=clause.time)
            return Trilingual((*words("wer", tag), *clause.german("question")),
                              (*words("who", tag), *clause.english("question")),
                              (*words("quién", tag), *clause.spanish("main")))
        if word[0] == "wann":
            clause = replace(clause, time=None)
        if word[0] == "wo":
            clause = replace(clause, place=None)
        lead = self.lead(word) if word[0] else Trilingual((), (), ())
        return slots.join(lead, Trilingual(clause.german("question"), clause.english("question"),
                                           clause.spanish("question")))

    def template(self, kind: str) -> Trilingual:
        return slots.fill(self.rng, self.rng.choice(
            [p for p in patterns("templates.txt") if p.kind == kind]), self.tags)


_PRES: Final[tuple[Mood, ...]] = ("present",)
_Conjunction = tuple[Joint, tuple[Mood, ...], bool, Literal["", "subjunctive"]]
_CONJUNCTIONS: Final[tuple[_Conjunction, ...]] = (
    (("weil", "because", "porque"), _NEUTRAL, False, ""),
    (("weil", "because", "porque"), ("perfect", "können", "müssen"), False, ""),
    (("obwohl", "although", "aunque"), ("present", "perfect"), False, ""),
    (("wenn", "if", "si"), ("present", "können", "müssen"), True, ""),
    (("sobald", "as soon as", "en cuanto"), _PRES, True, "subjunctive"),
    (("bevor", "before", "antes de que"), _PRES, True, "subjunctive"),
    (("nachdem", "after", "después de que"), ("perfect",), False, ""),
    (("während", "while", "mientras"), _PRES, True, ""),
    (("damit", "so that", "para que"), ("können",), True, "subjunctive"),
)
_THAT_ANNOUNCE: Final[tuple[tuple[Joint, Literal["", "subjunctive"]], ...]] = (
    (("bitte beachten Sie dass", "please note that", "por favor, tengan en cuenta que"), ""),
    (("wir freuen uns dass", "we are pleased that", "nos alegra que"), "subjunctive"),
    (("wir möchten Sie darauf hinweisen dass", "we would like to point out that",
      "quisiéramos señalar que"), ""),
    (("vergessen Sie nicht dass", "do not forget that", "no olviden que"), ""),
    (("ich muss Ihnen leider sagen dass", "unfortunately I have to tell you that",
      "lamentablemente tengo que decirles que"), ""),
    (("es ist wichtig dass", "it is important that", "es importante que"), "subjunctive"),
    (("wir haben gehört dass", "we have heard that", "hemos oído que"), ""),
    (("es tut uns leid dass", "we are sorry that", "lamentamos que"), "subjunctive"),
)
_THAT_ANSWER: Final[tuple[tuple[Joint, Literal["", "subjunctive"]], ...]] = (
    (("ich glaube dass", "I believe that", "creo que"), ""),
    (("ich bin sicher dass", "I am sure that", "estoy seguro de que"), ""),
    (("man hat mir gesagt dass", "I was told that", "me han dicho que"), ""),
    (("ich hoffe dass", "I hope that", "espero que"), "subjunctive"),
    (("ich weiß nicht ob", "I do not know whether", "no sé si"), ""),
    (("es steht noch nicht fest ob", "it has not been decided yet whether",
      "todavía no se ha decidido si"), ""),
    (("ich kann Ihnen nicht sagen wann", "I cannot tell you when", "no puedo decirles cuándo"), ""),
    (("niemand weiß warum", "nobody knows why", "nadie sabe por qué"), ""),
)
_WHETHER: Final[tuple[tuple[Joint, Literal["", "subjunctive"]], ...]] = (
    (("wissen Sie ob", "do you know whether", "saben si"), ""),
    (("wissen Sie wann", "do you know when", "saben cuándo"), ""),
    (("können Sie mir sagen ob", "can you tell me whether", "pueden decirme si"), ""),
    (("können Sie mir sagen wann", "can you tell me when", "pueden decirme cuándo"), ""),
    (("können Sie mir erklären warum", "can you explain to me why",
      "pueden explicarme por qué"), ""),
)
_THAT_RESEARCH: Final[tuple[tuple[Joint, Literal["", "subjunctive"]], ...]] = (
    (("die Ergebnisse zeigen dass", "the results show that", "los resultados muestran que"), ""),
    (("wir haben festgestellt dass", "we found that", "hemos comprobado que"), ""),
    (("es hat uns überrascht dass", "it surprised us that", "nos sorprende que"), "subjunctive"),
    (("wir vermuten dass", "we suspect that", "sospechamos que"), ""),
)
_INFINITIVE: Final[tuple[Joint, ...]] = (
    ("vergessen Sie bitte nicht", "please do not forget", "por favor, no olviden"),
    ("denken Sie bitte daran", "please remember", "por favor, recuerden"),
    ("es ist nicht erlaubt", "it is not allowed", "no está permitido"),
    ("es ist leider nicht möglich", "unfortunately it is not possible",
     "lamentablemente no es posible"),
    ("wir versuchen gerade", "we are just trying", "estamos intentando"),
    ("es wird Zeit", "it is time", "ya es hora de"),
    ("die Veranstalter haben vor", "the organisers intend", "los organizadores tienen previsto"),
)
_QUESTION_WORDS: Final[tuple[Joint, ...]] = (
    ("", "", ""), ("", "", ""), ("wann", "when", "cuándo"), ("wo", "where", "dónde"),
    ("warum", "why", "por qué"), ("wer", "who", "quién"))
_OPENERS: Final[tuple[Joint, ...]] = (
    ("leider", "unfortunately", "lamentablemente"), ("deshalb", "therefore", "por eso"),
    ("außerdem", "besides", "además"), ("anschließend", "afterwards", "a continuación"),
    ("zum Glück", "luckily", "por suerte"), ("natürlich", "of course", "por supuesto"))
_AFFIRM: Final[tuple[Joint, ...]] = (
    ("ja", "yes", "sí"), ("genau", "exactly", "exacto"), ("ja, natürlich", "yes, of course",
                                                          "sí, por supuesto"))


def _in_domain(verb: Verb, domain: str) -> bool:
    technical = verb.subject.split(",")[0] in ("system", "quality", "delay")
    if domain == "research":
        return technical
    if domain == "schedule":
        return verb.subject == "event" or "event" in verb.objects
    return not technical


def _statement(w: _Writer, domain: str) -> Trilingual:
    """A main clause, opened by an adverb, joined to another, or with a dependent clause."""
    draw = w.rng.random()
    if draw < 0.4:
        return w.main(w.clause(domain=domain))
    if draw < 0.55:
        lead = w.lead(w.rng.choice(_OPENERS))
        found = slots.join(lead, w.main(w.clause(domain=domain), inverted=True))
        return replace(found, en=close(found.en[:len(lead.en)], ",") + found.en[len(lead.en):])
    if draw < 0.65:
        link = w.rng.choice((("aber", "but", "pero"), ("und", "and", "y"),
                             ("denn", "because", "porque")))
        second = slots.join(w.lead(link), w.main(w.clause(domain=domain)))
        return w.linked(w.main(w.clause(domain=domain)), second,
                        (link[0] != "und", link[0] == "aber", link[0] == "aber"))
    return w.complex(domain)


def _announcement(w: _Writer) -> tuple[Trilingual, str]:
    draw = w.rng.random()
    if draw < 0.15:
        return w.imperative(), "."
    if draw < 0.3:
        return w.that("", _THAT_ANNOUNCE), "."
    if draw < 0.45:
        return w.infinitive(_INFINITIVE), "."
    if draw < 0.52:
        return w.template("announcement"), ""
    return _statement(w, ""), "."


def _schedule(w: _Writer) -> tuple[Trilingual, str]:
    draw = w.rng.random()
    if draw < 0.3:
        return w.template("schedule"), ""
    if draw < 0.42:
        return w.that("schedule", _THAT_ANNOUNCE), "."
    return _statement(w, "schedule"), "."


def _direction(w: _Writer) -> tuple[Trilingual, str]:
    return w.template("direction"), ""


def _question(w: _Writer) -> tuple[Trilingual, str]:
    draw = w.rng.random()
    if draw < 0.2:
        return w.template("question"), ""
    if draw < 0.45:
        return w.that("", _WHETHER), "?"
    return w.question(), "?"


def _answer(w: _Writer) -> tuple[Trilingual, str]:
    draw = w.rng.random()
    if draw < 0.2:
        return w.template("answer"), ""
    if draw < 0.5:
        return w.that(w.rng.choice(("", "schedule")), _THAT_ANSWER), "."
    if draw < 0.75:
        lead = w.lead(w.rng.choice(_AFFIRM))
        return w.linked(lead, w.main(w.clause()), (True, True, True)), "."
    return w.linked(w.lead(("nein", "no", "no")), w.main(w.clause(negated=True)),
                    (True, True, True)), "."


def _research(w: _Writer) -> tuple[Trilingual, str]:
    draw = w.rng.random()
    if draw < 0.15:
        return w.template("research"), ""
    if draw < 0.4:
        return w.that("research", _THAT_RESEARCH), "."
    return _statement(w, "research"), "."


_MAKERS: Final[dict[str, Callable[[_Writer], tuple[Trilingual, str]]]] = {
    "announcement": _announcement, "schedule": _schedule, "direction": _direction,
    "question": _question, "answer": _answer, "research": _research}
_WEIGHTS: Final = (26, 18, 8, 16, 16, 16)


def sentence(rng: Random, kind: str, *, shortest: int = 4, longest: int = 25) -> Triple:
    """One sentence of ``kind`` with ``shortest`` to ``longest`` words in every language."""
    while True:
        found, mark = _MAKERS[kind](_Writer(rng))
        mark = mark or found.de[-1].text[-1]
        de, en, es = finish(found.de, "de", mark), finish(found.en, "en", mark), finish(
            found.es, "es", mark)
        if all(shortest <= len(t) <= longest for t in (de, en, es)):
            return Triple(kind, text(de), text(en), text(es),
                          align(de, en), align(de, es), align(en, es))


def sentences(seed: int, kind: str | None = None) -> Iterator[Triple]:
    """Endless triples, of one kind or of all; repetitions may occur."""
    if kind is not None and kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; one of {', '.join(KINDS)}")
    rng = Random(f"conference-{seed}")
    while True:
        yield sentence(rng, kind or rng.choices(KINDS, _WEIGHTS)[0])
