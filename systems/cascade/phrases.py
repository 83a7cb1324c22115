"""Translation by a phrase table: greedy, longest match first, verbs to the end of German clauses.

A table is a TSV file ``phrase_table/<source>-<target>.tsv`` with columns context, source, target:

- ``source``: words as a recogniser gives them, lower case, without punctuation;
- ``target``: words and commas; ``~`` stands for what comes before the rest of the clause's end
  ("have postponed" is "haben ~ verschoben");
- ``context``: empty, or ``sub`` for entries that hold in German subordinate clauses only.

The tables are made by ``phrase_table/build.py`` from the training grammar of the embedded
corpus.  They know its words and nothing else: an unknown word is passed through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from s2st_bench.errors import InputError, SystemFailure

GAP = "~"
MAX_WORDS = 6
SUBORDINATORS = frozenset(
    "als bevor bis da damit dass falls nachdem ob obwohl seit sobald solange während wann weil "
    "wenn wer wie wo".split()
)
"""First words of German clauses that end with their verb."""

_FOLDER = Path(__file__).parent / "phrase_table"
Key = tuple[str, str]
"""Context and source words."""


class PhraseTables:
    """The tables there are."""

    def missing(self, source_lang: str, target_lang: str) -> str | None:
        if table_path(source_lang, target_lang).is_file():
            return None
        there = ", ".join(sorted(path.stem for path in _FOLDER.glob("*-*.tsv")))
        return f"there is no phrase table {source_lang}-{target_lang}, only {there or 'none'}"

    def open(self, source_lang: str, target_lang: str) -> PhraseTable:
        if reason := self.missing(source_lang, target_lang):
            raise SystemFailure(reason)
        return PhraseTable(read_table(table_path(source_lang, target_lang)))


@dataclass(frozen=True, slots=True)
class PhraseTable:
    """One direction."""

    entries: Mapping[Key, tuple[str, ...]]

    def translate(self, text: str) -> str:
        said, waiting = decode(text.lower().split(), self.entries)
        words = [*said, *waiting]
        return " ".join(words[1:] if words[:1] == [","] else words)

    def close(self) -> None:
        """Nothing runs in the background."""


def decode(
    words: list[str], entries: Mapping[Key, tuple[str, ...]], context: str = ""
) -> tuple[list[str], list[str]]:
    """The target of ``words``: what is said, and what waits for the end of the open clause."""
    said: list[str] = []
    waiting: list[str] = []
    at = 0
    while at < len(words):
        target, count = _longest(words, at, context, entries)
        starts_clause = at == 0 or target[:1] == (",",)
        at += count
        if target[:1] == (",",):
            said += waiting
            waiting = []
        opener = next((word for word in target if word not in (",", GAP)), None)
        if starts_clause and opener is not None:
            context = "sub" if opener.lower() in SUBORDINATORS else ""
        gap = target.index(GAP) if GAP in target else len(target)
        said += target[:gap]
        waiting = [*target[gap + 1 :], *waiting]
    return said, waiting


def _longest(
    words: list[str], at: int, context: str, entries: Mapping[Key, tuple[str, ...]]
) -> tuple[tuple[str, ...], int]:
    """The target of the longest phrase that starts at ``at``, and its length in words."""
    for count in range(min(MAX_WORDS, len(words) - at), 0, -1):
        source = " ".join(words[at : at + count])
        for key in ((context, source), ("", source)):
            if (target := entries.get(key)) is not None:
                return target, count
    return (words[at],), 1


def table_path(source_lang: str, target_lang: str) -> Path:
    """Where the table of a pair lies; region codes do not count."""
    pair = "-".join(lang.replace("_", "-").split("-")[0].lower()
                    for lang in (source_lang, target_lang))
    return _FOLDER / f"{pair}.tsv"


def read_table(path: Path) -> dict[Key, tuple[str, ...]]:
    """The entries of a table.

    Raises
    ------
    InputError
        Naming the line that is damaged.
    """
    entries: dict[Key, tuple[str, ...]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 3:
            raise InputError(f"{path}:{number}: context, source and target are wanted")
        context, source, target = columns
        entries[context, source] = tuple(target.split())
    return entries
