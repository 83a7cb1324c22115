"""One worker process seen from its supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from s2st_bench.executor.base import Setup, Work
from s2st_bench.executor.log import KeptLog
from s2st_bench.executor.threads import worker_environment

IN_FLIGHT = 2
"""Batches handed to one worker at a time: the next one is there when it finishes."""


class WorkerProcess:
    """A running worker, its connection and what it was given."""

    def __init__(
        self, setup: Setup, log: Path, log_bytes: int, body: str = "s2st_bench.executor.worker"
    ) -> None:
        here, there = Pipe()
        self.connection: Connection = here
        self.process = subprocess.Popen(
            [sys.executable, "-m", body, str(there.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(there.fileno(),),
            env=worker_environment(setup.threads),
            start_new_session=True,
        )
        there.close()
        self.works: deque[Work] = deque()
        self._batch_of: dict[int, int] = {}
        self._batches = 0
        self.started: Work | None = None
        self.loaded = False
        self.heard_s = time.monotonic()
        self.started_s = 0.0
        if self.process.stdout is None:
            raise RuntimeError("no pipe for the worker's output")
        with self.process.stdout as printed:
            self._log = KeptLog(printed.fileno(), log, log_bytes)
        here.send(setup)

    @property
    def room(self) -> int:
        """Batches it can be given now."""
        return IN_FLIGHT - len({self._batch_of[work.index] for work in self.works})

    @property
    def batch(self) -> list[Work]:
        """What it is doing: the works that are replayed together."""
        return [work for work in self.works
                if self._batch_of[work.index] == self._batch_of[self.works[0].index]]

    def give(self, works: Sequence[Work]) -> None:
        """Hand over one more batch."""
        if not self.works:
            self.heard_s = time.monotonic()
        self._batches += 1
        self._batch_of.update(dict.fromkeys((work.index for work in works), self._batches))
        self.works.extend(works)
        self.connection.send(list(works))

    def kill(self) -> None:
        """End it now, with all it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            self.process.wait()

    def close(self) -> None:
        """Let it go: it ends when its connection closes."""
        self.connection.close()
        try:
            self.process.wait(2.0)
        except subprocess.TimeoutExpired:
            self.kill()
        self._log.join(2.0)

    def last_words(self) -> str:
        """How it ended, with the last line it printed."""
        code = self.process.wait()
        self._log.join(1.0)
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        line = self._log.last_line()
        return f"{how}; it last printed: {line}" if line else how

    @property
    def was_killed(self) -> bool:
        """Whether somebody else ended it (the machine, an operator), not the system itself."""
        return self.process.poll() in (-signal.SIGKILL, -signal.SIGTERM)
