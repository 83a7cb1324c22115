"""Words that know which words of the other two languages they stand for.

A token carries tags; two tokens of different languages that share a tag are aligned.  A sentence
is finished by :func:`finish` (capital, full stop, Spanish opening marks and contractions).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count

from .morphology import german_contraction

Tag = int | str
LANGUAGES = ("de", "en", "es")


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    tags: frozenset[Tag] = frozenset()


Tokens = tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Trilingual:
    """One phrase or sentence in three languages."""

    de: Tokens
    en: Tokens
    es: Tokens


class Tags:
    """Fresh tags for one sentence."""

    def __init__(self) -> None:
        self._next = count()

    def new(self) -> int:
        return next(self._next)


def words(text: str, *tags: Tag) -> Tokens:
    """``text`` with words joined by spaces or underscores, all with the same tags."""
    return tuple(Token(word, frozenset(tags)) for word in text.replace("_", " ").split())


def close(tokens: Tokens, mark: str) -> Tokens:
    """Put a mark behind the last word, in place of a comma there."""
    if not tokens:
        return tokens
    last = tokens[-1]
    return (*tokens[:-1], replace(last, text=last.text.rstrip(",.?!") + mark))


def _capital(word: str) -> str:
    start = 1 if word[0] in "¿¡" else 0
    return word[:start] + word[start].upper() + word[start + 1:]


def _german_contractions(tokens: Tokens) -> Tokens:
    out: list[Token] = []
    for token in tokens:
        merged = german_contraction(out[-1].text, token.text) if out else None
        if merged:
            out[-1] = Token(merged, out[-1].tags | token.tags)
        else:
            out.append(token)
    return tuple(out)


def _spanish_contractions(tokens: Tokens) -> Tokens:
    out: list[Token] = []
    for token in tokens:
        if out and token.text == "el" and out[-1].text in ("a", "de"):
            first = out.pop()
            out.append(Token(first.text + "l", first.tags | token.tags))
        else:
            out.append(token)
    return tuple(out)


def finish(tokens: Tokens, language: str, mark: str = ".") -> Tokens:
    """Make a sentence of ``tokens``."""
    if language == "de":
        tokens = _german_contractions(tokens)
    if language == "es":
        tokens = _spanish_contractions(tokens)
        if mark == "?" and "¿" not in "".join(t.text for t in tokens):
            tokens = (replace(tokens[0], text="¿" + tokens[0].text), *tokens[1:])
    first = replace(tokens[0], text=_capital(tokens[0].text))
    return close((first, *tokens[1:]), mark)


def text(tokens: Iterable[Token]) -> str:
    return " ".join(token.text for token in tokens)


def align(source: Sequence[Token], target: Sequence[Token]) -> tuple[tuple[int, int], ...]:
    """Pairs of word indices whose tokens share a tag, in source order."""
    return tuple((i, j) for i, a in enumerate(source) for j, b in enumerate(target)
                 if a.tags & b.tags)
