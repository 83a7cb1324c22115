"""What an answer is expected to hold, and where it does.

*Terms*: every entry of ``Segment.terms`` with accepted forms in the target language, once.
*Numbers*: those of the first reference, by value; a lone ``one`` or ``ein`` may be an article and
is not asked for.
*Names*: words of two letters or more that stand capitalised and not at the start of a sentence in
the transcript and in the first reference, in the same form.

Each asked-for thing is answered by words of its own: said once, it answers one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from s2st_bench.metric import Item
from s2st_bench.types import Word

from .numbers import Number, numbers
from .tokens import Token, find, tokens


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing asked for: where its answer ends, and when its source was over."""

    last: int | None
    """Character of the hypothesis (white space not counted) that completes it; none: missing."""
    source_end_s: float | None
    """End of its last source word, from the start of the recording; none: not known."""


def terms(item: Item) -> list[Asked]:
    lang, source_lang = item.trace.target_lang, item.recording.source_lang
    said = tokens(item.hypothesis, lang)
    heard = _heard(item.segment.words, source_lang)
    taken: set[int] = set()
    heard_taken: set[int] = set()
    found = []
    for term in item.segment.terms:
        forms = [[t.text for t in tokens(form, lang)] for form in term.targets.get(lang, ())]
        if not any(forms):
            continue
        place = find(forms, said, taken)
        source = [t.text for t in tokens(term.source, source_lang)]
        end = find([source], [token for token, _ in heard], heard_taken)
        found.append(Asked(None if place is None else said[place].last,
                           None if end is None else heard[end][1]))
    return found


def number_values(item: Item) -> list[Asked]:
    lang, source_lang = item.trace.target_lang, item.recording.source_lang
    reference = item.references[0] if item.references else ""
    asked = [n.value for n in numbers(reference, lang) if not n.weak]
    said = numbers(item.hypothesis, lang)
    heard = numbers(" ".join(word.text for word in item.segment.words), source_lang)
    ends = _word_ends(item.segment.words)
    found = []
    for value in asked:
        answer, source = _take(value, said), _take(value, heard)
        found.append(Asked(None if answer is None else answer.last,
                           None if source is None else ends[source.last]))
    return found


def names(item: Item) -> list[Asked]:
    lang, source_lang = item.trace.target_lang, item.recording.source_lang
    in_source = [t.text for t in tokens(item.segment.transcript, source_lang) if _is_name(t)]
    reference = tokens(item.references[0], lang) if item.references else []
    said = tokens(item.hypothesis, lang)
    heard = _heard(item.segment.words, source_lang)
    taken: set[int] = set()
    heard_taken: set[int] = set()
    found = []
    for token in reference:
        if not _is_name(token) or token.text not in in_source:
            continue
        in_source.remove(token.text)
        place = find([[token.text]], said, taken)
        end = find([[token.text]], [t for t, _ in heard], heard_taken)
        found.append(Asked(None if place is None else said[place].last,
                           None if end is None else heard[end][1]))
    return found


def _is_name(token: Token) -> bool:
    first = token.surface[:1]
    cased = first.upper() != first.lower()
    return cased and first == first.upper() and len(token.text) > 1 and not token.sentence_start


def _take(value: Fraction, among: list[Number]) -> Number | None:
    """Take the first number of that value out of a list."""
    for index, number in enumerate(among):
        if number.value == value:
            return among.pop(index)
    return None


def _heard(words: Sequence[Word], lang: str) -> list[tuple[Token, float]]:
    """Tokens of the source words, each with the end of its word."""
    return [(token, word.end_s) for word in words for token in tokens(word.text, lang)]


def _word_ends(words: Sequence[Word]) -> list[float]:
    """For each character of the source words (white space not counted) the end of its word."""
    return [word.end_s for word in words for _ in "".join(word.text.split())]
