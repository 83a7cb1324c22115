"""Who may work when: sessions of one loaded system share its weights and take turns on them."""

from __future__ import annotations

import threading
from collections import defaultdict


class Turns:
    """One lock a resource.  A stage is a resource, unless it names another.

    A replay has its own; sessions that run at the same time on one system share one, so that no
    system's code must be safe for threads of several sessions.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def on(self, resource: str) -> threading.Lock:
        """The lock to hold while working on ``resource``."""
        with self._guard:
            return self._locks[resource]
