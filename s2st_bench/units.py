"""What counts as one unit of text, and where it stands in the text.

Units: ``word`` is a whitespace-separated run (any Unicode white space, so a tab, a no-break
space or two spaces part words as one space does); ``char`` is a character that is no white space;
``spm`` is a SentencePiece piece: those of ``tokenizer`` where one is given, else the pieces
the text already consists of, separated by white space (``▁Hel lo ▁you``).

A *span* is ``(start, end)`` in characters of the text, end exclusive.  Hypotheses and
references are cut by the same functions, so that their lengths are in the same unit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from s2st_bench.errors import InputError
from s2st_bench.metric import LatencyUnit

Tokenizer = Callable[[str], Sequence[str]]
"""Text to pieces; a piece that opens a word starts with ``▁``."""

Span = tuple[int, int]

META = "▁"
WORD = re.compile(r"\S+")
CHAR = re.compile(r"\S")
_PATTERNS: Mapping[str, re.Pattern[str]] = MappingProxyType({
    "char": CHAR, "space_word": re.compile("[^ ]+"), "any_char": re.compile(".", re.DOTALL),
})


def split_units(
    text: str, unit: LatencyUnit = "word", tokenizer: Tokenizer | None = None
) -> tuple[str, ...]:
    """The units of ``text`` in order; empty for a text without any."""
    if unit == "spm" and tokenizer is not None:
        return tuple(tokenizer(text))
    return tuple(pattern_of(unit).findall(text))


def count_units(text: str, unit: LatencyUnit = "word") -> int:
    """How many units :func:`split_units` finds without a tokenizer."""
    if unit in ("space_word", "any_char"):
        return len(pattern_of(unit).findall(text))
    words = text.split()
    return sum(map(len, words)) if unit == "char" else len(words)


def unit_spans(
    text: str, unit: LatencyUnit = "word", tokenizer: Tokenizer | None = None
) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """The units of ``text`` and the span of each.

    Raises
    ------
    InputError
        Where a tokenizer's pieces cannot be laid over the text.
    """
    if unit == "spm" and tokenizer is not None:
        pieces = tuple(tokenizer(text))
        return pieces, _spans_of_pieces(text, pieces)
    found = list(pattern_of(unit).finditer(text))
    return tuple(m.group() for m in found), tuple(m.span() for m in found)


def pattern_of(unit: LatencyUnit) -> re.Pattern[str]:
    """The pattern whose matches are the units that need no tokenizer."""
    return _PATTERNS.get(unit, WORD)


def _spans_of_pieces(text: str, pieces: Sequence[str]) -> tuple[Span, ...]:
    # A SentencePiece model normalises (NFKC, white space) before it cuts, so characters are
    # compared in that form, each remembering where it came from.
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for letter in _normal(char):
            letters.append(letter)
            places.append(place)
    bodies = [_normal(piece.replace(META, " ")) for piece in pieces]
    if "".join(bodies) == "".join(letters):
        return tuple(_by_letters(bodies, places))
    return tuple(_by_words(text, pieces))


def _normal(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _by_letters(bodies: Sequence[str], places: Sequence[int]) -> Iterator[Span]:
    at = 0
    for body in bodies:
        # A bare ▁ has no letter of its own: it stands with the letter it announces.
        first, last = at, max(at, at + len(body) - 1)
        limit = len(places) - 1
        yield (places[min(first, limit)], places[min(last, limit)] + 1) if places else (0, 0)
        at += len(body)


def _by_words(text: str, pieces: Sequence[str]) -> Iterator[Span]:
    """Each piece gets its whole word, where the model rewrote letters (byte pieces, casing)."""
    words = [m.span() for m in WORD.finditer(text)]
    opens = [i == 0 or piece.startswith(META) for i, piece in enumerate(pieces)]
    if sum(opens) != len(words):
        raise InputError(
            f"the tokenizer cut a text of {len(words)} words into {sum(opens)} words: its pieces "
            "cannot be given times; use --unit word or char, or the model the system was made with"
        )
    word = -1
    for opening in opens:
        word += opening
        yield words[word]
