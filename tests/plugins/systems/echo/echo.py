"""Writes the number of each chunk as it comes."""

from __future__ import annotations

import time

from s2st_bench.system import Answer, Observation, Session, System
from s2st_bench.types import Task, Write


class EchoSession(Session):
    def __init__(self, compute_s: float) -> None:
        self.compute_s = compute_s
        self.count = 0

    def policy(self, observation: Observation) -> Answer:
        time.sleep(self.compute_s)
        self.count += 1
        yield Write(f"word{self.count} ")


class Echo(System):
    def __init__(self, compute_s: float = 0.0) -> None:
        self.compute_s = compute_s

    def open(self, task: Task) -> Session:
        return EchoSession(self.compute_s)
