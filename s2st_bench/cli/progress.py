"""A line that follows a run: how far it is, how late the system is, how fast it computes; or a
training: its model, step and losses.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TextIO, TypeVar

if TYPE_CHECKING:
    from s2st_bench.runner import Status
    from s2st_bench.trainer import Progress

State = TypeVar("State")

EVERY_S = 0.1
_BAR = 24


class ProgressLine(Generic[State]):
    """Redraws one line on a terminal; silent elsewhere."""

    def __init__(
        self, describe: Callable[[State], str], stream: TextIO | None = None, *,
        quiet: bool = False,
    ) -> None:
        self._describe = describe
        self._stream = stream or sys.stderr
        self._shown = not quiet and self._stream.isatty()
        self._drawn_s = float("-inf")
        self._last: State | None = None

    def __enter__(self) -> Self:
        return self

    def __call__(self, status: State) -> None:
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

    def say(self, line: str) -> None:
        """A line of its own, on a terminal or not."""
        if self._shown:
            self._stream.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
        self._stream.write(line + "\n")
        self._stream.flush()

    def _draw(self, status: State) -> None:
        if self._shown:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r" + self._describe(status)[:width].ljust(width))
            self._stream.flush()


def describe(status: Status) -> str:
    """``[######      ] 12/60, 1 failed, lag 1.24 s, RTF 0.31``"""
    parts = [_bar(status.done, status.total)]
    if status.streams > 1:
        parts.append(f"{status.streams} at once")
    if status.failed:
        parts.append(f"{status.failed} failed")
    if status.load_s is None and not status.done:
        parts.append("loading the system")
    else:
        parts.append(f"lag {status.lag_s:.2f} s")
        if status.rtf is not None:
            parts.append(f"RTF {status.rtf:.2f}")
    return ", ".join(parts)


def describe_training(progress: Progress) -> str:
    """``base [######      ] 12/60``"""
    return f"{progress.model} {_bar(progress.step, progress.steps)}"


def describe_report(progress: Progress) -> str:
    """``base 50/60, rate 0.001, translation 5.38, step_s 0.63``"""
    values = "".join(f", {key} {value:.4g}" for key, value in progress.values.items())
    return f"{progress.model} {progress.step}/{progress.steps}{values}"


def _bar(done: int, total: int) -> str:
    filled = int((done / total if total else 1.0) * _BAR)
    return f"[{'#' * filled}{' ' * (_BAR - filled)}] {done}/{total}"
