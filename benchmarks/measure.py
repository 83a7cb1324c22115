"""Runs a command and measures it from outside: wall time, processor time, and memory of its whole
process tree.

Memory is read from ``/proc`` (Linux): the sum over all processes of the tree of each one's highest
resident size so far.  Pages that processes share count once for each, so this is an upper bound.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Measured:
    """One command's cost and what it printed."""

    wall_s: float
    peak_mb: float
    stdout: str
    cpu_s: float = 0.0
    """User and system time of all its processes: what a busy machine does not change much."""


def measure(arguments: Sequence[str], cwd: Path | None = None) -> Measured:
    """Run ``python ARGUMENTS`` and measure it.

    Raises
    ------
    RuntimeError
        The command failed; the message holds the end of what it printed.
    """
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(ROOT), environment.get("PYTHONPATH", "")))
    )
    before_s = _children_s()
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=cwd, env=environment,
    )
    memory = _Memory(process.pid)
    memory.start()
    stdout, stderr = process.communicate()
    wall_s = time.perf_counter() - started
    memory.stop()
    if process.returncode != 0:
        raise RuntimeError(f"python {' '.join(arguments)} failed:\n{(stdout + stderr)[-3000:]}")
    return Measured(wall_s, memory.peak_kb / 1024, stdout, _children_s() - before_s)


def _children_s() -> float:
    """Processor time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Memory(threading.Thread):
    """Watches the memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_kb = 0
        self._pid = pid
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(_POLL_S):
            self.peak_kb = max(self.peak_kb, sum(map(_high_water_kb, _tree(self._pid))))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    found, waiting = [], [pid]
    while waiting:
        found.append(one := waiting.pop())
        for listed in Path(f"/proc/{one}/task").glob("*/children"):
            waiting += map(int, _read(listed).split())
    return found


def _high_water_kb(pid: int) -> int:
    for line in _read(Path(f"/proc/{pid}/status")).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def _read(path: Path) -> str:
    """Empty when the process has ended in between."""
    try:
        return path.read_text()
    except OSError:
        return ""
