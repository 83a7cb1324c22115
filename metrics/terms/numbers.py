"""Numbers in a text by value: ``1.234,5`` in German is ``1,234.5`` in English is 2469/2.

Digits are read with the language's own signs: a comma before decimals and points (or apostrophes,
or narrow spaces) between groups of three in most of Europe and Latin America, the other way round
elsewhere.  What does not fit the language's way and fits the other is read so; what fits neither
(``10:30``, ``12.05.2024``) is as many numbers as it has runs of digits.  Number words
(:mod:`.number_words`) are read in the languages that have a table; ``3 million`` is one number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .number_words import NUMBER_WORDS, Words
from .tokens import primary

_POINT = frozenset(  # languages with a decimal point; all others have a comma
    "en eng zh zho cmn yue ja jpn ko kor he heb hi hin th tha ur urd bn ben ta tam te tel ga gle "
    "mt mlt ms msa sw swa tl fil".split()
)
_DIGITS = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d+)*")
_GROUPS = "['’\u00a0\u202f]"
_LONGEST = 100
"""Characters of a compound; what is longer is no number."""
_PIECE = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d+)*|[^\W\d_]+|\S")


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a text; ``last`` counts characters to its last, white space left out."""

    value: Fraction
    last: int
    weak: bool = False
    """Perhaps an article (``one``, ``ein``)."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    last: int


def numbers(text: str, lang: str) -> list[Number]:
    """The numbers of a text, in order.

    >>> [(str(n.value), n.last) for n in numbers("rund 1.234,5 Meter", "de")]
    [('2469/2', 10)]
    >>> [str(n.value) for n in numbers("twenty-one and 3 million", "en")]
    ['21', '3000000']
    """
    words = NUMBER_WORDS.get(primary(lang))
    pieces = list(_pieces(text, words))
    found: list[Number] = []
    at = 0
    while at < len(pieces):
        number, at = _number(pieces, at, words, lang)
        found += number
    return found


def digits_value(text: str, lang: str) -> list[Fraction]:
    """One run of digits and separators; several values where it is no single number.

    >>> [str(v) for v in digits_value("1,234.5", "en") + digits_value("1,5", "en")]
    ['2469/2', '3/2']
    """
    own, other = (r"\.", ",") if primary(lang) in _POINT else (",", r"\.")
    for decimal, group in ((own, other), (other, own)):
        groups = rf"(?:{group}|{_GROUPS})"
        if re.fullmatch(rf"\d{{1,3}}(?:{groups}\d{{3}})+(?:{decimal}\d+)?|\d+(?:{decimal}\d+)?",
                        text):
            plain = re.sub(groups, "", text)
            return [Fraction(re.sub(decimal, ".", _ascii(plain)))]
    return [Fraction(_ascii(run)) for run in re.findall(r"\d+", text)]


def has_words(lang: str) -> bool:
    """Whether number words of the language are known."""
    return primary(lang) in NUMBER_WORDS


def _ascii(text: str) -> str:
    """Digits of any script as 0-9."""
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in text)


def _pieces(text: str, words: Words | None) -> Iterator[_Piece]:
    """Runs of digits, words and single signs; German compounds taken apart."""
    spaces = 0
    previous = 0
    for match in _PIECE.finditer(text):
        spaces += sum(c.isspace() for c in text[previous : match.start()])
        spaces += sum(c.isspace() for c in match.group())
        previous = match.end()
        last = match.end() - 1 - spaces
        word = match.group().casefold()
        parts = _split(word, words) if words is not None and words.compound else None
        for part in parts or [word]:
            yield _Piece(part, last)


def _split(word: str, words: Words) -> list[str] | None:
    """``zweihundertfünfzig`` as zwei, hundert, fünfzig; none where some part is no number."""
    if len(word) > _LONGEST:
        return None
    known = sorted((*words.add, *words.times, *words.group, *words.joiners), key=len, reverse=True)
    rests: list[tuple[str, list[str]]] = [(word, [])]
    while rests:
        rest, parts = rests.pop()
        if not rest:
            return parts if len(parts) > 1 and parts[0] not in words.joiners else None
        # the longest first: pushed last
        rests += [(rest[len(k):], [*parts, k]) for k in reversed(known) if rest.startswith(k)]
    return None


def _number(
    pieces: Sequence[_Piece], start: int, words: Words | None, lang: str
) -> tuple[list[Number], int]:
    """The number that starts at a piece (several for ``10:30``; none for other text)."""
    total, group = Fraction(0), Fraction(0)
    at, end = start, start
    last_added: int | None = None
    said: list[str] = []
    while at < len(pieces):
        text = pieces[at].text
        if _DIGITS.fullmatch(text):
            if said:
                break
            values = digits_value(text, lang)
            if len(values) > 1:
                return [Number(v, pieces[at].last) for v in values], at + 1
            group = values[0]
            last_added = None
        elif words is None:
            break
        elif text in words.add:
            value = words.add[text]
            if not _fits(group, last_added, value, said, words):
                break
            if last_added is not None and (last_added, value) in words.pairs:
                value = words.pairs[last_added, value]
                group -= last_added
            group += value
            last_added = value
        elif text in words.times:
            # "hundred" alone is 100, "zwei hundert" 200
            group = (group or Fraction(1)) * words.times[text]
            last_added = None
        elif text in words.group:
            if not said and words.group[text] > 10**3:
                break  # "millions of people" is no number
            total += (group or Fraction(1)) * words.group[text]
            group = Fraction(0)
            last_added = None
        elif said and (text in words.joiners or text == "-"):
            at += 1
            continue
        else:
            break
        said.append(text)
        at += 1
        end = at
    if not said:
        return [], start + 1
    weak = words is not None and len(said) == 1 and said[0] in words.weak
    return [Number(total + group, pieces[end - 1].last, weak)], end


def _fits(
    group: Fraction, last: int | None, value: int, said: Sequence[str], words: Words
) -> bool:
    """Whether a word's value can go on a number: ``twenty`` then ``one``, not ``one`` then ``two``.

    German says the ones first (``ein und zwanzig``), French multiplies (``quatre vingt``).
    """
    if not said:
        return True
    if _DIGITS.fullmatch(said[-1]):
        return False
    if last is None:  # after hundred, thousand, …
        return value < 100 or (value % 100 == 0 and group == 0)
    if (last, value) in words.pairs:
        return True
    if words.compound:
        return last < 10 and value >= 20 and value % 10 == 0
    tens = last >= 20 and last % 10 == 0 and last < 100
    hundreds = last >= 100 and value < 100
    return hundreds or (tens and 0 < value < 20)
