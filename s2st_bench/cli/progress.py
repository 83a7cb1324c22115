"""A line that follows a run: how far it is, how late the system is, how fast it computes."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from s2st_bench.runner import Status

EVERY_S = 0.1
_BAR = 24


class ProgressLine:
    """Redraws one line on a terminal; silent elsewhere."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._shown = not quiet and self._stream.isatty()
        self._drawn_s = float("-inf")
        self._last: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, status: Status) -> None:
        self._last = status
        now = time.monotonic()
        if now - self._drawn_s >= EVERY_S:
            self._drawn_s = now
            self._draw(status)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._shown and self._last is not None:
            self._draw(self._last)
            self._stream.write("\n")
            self._stream.flush()

    def _draw(self, status: Status) -> None:
        if self._shown:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r" + describe(status)[:width].ljust(width))
            self._stream.flush()


def describe(status: Status) -> str:
    """``[######      ] 12/60, 1 failed, lag 1.24 s, RTF 0.31``"""
    share = status.done / status.total if status.total else 1.0
    filled = int(share * _BAR)
    parts = [f"[{'#' * filled}{' ' * (_BAR - filled)}] {status.done}/{status.total}"]
    if status.failed:
        parts.append(f"{status.failed} failed")
    if status.load_s is None and not status.done:
        parts.append("loading the system")
    else:
        parts.append(f"lag {status.lag_s:.2f} s")
        if status.rtf is not None:
            parts.append(f"RTF {status.rtf:.2f}")
    return ", ".join(parts)
