"""From the text that stands to the text that should: the smallest whole-word change."""

from __future__ import annotations

import re

_WORD = re.compile(r"\s*\S+")


def difference(old: str, new: str) -> tuple[int, str]:
    """(characters to take back from the end of ``old``, text to append) that give ``new``.

    Words that agree from the start are kept; a word that changes is taken back whole, with the
    space before it.

    >>> difference("the house", "the houses are")
    (6, ' houses are')
    """
    kept = 0
    for before, after in zip(_WORD.finditer(old), _WORD.finditer(new), strict=False):
        if before.group() != after.group():
            break
        kept = before.end()
    return len(old) - kept, new[kept:]
