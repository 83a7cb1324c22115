"""What comes back, read; what cannot be read, and what the service calls an error, fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from s2st_bench.errors import SystemFailure, SystemRaised
from s2st_bench.types import Task, Write

from .protocol import Protocol
from .rules import Reader
from .secret import Secret
from .transcript import WITHOUT_SPACES
from .wire import Frame, Malformed, decode


@dataclass(frozen=True, slots=True)
class Received:
    """One message and what it says."""

    message: Mapping[str, Any]
    writes: tuple[Write, ...]
    done: bool
    failure: SystemFailure | None = None
    """To be raised once ``writes`` are told."""


class Inbox:
    """Of one session."""

    def __init__(self, protocol: Protocol, task: Task, secret: Secret) -> None:
        spaced = task.target_lang.partition("-")[0] not in WITHOUT_SPACES
        separator = protocol.receive.separator if spaced else ""
        self._reader = Reader(protocol.receive, task.outputs, separator)
        self._protocol = protocol
        self._secret = secret

    def renew(self) -> None:
        """Another connection."""
        self._reader.reconnected()

    def read(self, frame: Frame) -> Received:
        """What a frame says.

        Raises
        ------
        SystemFailure
            It is not what the protocol says.
        """
        try:
            message = decode(frame, self._protocol)
            reading = self._reader.read(message)
        except Malformed as error:
            raise SystemFailure(self._secret.scrub(str(error))) from None
        failure = None
        if reading.error is not None:
            failure = SystemRaised(self._secret.scrub(f"the service says: {reading.error}"))
        return Received(message, reading.writes, reading.done, failure)
