"""What a check of a corpus finds: what is wrong, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from s2st_bench.errors import DamagedCorpus

Severity = Literal["error", "note"]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1; line none is the file as a whole."""

    file: Path
    line: int | None = None

    def __str__(self) -> str:
        return str(self.file) if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One oddity of a corpus on disk.

    An ``error`` makes numbers wrong: a run refuses, or leaves the recording out.  A ``note`` is
    worth knowing and changes nothing.
    """

    kind: str
    """A short stable name for programs, such as ``segment-past-end``."""
    place: Place | None
    """None only where a corpus cannot say."""
    problem: str
    remedy: str
    severity: Severity = "error"
    recording: str = ""
    """Id of the recording that it spoils; empty: the corpus as a whole, so that leaving out
    recordings does not help."""

    def __str__(self) -> str:
        where = ""
        if self.place is not None:
            line = "" if self.place.line is None else f", line {self.place.line}"
            where = f"{self.place.file}{line}: "
        return f"{where}{self.problem}; {self.remedy}"

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def damage(self) -> DamagedCorpus:
        """The finding as the exception that a reader raises."""
        return DamagedCorpus(self)

    def to_dict(self) -> dict[str, Any]:
        """As ``s2st-bench check --json`` prints it."""
        return {
            "kind": self.kind, "severity": self.severity,
            "file": None if self.place is None else str(self.place.file),
            "line": None if self.place is None else self.place.line,
            "problem": self.problem, "remedy": self.remedy, "recording": self.recording or None,
        }
