"""Processes that tests interrupt."""

from __future__ import annotations

import signal


def interruptible() -> None:
    """Before exec: a shell's background job ignores SIGINT, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
