"""Memory and processor time of worker processes and all they start, from ``/proc`` (Linux).

Workers lead sessions of their own, so what they start is found by its session id.  Elsewhere
than on Linux there is nothing to read, and every number is none.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 0.5
_PROC = Path("/proc")
_MIB = 2.0**20
_PARENTS_FIELDS = slice(11, 15)
"""utime, stime, cutime, cstime among the fields of ``stat`` behind the process' name."""
_SESSION, _RSS = 3, 21
_IDLE = (3, 4)
"""idle and iowait among the numbers of a line of ``/proc/stat``."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a level cost."""

    wall_s: float
    memory_mib: float | None
    """Most resident memory at one time, all its processes together."""
    cpu_cores: float | None
    """Processor time of its processes over wall time."""
    others_cores: float | None
    """The same of everything else on these processors."""


class Watch:
    """Follows processes from :meth:`start` to :meth:`stop`; :meth:`look` now and then between."""

    def __init__(self, leaders: Sequence[int]) -> None:
        self._leaders = frozenset(leaders)
        self._known = (_PROC / "self" / "stat").is_file()
        self._peak = 0.0
        self._looked = self._started = time.perf_counter()
        self._own = self._own_last = self._busy = 0.0

    def start(self) -> None:
        self._started = time.perf_counter()
        if self._known:
            self._own, self._peak = self._sample()
            self._own_last = self._own
            self._busy = _busy_s()

    def look(self) -> None:
        """Take a sample, unless the last one is fresh."""
        if self._known and time.perf_counter() - self._looked >= EVERY_S:
            self._take()

    def stop(self) -> Usage:
        wall_s = max(time.perf_counter() - self._started, 1e-9)
        if not self._known:
            return Usage(wall_s, None, None, None)
        self._take()
        used = max(0.0, self._own_last - self._own)
        others = max(0.0, _busy_s() - self._busy - used)
        return Usage(wall_s, self._peak / _MIB, used / wall_s, others / wall_s)

    def _take(self) -> None:
        self._looked = time.perf_counter()
        used, resident = self._sample()
        # a process that was killed takes its time out of the sum
        self._own_last = max(self._own_last, used)
        self._peak = max(self._peak, resident, *map(_high_water, self._leaders))

    def _sample(self) -> tuple[float, float]:
        """(processor seconds, resident bytes), all processes of the sessions together."""
        ticks, pages = 0, 0
        for fields in _processes():
            if int(fields[_SESSION]) in self._leaders:
                ticks += sum(map(int, fields[_PARENTS_FIELDS]))
                pages += int(fields[_RSS])
        return ticks / os.sysconf("SC_CLK_TCK"), pages * float(os.sysconf("SC_PAGE_SIZE"))


def _processes() -> Iterator[list[str]]:
    """The fields of every process' ``stat``, from its state on."""
    for name in os.listdir(_PROC):
        if name.isdigit():
            try:
                yield (_PROC / name / "stat").read_text("latin-1").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile


def _high_water(pid: int) -> float:
    """The most bytes a process was resident with; 0 when it is gone."""
    try:
        for line in (_PROC / str(pid) / "status").read_text("latin-1").splitlines():
            if line.startswith("VmHWM:"):
                return 1024.0 * float(line.split()[1])
    except OSError:
        pass  # it has ended meanwhile
    return 0.0


def _busy_s() -> float:
    """Processor seconds spent so far on the processors that this process may use."""
    ours = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    ticks = 0
    for line in (_PROC / "stat").read_text("latin-1").splitlines():
        name, *numbers = line.split()
        if name in ours:
            # guest time stands in user time already
            ticks += sum(int(n) for at, n in enumerate(numbers[:8]) if at not in _IDLE)
    return ticks / os.sysconf("SC_CLK_TCK")
