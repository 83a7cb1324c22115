"""Make the phrase tables from the training grammar of the embedded corpus::

    python -m s2st_bench.systems.cascade.phrase_table.build

writes ``<source>-<target>.tsv`` for the four directions and ``sentences_en.txt``, the sentences
of the recogniser's ``conference`` language model, beside this file.  The result depends on the
constants below and the grammar only.

Phrases are those consistent with the word alignments (Koehn, Och & Marcu 2003, NAACL), at most
six source words long.  A target phrase may have one gap where its end closes a German clause.  A
phrase is kept when it was seen often enough and shorter phrases would translate it differently.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import islice
from pathlib import Path

from ..phrases import GAP, MAX_WORDS, SUBORDINATORS, Key, decode

SEED = 20
SENTENCES = 30_000
LM_SENTENCES = 3_000
LEAST = 4
"""How often a phrase must have been seen; single words always count."""
LARGEST = 5_500
"""Entries of a table."""
DIRECTIONS = (("en", "de"), ("en", "es"), ("de", "en"), ("de", "es"))
ORDERED_ALIKE = ("es",)
"""Targets without gaps: their adjectives, not their verbs, would go to the end."""

Pairs = tuple[tuple[int, int], ...]
_MARKS = ".,?!;:¿¡"


def main() -> None:
    grammar = import_module("s2st_bench.datasets.conference.generator.grammar")
    triples = list(islice(grammar.sentences(SEED), SENTENCES))
    folder = Path(__file__).parent
    for source, target in DIRECTIONS:
        table = build(
            ((t.text(source), t.text(target), t.alignment(source, target)) for t in triples),
            gaps=target not in ORDERED_ALIKE,
        )
        head = f"# {SENTENCES} sentences of the training grammar, seed {SEED}; see build.py\n"
        lines = [f"{context}\t{phrase}\t{' '.join(said)}\n"
                 for (context, phrase), said in sorted(table.items())]
        (folder / f"{source}-{target}.tsv").write_text(head + "".join(lines), encoding="utf-8")
    sentences = "".join(f"{t.en}\n" for t in triples[:LM_SENTENCES])
    (folder / "sentences_en.txt").write_text(sentences, encoding="utf-8")


def build(
    sentences: Iterable[tuple[str, str, Pairs]], *, gaps: bool = True
) -> dict[Key, tuple[str, ...]]:
    """A phrase table of word-aligned sentence pairs, with or without gaps in target phrases."""
    corpus = [_Sentence(*item) for item in sentences]
    casing: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence in corpus:
        for word in sentence.target[1:]:
            casing[word.lower()][word] += 1
    counts: dict[Key, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for sentence in corpus:
        sentence.lower_first(casing)
        for key, target in sentence.phrases():
            if gaps or GAP not in target:
                counts[key][target] += 1
    return _pruned(counts)


def _pruned(
    counts: Mapping[Key, Counter[tuple[str, ...]]],
) -> dict[Key, tuple[str, ...]]:
    """The phrases that say something shorter ones do not."""
    entries: dict[Key, tuple[str, ...]] = {}
    gains: dict[Key, int] = {}
    for key in sorted(counts, key=lambda k: (k[1].count(" "), k)):
        context, source = key
        # Among equally frequent translations, the first in the alphabet: the order is total.
        target, count = min(counts[key].items(), key=lambda item: (-item[1], item[0]))
        words = source.split()
        if len(words) > 1 and count < LEAST:
            continue
        gap = target.index(GAP) if GAP in target else len(target)
        wanted = list(target[:gap]), list(target[gap + 1 :])
        if decode(words, entries, context) != wanted:
            entries[key] = target
            gains[key] = count if len(words) > 1 else 10**9
    keep = sorted(entries, key=lambda key: (-gains[key], key))[:LARGEST]
    return {key: entries[key] for key in keep}


class _Sentence:
    """One aligned pair; commas of the target are words of their own, before the next word."""

    def __init__(self, source: str, target: str, pairs: Pairs) -> None:
        self.source = [word.strip(_MARKS).lower() for word in source.split()]
        self.target: list[str] = []
        self.clauses: list[int] = []
        """Of each target word, the number of its clause (commas begin one)."""
        positions: list[int] = []
        clause = 0
        for word in target.split():
            positions.append(len(self.target))
            self.target.append(word.strip(_MARKS))
            self.clauses.append(clause)
            if word.endswith(","):
                clause += 1
                self.target.append(",")
                self.clauses.append(clause)
        self.to: list[set[int]] = [set() for _ in self.source]
        self.sources: list[set[int]] = [set() for _ in self.target]
        for i, j in pairs:
            self._link(i, positions[j])
        for j, word in enumerate(self.target[:-1]):
            if word == ",":  # a comma belongs to the word that follows it
                for i in sorted(self.sources[j + 1]):
                    self._link(i, j)

    def _link(self, i: int, j: int) -> None:
        self.to[i].add(j)
        self.sources[j].add(i)

    def lower_first(self, casing: Mapping[str, Counter[str]]) -> None:
        """Write the first word as it is written inside sentences."""
        seen = casing.get(self.target[0].lower())
        word = self.target[0]
        self.target[0] = seen.most_common(1)[0][0] if seen else word[0].lower() + word[1:]

    def phrases(self) -> Iterator[tuple[Key, tuple[str, ...]]]:
        for start in range(len(self.source)):
            covered: set[int] = set()
            for end in range(start, min(start + MAX_WORDS, len(self.source))):
                covered |= self.to[end]
                target = self._target(start, end, covered)
                if target is not None:
                    context = self._context(covered)
                    yield (context, " ".join(self.source[start : end + 1])), target

    def _target(self, start: int, end: int, covered: set[int]) -> tuple[str, ...] | None:
        """What the source words ``start`` to ``end`` are said as, if by themselves."""
        if any(not start <= i <= end for j in covered for i in self.sources[j]):
            return None
        if not covered:
            return () if start == end else None
        blocks = self._blocks(covered)
        clauses = {self.clauses[j] for j in covered}
        if len(blocks) == 1:
            first, last = blocks[0]
            words = tuple(self.target[first : last + 1])
            return (GAP, *words) if self._closes_late(end, first, last) else words
        if len(blocks) == 2 and len(clauses) == 1 and self._is_clause_end(blocks[1][1]):
            (a, b), (c, d) = blocks
            return (*self.target[a : b + 1], GAP, *self.target[c : d + 1])
        return None

    def _blocks(self, covered: set[int]) -> list[tuple[int, int]]:
        """Runs of ``covered``; unaligned words between two of them join them."""
        blocks: list[tuple[int, int]] = []
        for j in sorted(covered):
            if blocks and all(not self.sources[k] for k in range(blocks[-1][1] + 1, j)):
                blocks[-1] = (blocks[-1][0], j)
            else:
                blocks.append((j, j))
        return blocks

    def _is_clause_end(self, j: int) -> bool:
        return j + 1 == len(self.target) or self.clauses[j + 1] != self.clauses[j]

    def _closes_late(self, end: int, first: int, last: int) -> bool:
        """Whether the words end their clause though later source words are said before them."""
        clause = self.clauses[first]
        return self._is_clause_end(last) and any(
            i > end for j in range(first) if self.clauses[j] == clause for i in self.sources[j]
        )

    def _context(self, covered: set[int]) -> str:
        """``sub`` inside a clause that begins with a subordinator."""
        if not covered:
            return ""
        first = self.clauses.index(self.clauses[min(covered)])
        opener = self.target[first + 1] if self.target[first] == "," else self.target[first]
        return "sub" if opener.lower() in SUBORDINATORS and min(covered) > first + 1 else ""


if __name__ == "__main__":
    main()
