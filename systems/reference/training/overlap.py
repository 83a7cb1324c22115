"""How much of a test set a model has seen in training, and what copying from training would give.

Words are compared lower-cased and without punctuation.  The *nearest-training-sentence baseline*
translates a source by the target of the training pair whose source is nearest in word edits
(relative to the longer of the two); it is told the true transcript, where a model only has speech.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import jiwer

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_CANDIDATES = 200

Words = tuple[str, ...]


def normal(text: str) -> Words:
    """The words of ``text`` as they are compared.

    >>> normal("Wo ist, bitte, Raum A?")
    ('wo', 'ist', 'bitte', 'raum', 'a')
    """
    return tuple(_WORD.findall(text.lower()))


def seen_sentences(test: Sequence[str], training: Iterable[str]) -> float:
    """Share of test sentences that are among the training sentences."""
    known = {normal(text) for text in training}
    return sum(normal(text) in known for text in test) / max(1, len(test))


def seen_ngrams(test: Sequence[str], training: Iterable[str], n: int = 4) -> float:
    """Share of the test set's running n-grams that are among those of training."""
    known = {gram for text in training for gram in _ngrams(normal(text), n)}
    found = [gram in known for text in test for gram in _ngrams(normal(text), n)]
    return sum(found) / max(1, len(found))


class Nearest:
    """Training pairs, looked up by their sources."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """``(source, target)`` texts."""
        self._pairs = list({normal(source): (normal(source), target)
                            for source, target in pairs}.values())
        self._having: dict[str, list[int]] = defaultdict(list)
        for number, (words, _) in enumerate(self._pairs):
            for word in set(words):
                self._having[word].append(number)

    def translate(self, source: str) -> str:
        """The target of the pair whose source is nearest; nothing if no word is shared."""
        words = normal(source)
        scores: Counter[int] = Counter()
        for word in set(words):
            for number in self._having.get(word, ()):
                scores[number] += 1
        shared = [
            (count / (len(self._pairs[number][0]) + len(words) - count), number)
            for number, count in scores.items()
        ]
        candidates = [number for _, number in sorted(shared, reverse=True)[:_CANDIDATES]]
        if not candidates:
            return ""
        best = min(candidates, key=lambda number: (_distance(words, self._pairs[number][0]),
                                                   number))
        return self._pairs[best][1]


def _distance(a: Words, b: Words) -> float:
    edits = jiwer.process_words(" ".join(a), " ".join(b))
    return (edits.substitutions + edits.insertions + edits.deletions) / max(len(a), len(b))


def _ngrams(words: Words, n: int) -> list[Words]:
    return [words[at : at + n] for at in range(len(words) - n + 1)]
