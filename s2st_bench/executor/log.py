"""What a worker prints, kept up to a limit."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

_TAIL_BYTES = 2000


class KeptLog:
    """Copies what comes through a pipe into a file, from a thread of its own.

    Beyond ``limit`` bytes, or on a full disk, the rest is read and dropped: a pipe that nobody
    reads would stop the worker.  The descriptor is closed at its end.
    """

    def __init__(self, descriptor: int, path: Path, limit: int) -> None:
        self._descriptor = os.dup(descriptor)
        self._path = path
        self._limit = limit
        self._tail = b""
        self._thread = threading.Thread(target=self._copy, daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of what was printed."""
        self._thread.join(timeout_s)

    def last_line(self) -> str:
        """The last line printed, cut to 200 characters; empty if there is none."""
        lines = self._tail.decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else ""

    def _copy(self) -> None:
        kept = 0
        with os.fdopen(self._descriptor, "rb", buffering=0) as printed, ExitStack() as closing:
            file: IO[bytes] | None = None
            with suppress(OSError):
                file = closing.enter_context(self._path.open("ab", buffering=0))
            while block := printed.read(1 << 16):
                self._tail = (self._tail + block)[-_TAIL_BYTES:]
                if file is not None and kept < self._limit:
                    try:
                        file.write(block[: self._limit - kept])
                    except OSError:
                        file = None
                    kept += len(block)
