"""Minimum-WER segmentation by mweralign (Post 2025; the aligner of simulstream's scorer).

mweralign is GPL-3 and optional: it is imported when the class is made.  Its segments are its own:
it compares words without regard to the case of ASCII letters only, breaks ties in its own way, and
gives the first reference a word even where silence would have fewer errors, so that its cut is not
always the minimum that :class:`~s2st_bench.resegment.MinWerSegmenter` finds.

It reads words off lines, so units go in as plain names, one a distinct unit: a unit that holds
white space, ``###`` (its sign between alternative references) or a lone surrogate stays one unit.
A reference without words is left out and its segment gets nothing; mweralign itself drops the last
line of such a text, or crashes when no reference has words.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata

import numpy as np

from s2st_bench.errors import BenchError, DependencyError
from s2st_bench.metric import Floats, LatencyUnit
from s2st_bench.softalign import NOWHERE, Codes
from s2st_bench.types import Segment
from s2st_bench.units import split_units

_CHATTER = ("loading reference file from stream:", "AS-WER (automatic segmentation mWER):")
"""What it prints of every alignment; anything else is passed on."""


class MweralignSegmenter:
    """mweralign's alignment.

    Raises
    ------
    DependencyError
        mweralign is not installed.
    """

    def __init__(self) -> None:
        self._align = _load()
        self.version = metadata.version("mweralign")

    def assign(
        self,
        units: Sequence[str],
        delays_s: Floats,
        segments: Sequence[Segment],
        references: Sequence[str],
        lang: str,
        unit: LatencyUnit,
    ) -> Codes:
        rows = [split_units(reference, unit) for reference in references]
        spoken = [i for i, row in enumerate(rows) if row]
        if not units or not spoken:
            return np.full(len(units), NOWHERE, dtype=np.intp)
        names: dict[str, str] = {}
        lines = [_line(rows[i], names) for i in spoken]
        with _quiet():
            cut = self._align("\n".join(lines), _line(units, names))
        counts = [len(part.split()) for part in cut.split("\n")]
        if len(counts) != len(spoken) or sum(counts) != len(units):
            raise BenchError(
                f"mweralign {self.version} gave {sum(counts)} units in {len(counts)} segments for "
                f"{len(units)} units and {len(spoken)} references; use another --resegmenter"
            )
        return np.repeat(np.array(spoken, dtype=np.intp), counts)

    def signature(self) -> Mapping[str, str]:
        return {"reseg": f"mweralign({self.version})"}


def _line(units: Sequence[str], names: dict[str, str]) -> str:
    """Units by name, alike where mweralign would find them alike."""
    return " ".join(names.setdefault(_ascii_lower(unit), f"u{len(names)}") for unit in units)


def _ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def _load() -> Callable[[str, str], str]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        from mweralign import align_texts
    except ImportError:
        raise DependencyError("mweralign", "the resegmenter mweralign", "peers") from None
    finally:
        # its import sets up logging for the whole program
        root.handlers[:] = handlers
        root.setLevel(level)
    found: Callable[[str, str], str] = align_texts
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what C++ prints on standard error, and pass on all but the usual chatter.

    The file descriptor is the whole process's: what other threads print meanwhile comes after.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        real = os.dup(2)
        try:
            os.dup2(held.fileno(), 2)
            yield
        finally:
            os.dup2(real, 2)
            os.close(real)
            held.seek(0)
            said = held.read().decode("utf-8", "replace").splitlines(keepends=True)
            rest = "".join(line for line in said if not line.startswith(_CHATTER))
            if rest.strip():
                os.write(2, rest.encode())
