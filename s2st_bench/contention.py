"""Whether other work took the processors while something was measured, as Linux accounts for it.

*Waited* is the share of the time that this process' threads wanted a processor in which they had
none (``/proc/self/task/*/schedstat``: time run, time waiting to run).  *Others* is how many
processors the rest of the machine kept busy (``/proc/stat`` less this process' own time).  A
process may keep itself waiting, with more threads than processors; that is how the system is, and
no disturbance.  So a measurement is *disturbed* when it waited and others were at work.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WAITED = 0.1
"""A measurement that waited more than this share of its time is disturbed …"""
OTHERS = 0.25
"""… where others kept more than this many processors busy."""
_LEAST_S = 0.02
"""Less work than this says nothing."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Counters of a moment."""

    at_s: float
    threads: Mapping[str, tuple[float, float]]
    """Thread to seconds run and seconds waiting to run; empty where nobody counts."""
    own_s: float
    """Processor time of this process and of children that have ended."""
    machine_s: float | None
    """Processor time of the whole machine."""


@dataclass(frozen=True, slots=True)
class Contention:
    """What happened between two moments."""

    waited: float
    others: float

    @property
    def disturbed(self) -> bool:
        return self.waited > WAITED and self.others > OTHERS


def usage() -> Usage:
    """The counters now."""
    return Usage(time.perf_counter(), _threads(), sum(os.times()[:4]), _machine_s())


def between(before: Usage, after: Usage) -> Contention | None:
    """What happened; none where this system does not count it, or too little was done."""
    ran = waited = 0.0
    for thread, (run_s, wait_s) in after.threads.items():
        run_before, wait_before = before.threads.get(thread, (0.0, 0.0))
        ran += max(0.0, run_s - run_before)
        waited += max(0.0, wait_s - wait_before)
    wall_s = after.at_s - before.at_s
    if not after.threads or after.machine_s is None or before.machine_s is None or wall_s <= 0:
        return None
    if ran + waited < _LEAST_S:
        return Contention(0.0, 0.0)
    others_s = (after.machine_s - before.machine_s) - (after.own_s - before.own_s)
    return Contention(waited / (ran + waited), max(0.0, others_s) / wall_s)


def _threads() -> dict[str, tuple[float, float]]:
    found = {}
    try:
        for thread in Path("/proc/self/task").iterdir():
            try:
                run_ns, wait_ns, *_ = (thread / "schedstat").read_text().split()
            except (OSError, ValueError):
                continue  # it has ended, or the kernel does not count
            found[thread.name] = (int(run_ns) / 1e9, int(wait_ns) / 1e9)
    except OSError:
        return {}  # not Linux
    return found


def _machine_s() -> float | None:
    try:
        user, nice, system, _idle, _wait, irq, soft = map(
            int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8])
        return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
