"""Unlimited training text and speech, never a sentence of dev, test or the talks.

``triples`` gives word-aligned text of the grammar, ``asr_text`` lower-cased lines for a language
model.  ``mixed`` adds sentences written by hand for training (``texts/training.tsv``), and
``speech`` has those spoken by the training voices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random

from .aligner import normal
from .grammar import Triple, sentences
from .speech import Speaker, Utterance, Voice, voices
from .texts import training_items

DATA = Path(__file__).parents[1] / "data"
LANGUAGES = ("de", "en", "es")
WRITTEN_SHARE = 0.5
"""Of ``mixed``: sentences written by hand; the rest is the grammar's."""
NEAREST = 0.7
"""No written training sentence shares more of its words (Jaccard) with one to be tested on."""


@dataclass(frozen=True, slots=True)
class SpokenTriple:
    """One training example: the sentence in three languages and its speech in one of them."""

    triple: Triple
    voice: Voice
    spoken: Utterance


@cache
def held_out() -> frozenset[tuple[str, ...]]:
    """Every evaluation sentence in the three languages, lower-cased, without punctuation."""
    found = set()
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line:
                row = json.loads(line)
                found |= {normal(text) for text in (row["transcript"], *row["references"].values())}
    return frozenset(found)


def stream(seed: int = 1, kind: str | None = None) -> Iterator[Triple]:
    """Endless training triples; the same seed gives the same stream; repetitions may occur."""
    kept_out = held_out()
    for triple in sentences(seed, kind):
        if not any(normal(triple.text(k)) in kept_out for k in LANGUAGES):
            yield triple


@cache
def written() -> tuple[Triple, ...]:
    """The sentences written by hand for training; they have no word alignments.

    None is near any sentence of dev, test or talks (a test): it shares at most ``NEAREST`` of its
    words with it.
    """
    return tuple(Triple("written", de, en, es, (), (), ()) for de, en, es in training_items())


def mixed(seed: int = 1, share: float = WRITTEN_SHARE) -> Iterator[Triple]:
    """Endless triples of grammar and hand."""
    rng = Random(f"conference-mixed-{seed}")
    grammar = stream(seed)
    while True:
        yield rng.choice(written()) if rng.random() < share else next(grammar)


def triples(count: int, *, seed: int = 1, distinct: bool = False) -> Iterator[Triple]:
    """``count`` training triples with word alignments; ``distinct`` drops repeated ones."""
    if not distinct:
        yield from islice(stream(seed), count)
        return
    seen: set[str] = set()
    for triple in stream(seed):
        if len(seen) >= count:
            return
        if triple.de not in seen:
            seen.add(triple.de)
            yield triple


def asr_text(lang: str, count: int, *, seed: int = 1) -> Iterator[str]:
    """Lower-cased training sentences without punctuation, one per line of a language model."""
    for triple in triples(count, seed=seed):
        yield " ".join(normal(triple.text(lang)))


def speech(lang: str, *, seed: int = 1, kind: str | None = None) -> Iterator[SpokenTriple]:
    """Endless training speech in ``lang`` (``de`` or ``en``) by the voices not held out.

    Rates and pitches vary around each voice's own; ``kind`` picks one kind of grammar sentence.
    """
    pool = voices(lang, held_out=False)
    if not pool:
        raise ValueError(f"no voices for {lang!r}; the corpus speaks de and en")
    rng = Random(f"conference-speech-{lang}-{seed}")
    with Speaker() as speaker:
        for triple in mixed(seed) if kind is None else stream(seed, kind):
            base = rng.choice(pool)
            rate = round(base.rate * rng.uniform(0.9, 1.15))
            pitch = max(0, min(99, base.pitch + rng.randint(-8, 8)))
            voice = Voice(base.id, base.lang, base.espeak, rate, pitch)
            yield SpokenTriple(triple, voice, speaker.speak(triple.text(lang), voice))
