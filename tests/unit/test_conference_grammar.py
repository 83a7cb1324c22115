"""The training grammar: word order, agreement, alignments, and what it must never produce."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random

import pytest

from s2st_bench.datasets.conference.generator import grammar, lexicon, slots, texts, training
from s2st_bench.datasets.conference.generator.aligner import normal
from s2st_bench.datasets.conference.generator.clauses import Clause
from s2st_bench.datasets.conference.generator.lexicon import Verb
from s2st_bench.datasets.conference.generator.morphology import spanish_form
from s2st_bench.datasets.conference.generator.phrases import pronoun
from s2st_bench.datasets.conference.generator.tokens import Tags, align, text, words


def verb(prefix: str, stem: str) -> Verb:
    return next(v for v in lexicon.verbs() if (v.prefix, v.stem) == (prefix, stem))


def clause(mood: str, found: Verb, person: str = "1p") -> Clause:
    tags = Tags()
    subject = pronoun(person, tags)
    time = slots.from_pattern(lexicon.patterns("adverbials.txt")[0], tags)
    return Clause(found, mood, subject, 100, time=time)  # type: ignore[arg-type]


@pytest.mark.parametrize(("mood", "main", "under"), [
    ("present", "wir kommen morgen an", "wir morgen ankommen"),
    ("perfect", "wir sind morgen angekommen", "wir morgen angekommen sind"),
    ("müssen", "wir müssen morgen ankommen", "wir morgen ankommen müssen"),
])
def test_german_verb_goes_to_the_end(mood: str, main: str, under: str) -> None:
    found = clause(mood, verb("an", "kommen"))
    assert text(found.german("main")) == main
    assert text(found.german("subordinate")) == under
    assert text(found.german("main", "time")).startswith("morgen " + main.split()[1])


def test_infinitive_and_imperative() -> None:
    found = clause("present", verb("zurück", "kommen"), "2")
    assert text(found.german("infinitive")) == "morgen zurückzukommen"
    assert text(found.german("imperative")) == "kommen Sie morgen zurück"
    assert text(found.english("infinitive")) == "to come back tomorrow"
    assert text(found.spanish("imperative")) == "vuelvan mañana"


@pytest.mark.parametrize(("infinitive", "tense", "person", "form"), [
    ("empezar", "subjunctive", "3s", "empiece"), ("buscar", "preterite", "1s", "busqué"),
    ("traducir", "preterite", "3p", "tradujeron"), ("medir", "subjunctive", "1p", "midamos"),
    ("salir", "future", "1s", "saldré"), ("volver", "subjunctive", "1p", "volvamos"),
    ("recoger", "present", "1s", "recojo"), ("leer", "preterite", "3s", "leyó"),
    ("enviar", "present", "3p", "envían"), ("ofrecer", "subjunctive", "2", "ofrezcan"),
])
def test_spanish_forms(infinitive: str, tense: str, person: str, form: str) -> None:
    irregular = next(v.irregular for v in lexicon.verbs() if v.es == infinitive)
    assert spanish_form(infinitive, irregular, tense, person) == form


def test_tokens_align_by_shared_tags() -> None:
    assert align((*words("an", 1), *words("kommen", 2)), words("arrive", 1, 2)) == ((0, 0), (1, 0))


def test_sentences_are_whole_and_aligned() -> None:
    for triple in islice(grammar.sentences(11), 1500):
        for language in ("de", "en", "es"):
            sentence = triple.text(language)
            assert 4 <= len(sentence.split()) <= 25
            assert sentence[-1] in ".?" and sentence[-2] not in ".,?!", sentence
            assert "  " not in sentence and "_" not in sentence and "{" not in sentence, sentence
            assert ":" not in sentence and "@" not in sentence, sentence
        assert " a el " not in triple.es and " de el " not in triple.es
        assert " zu dem " not in triple.de and " in dem " not in triple.de
        for source, target in (("de", "en"), ("de", "es"), ("en", "es"), ("en", "de")):
            pairs = triple.alignment(source, target)
            n, m = len(triple.text(source).split()), len(triple.text(target).split())
            assert pairs and all(i < n and j < m for i, j in pairs)
            # Half of the target's words are tied to a source word at the very least.
            assert len({j for _, j in pairs}) >= m / 2, triple


def test_every_template_fills() -> None:
    for pattern in lexicon.patterns("templates.txt"):
        for seed in range(3):
            filled = slots.fill(Random(seed), pattern, Tags())
            assert filled.de and filled.en and filled.es


def test_the_seed_decides() -> None:
    first = list(islice(grammar.sentences(5), 50))
    assert first == list(islice(grammar.sentences(5), 50))
    assert first != list(islice(grammar.sentences(6), 50))


def test_variety() -> None:
    drawn = [t.de for t in islice(grammar.sentences(1), 3000)]
    assert len(set(drawn)) > 2700


@pytest.mark.parametrize("count", [3000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_hand_written_sentences_are_never_made_by_the_grammar(count: int) -> None:
    """No hand-written sentence among the made ones, nor nearly one (overlap of words)."""
    made = list(islice(grammar.sentences(1), count))
    for language in ("de", "en"):
        whole = {normal(triple.text(language)) for triple in made}
        sets = [frozenset(sentence) for sentence in whole]
        for item in texts.hand_items():
            sentence = normal(item.text(language))
            assert sentence not in whole
            mine = frozenset(sentence)
            assert max(len(mine & other) / len(mine | other) for other in sets) < 0.75, item.id


def test_hand_written_items_do_not_repeat_each_other() -> None:
    hand = [(i.id, set(normal(i.de))) for i in texts.hand_items()]
    hand += [(f"talk {n}", set(normal(line.de))) for n, lines in texts.scripts().items()
             for line in lines if line.kind == "hand"]
    for k, (name, mine) in enumerate(hand):
        for other, theirs in hand[:k]:
            assert len(mine & theirs) / len(mine | theirs) < 0.6, (name, other)


def test_training_text_leaves_out_the_evaluation() -> None:
    held = training.held_out()
    assert len(held) > 1000
    drawn = list(training.triples(2000, seed=3, distinct=True))
    assert len({t.de for t in drawn}) == 2000
    assert not [t for t in drawn if normal(t.de) in held]
    line = next(training.asr_text("en", 1))
    assert line == line.lower() and "." not in line


def test_sentences_written_for_training_are_not_near_those_of_the_evaluation() -> None:
    bags = [frozenset(words) for words in training.held_out()]
    having: dict[str, list[int]] = {}
    for number, bag in enumerate(bags):
        for word in bag:
            having.setdefault(word, []).append(number)
    assert len(training.written()) > 1000
    for triple in training.written():
        for lang in training.LANGUAGES:
            mine = frozenset(normal(triple.text(lang)))
            shared = Counter(number for word in mine for number in having.get(word, ()))
            for number, count in shared.items():
                union = len(mine | bags[number])
                assert count <= training.NEAREST * union, (triple.text(lang), bags[number])


def test_half_of_the_mixed_stream_is_written_by_hand() -> None:
    drawn = list(islice(training.mixed(5), 1000))
    written = sum(triple.kind == "written" for triple in drawn)
    assert written == pytest.approx(1000 * training.WRITTEN_SHARE, abs=60)
    assert [t.de for t in islice(training.mixed(5), 50)] == [t.de for t in drawn[:50]]
