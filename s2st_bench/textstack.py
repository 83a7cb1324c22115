"""Text written and taken back, as a stack of characters.

An *edit* is ``(retract, text)``: take ``retract`` characters off the end, then append ``text``.
Edits are numbered from 0.  Both functions are linear in the characters written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import TraceError
from s2st_bench.units import WORD

Ints = npt.NDArray[np.int64]
Edit = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Stacked:
    """What stands after all edits: ``text`` of n characters and who wrote them."""

    text: str
    writers: Ints
    """``int64[n]``: the edit that appended each character."""
    changers: Ints
    """``int64[n]``: the same, but the last character of a word cut short by a retraction belongs
    to that retraction: the word did not stand before it."""


def stack(edits: Sequence[Edit], where: str = "trace") -> Stacked:
    """Apply all edits.

    Raises
    ------
    TraceError
        An edit takes back more than stands.
    """
    runs: list[str] = []
    writers: list[int] = []
    changers: list[int] = []
    for number, (retract, text) in enumerate(edits):
        removed = " "  # the character after the cut
        while retract:
            if not runs:
                raise TraceError(
                    f"{where}: text write {number} takes back {retract} characters more than were "
                    "written; the system's retraction is wrong"
                )
            last = runs[-1]
            if retract < len(last):
                removed, runs[-1] = last[-retract], last[:-retract]
                break
            removed = last[0]
            retract -= len(last)
            del runs[-1], writers[-1], changers[-1]
        if runs and not removed.isspace() and not runs[-1][-1].isspace():
            last = runs[-1]
            if len(last) > 1:
                runs[-1] = last[:-1]
                runs.append(last[-1])
                writers.append(writers[-1])
                changers.append(number)
            else:
                changers[-1] = number
        if text:
            runs.append(text)
            writers.append(number)
            changers.append(number)
    lengths = list(map(len, runs))
    return Stacked(
        "".join(runs),
        np.repeat(np.array(writers, dtype=np.int64), lengths),
        np.repeat(np.array(changers, dtype=np.int64), lengths),
    )


def first_stood(
    edits: Sequence[Edit], units: Sequence[str], pattern: re.Pattern[str] = WORD
) -> list[int]:
    """For each unit of the final text: the edit after which it first stood at its index.

    Units are the matches of ``pattern``; ``units`` are those of the final text, in order.
    """
    chars = pattern.fullmatch("aa") is None
    first: list[int | None] = list(repeat(None, len(units)))
    standing: list[str] = []
    starts: list[int] = []
    length = 0
    for number, (retract, text) in enumerate(edits):
        length -= retract
        changed = len(standing)
        while standing and starts[-1] >= length:
            del standing[-1], starts[-1]
            changed -= 1
        base, tail = length, text
        if standing and (end := starts[-1] + len(standing[-1])) >= length:
            # The cut, or the new text, touches the last unit: look at it again as a whole.
            if end > length or not chars:
                base = starts.pop()
                tail = standing.pop()[: length - base] + text
                changed -= 1
        for match in pattern.finditer(tail):
            standing.append(match.group())
            starts.append(base + match.start())
        length += len(text)
        for i in range(changed, min(len(standing), len(units))):
            if first[i] is None and standing[i] == units[i]:
                first[i] = number
    # After the last edit every unit stands, so none is left open.
    return [number for number in first if number is not None]
