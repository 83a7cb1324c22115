"""The list of a language and split: who read which sentence, and its two texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from s2st_bench.corpora import Finding, Place
from s2st_bench.corpora.tables import is_name, numbered_rows

from .places import Language

_COLUMNS = 7


class Reading(NamedTuple):
    """A row: one person reading one sentence."""

    line: int
    sentence: str
    """The id, the same in all languages."""
    file: str
    raw: str
    normalised: str
    samples: int


def readings(language: Language, split: str) -> Iterator[Reading | Finding]:
    """The rows of a list, in its order.

    Raises
    ------
    DamagedCorpus
        The file is missing or not UTF-8.
    """
    table = language.table(split)
    for found in numbered_rows(table, _COLUMNS):
        if isinstance(found, Finding):
            yield found
            continue
        line, (sentence, file, raw, normalised, _, samples, _) = found
        place = Place(table, line)
        if not is_name(file):
            yield Finding("bad-path", place, f"{file!r} is no name of a file", "restore the line",
                          recording=f"line-{line}")
        elif not (sentence.isdecimal() and samples.isdecimal() and len(samples) < 12):
            yield Finding("bad-row", place, f"id {sentence!r} and samples {samples!r} are not both "
                          "whole numbers", "restore the line", recording=f"line-{line}")
        else:
            yield Reading(line, sentence, file, raw, normalised, int(samples))
