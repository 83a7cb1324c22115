"""A fixed amount of computation at every chunk, on one thread, or a wait; then a word."""

from __future__ import annotations

import hashlib
import time

from s2st_bench.system import Answer, Observation, Session, System
from s2st_bench.types import Task, Write

_BLOCK = bytes(1 << 20)


class Busy(System):
    """Hashes ``megabytes`` at every chunk (about 0.5 to 2.5 ms each, by processor), and waits."""

    def __init__(self, megabytes: int = 0, wait_s: float = 0.0) -> None:
        self.megabytes = megabytes
        self.wait_s = wait_s

    def open(self, task: Task) -> Session:
        return BusySession(self.megabytes, self.wait_s)


class BusySession(Session):
    """One listener; the words do not depend on how long anything took."""

    def __init__(self, megabytes: int, wait_s: float) -> None:
        self.megabytes = megabytes
        self.wait_s = wait_s
        self.count = 0

    def policy(self, observation: Observation) -> Answer:
        digest = hashlib.sha256()
        for _ in range(self.megabytes):
            digest.update(_BLOCK)
        time.sleep(self.wait_s)
        self.count += 1
        yield Write(f"w{self.count} ")
