"""What a corpus needs before it can be read: steps that are made here, and steps of the user's.

A step is done when all its files are there.  Files are written beside and renamed, so that one
that is there is whole; what was interrupted is started again by the same call and gives the same
files.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from s2st_bench.errors import CorpusError

Report = Callable[[int, int | None], None]
"""``report(done, total)`` while a step is made; no total where it is not known."""
State = Literal["done", "made", "waits", "by hand"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must be there.

    ``make`` writes ``outputs`` from ``inputs`` and returns one line about what it made; without
    it, ``by_hand`` says what the user has to do, with the licence.  A step without outputs looks at
    what is there, every time.
    """

    title: str
    outputs: tuple[Path, ...] = ()
    inputs: tuple[Path, ...] = ()
    make: Callable[[Report], str] | None = None
    by_hand: str = ""

    @property
    def is_done(self) -> bool:
        return bool(self.outputs) and all(path.exists() for path in self.outputs)

    @property
    def missing(self) -> tuple[Path, ...]:
        """Inputs that are not there."""
        return tuple(path for path in self.inputs if not path.exists())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step."""

    step: Step
    state: State
    said: str = ""

    @property
    def is_open(self) -> bool:
        """Something is left to do."""
        return self.state in ("waits", "by hand")


def prepared(
    steps: Sequence[Step], progress: Callable[[Step, int, int | None], None]
) -> Iterator[Outcome]:
    """Make what can be made, in order; each outcome as soon as it is known.

    Raises
    ------
    CorpusError
        An input is damaged, or a file cannot be written.
    """
    for step in steps:
        if step.is_done:
            yield Outcome(step, "done")
        elif step.make is None:
            yield Outcome(step, "by hand", step.by_hand)
        elif missing := step.missing:
            yield Outcome(step, "waits", f"for {', '.join(map(str, missing))}")
        else:
            yield Outcome(step, "made", _made(step, step.make, progress))


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file that is there as a whole or not at all: written beside, synced, renamed.

    Raises
    ------
    CorpusError
        It cannot be written.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise CorpusError(f"{path}: cannot be written ({error.strerror})") from None


def _made(
    step: Step, make: Callable[[Report], str], progress: Callable[[Step, int, int | None], None]
) -> str:
    return make(lambda done, total: progress(step, done, total))
