"""What clients may use of a service."""

from __future__ import annotations

import math
from dataclasses import dataclass

from s2st_bench.errors import UsageError

BACKLOG_S = 30.0
"""Audio a session may be ahead of its system; then its client is read no further until it is
worked off."""
QUEUE_BYTES = 64 << 20
"""Answers that may wait for a client that does not read them."""
CONTROL_CHARS = 64 << 10
"""Length of one text message."""
CONTROLS = 1_000
"""Messages in a row without audio."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the command line sets."""

    sessions: int = 4
    """At a time."""
    idle_s: float = 30.0
    """Without a message from a client that is waited for."""
    message_bytes: int = 1 << 20
    session_s: float = 4 * 3600.0
    """Audio of one session."""

    def __post_init__(self) -> None:
        if self.sessions < 1:
            raise UsageError(f"--sessions: must be at least 1, not {self.sessions}")
        if not 0 < self.idle_s < math.inf:
            raise UsageError(f"--idle-timeout: must be above 0, not {self.idle_s:g}")
        if not 0 < self.session_s < math.inf:
            raise UsageError(f"--max-session: must be above 0, not {self.session_s:g}")
        if self.message_bytes < 1024:
            raise UsageError(f"--max-message-bytes: must be at least 1024, not "
                             f"{self.message_bytes}")
