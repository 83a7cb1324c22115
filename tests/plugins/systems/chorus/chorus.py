"""Says the length of what it heard, chunk by chunk; asked together it prints of how many.

``fails=raise``: in a question to several.  ``dies_of``: ends its process in the recording whose
first chunk it printed by that name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Literal

from s2st_bench.system import Answer, Observation, Session, System
from s2st_bench.types import Task, Write


class ChorusSession(Session):
    def __init__(self, dies_of: str) -> None:
        self.heard = 0
        self.dies_of = dies_of

    def policy(self, observation: Observation) -> Answer:
        if observation.samples is not None:
            if not self.heard:
                name = hashlib.sha256(observation.samples.tobytes()).hexdigest()[:8]
                print("heard", name, flush=True)
                if name == self.dies_of:
                    os._exit(3)
            self.heard += len(observation.samples)
        return [Write(f"{self.heard} ")]


class Chorus(System):
    def __init__(self, fails: Literal["none", "raise"] = "none", dies_of: str = "") -> None:
        self.fails = fails
        self.dies_of = dies_of

    def open(self, task: Task) -> Session:
        return ChorusSession(self.dies_of)

    def policy_batch(
        self, sessions: Sequence[Session], observations: Sequence[Observation]
    ) -> Sequence[Answer]:
        print("asked", len(sessions), flush=True)
        if self.fails == "raise" and len(sessions) > 1:
            raise RuntimeError("too many voices")
        return [s.policy(o) for s, o in zip(sessions, observations, strict=True)]
