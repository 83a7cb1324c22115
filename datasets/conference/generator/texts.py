"""The hand-written texts, read from ``texts/``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TEXTS = Path(__file__).parents[1] / "texts"


@dataclass(frozen=True, slots=True)
class HandItem:
    """One sentence in three languages."""

    id: str
    split: str
    de: str
    en: str
    es: str

    def text(self, language: str) -> str:
        found: str = getattr(self, language)
        return found


@dataclass(frozen=True, slots=True)
class ScriptLine:
    """A line of a talk: written by hand, or the kind of grammar sentence to put there."""

    kind: str
    de: str
    en: str
    es: str

    def text(self, language: str) -> str:
        found: str = getattr(self, language)
        return found


def _rows(name: str) -> Iterator[list[str]]:
    lines = (TEXTS / name).read_text(encoding="utf-8").split("\n")
    for line in lines[1:]:
        if line:
            yield line.split("\t")


def hand_items() -> tuple[HandItem, ...]:
    return tuple(HandItem(*row) for row in _rows("hand.tsv"))


def scripts() -> dict[str, tuple[ScriptLine, ...]]:
    """Talk name to its lines, in order."""
    found: dict[str, list[ScriptLine]] = {}
    for talk, *rest in _rows("talks.tsv"):
        found.setdefault(talk, []).append(ScriptLine(*rest))
    return {talk: tuple(lines) for talk, lines in found.items()}


def training_items() -> tuple[tuple[str, str, str], ...]:
    """Sentences written for training, in German, English and Spanish."""
    return tuple((de, en, es) for de, en, es in _rows("training.tsv"))
