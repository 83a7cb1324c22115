"""Where a run is written: a folder of this machine, mirrored where it was asked to be elsewhere."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from s2st_bench.errors import InputError, RunError

if TYPE_CHECKING:
    from s2st_bench.remote import Mirror


@dataclass(frozen=True, slots=True)
class Home:
    """A run folder in the making."""

    path: Path
    """On this machine."""
    mirror: Mirror | None = None

    @property
    def name(self) -> Path | str:
        """What a user calls it."""
        return self.path if self.mirror is None else self.mirror.address

    def put(self, *names: str) -> None:
        """Keep these files, where that is elsewhere."""
        if self.mirror is not None:
            self.mirror.put(*names)

    def recording(self, line: bytes) -> None:
        """Keep a recording that is done."""
        if self.mirror is not None:
            self.mirror.recording(line)

    def flush(self) -> None:
        """Wait until all that is done is kept."""
        if self.mirror is not None:
            self.mirror.flush()

    def finish(self, *names: str) -> None:
        """The run is whole: keep its traces as one file, and ``names``."""
        if self.mirror is not None:
            self.mirror.finish(*names)


def new_home(out: Path, name: str | None, made_name: str, stack: ExitStack) -> Home:
    """A fresh folder below ``out``: ``name``, or ``made_name`` and a number where that is taken.

    Raises
    ------
    RunError
        It cannot be made, or ``name`` exists.
    """
    from s2st_bench.remote.address import address_of

    address = address_of(out)
    for number in count(1):
        stem = name or (made_name if number == 1 else f"{made_name}-{number}")
        if address is None:
            found = _made_here(out / stem)
        else:
            found = _made_there(f"{address}/{stem}", stack)
        if found is not None:
            return found
        if name is not None:
            where = out / stem if address is None else f"{address}/{stem}"
            raise RunError(f"{where}: exists; go on with it by resume={where}, or give another "
                           "name=…")
    raise AssertionError


def resumed_home(path: Path, stack: ExitStack) -> Home:
    """The folder of a run that is gone on with."""
    from s2st_bench.remote.address import address_of, staging

    address = address_of(path)
    if address is None:
        return Home(path)
    from s2st_bench.remote import Mirror, fetched

    mirror = stack.enter_context(Mirror(address, staging(address, "written")))
    return Home(fetched(address, mirror.here), mirror)


def _made_here(path: Path) -> Home | None:
    if _never_began(path):
        shutil.rmtree(path)
    try:
        path.mkdir(parents=True, exist_ok=False)
    except FileExistsError:
        return None
    except OSError as error:
        raise RunError(f"{path}: cannot be made ({error.strerror}); give out=…") from None
    return Home(path)


def _never_began(path: Path) -> bool:
    """Whether a run was given up there before anything was replayed, as when its system could not
    be loaded: its name is free for the call that is right.
    """
    from s2st_bench.store import RunFolder

    try:
        is_empty = (path / "traces.jsonl").stat().st_size == 0 and not (path / "load.json").exists()
        return is_empty and RunFolder(path).record().status == "interrupted"
    except (OSError, InputError):
        return False


def _made_there(address: str, stack: ExitStack) -> Home | None:
    from s2st_bench.remote import Mirror, staging

    mirror = Mirror(address, staging(address, "written"))
    if mirror.exists():
        return None
    shutil.rmtree(mirror.here, ignore_errors=True)  # of a run whose home has been removed
    stack.enter_context(mirror)
    return Home(mirror.here, mirror)
