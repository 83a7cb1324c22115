"""Text as a recogniser would have written it: what a cascade's translator must cope with."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_MARKS = ".,;:!?¿¡\"„“”()"
PLAIN = 0.5
"""Share of sentences without capitals and punctuation, as most recognisers write."""
NOISY = 0.5
"""Share of sentences with errors."""
ERROR = 0.1
"""Of a word in a noisy sentence: 5 % of all words, a quarter each kind."""


def plain(text: str) -> str:
    """Without capitals and punctuation.

    >>> plain("Wissen Sie, wo der Saal ist?")
    'wissen sie wo der saal ist'
    """
    return " ".join(word for word in (w.strip(_MARKS) for w in text.lower().split()) if word)


def misspelt(word: str, rng: Random) -> str:
    """A letter dropped, doubled or taken for another of the word."""
    if len(word) < 3:
        return word
    at = rng.randrange(len(word))
    return word[:at] + rng.choice(("", 2 * word[at], rng.choice(word))) + word[at + 1 :]


def noisy(text: str, others: Sequence[str], rng: Random, error: float = ERROR) -> str:
    """Words dropped, said twice, misspelt, or taken for one of ``others``."""
    out: list[str] = []
    for word in text.split():
        if rng.random() >= error:
            out.append(word)
            continue
        kind = rng.randrange(4)
        if kind == 1:
            out += [word, word]
        elif kind == 2:
            out.append(misspelt(word, rng))
        elif kind == 3:
            out.append(rng.choice(others))
    return " ".join(out) or text


def as_heard(text: str, others: Sequence[str], rng: Random) -> str:
    """A sentence as it is written, or as it might have been recognised."""
    if rng.random() < NOISY:
        text = noisy(text, others, rng)
    if rng.random() < PLAIN:
        text = plain(text)
    return text
