"""A system whose weights are not there."""

from __future__ import annotations

from s2st_bench.errors import InputError
from s2st_bench.system import Session, System
from s2st_bench.types import Task


class Unloadable(System):
    """Fails to load, always."""

    def load(self, device: str = "cpu") -> None:
        raise InputError("weights.pt: does not load")

    def open(self, task: Task) -> Session:
        raise NotImplementedError
