"""One worker process seen from its supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import IO

from s2st_bench.executor.base import Setup, Work

IN_FLIGHT = 2
"""Works handed to one worker at a time: the next one is there when it finishes."""

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
)
_TAIL_BYTES = 2000


class WorkerProcess:
    """A running worker, its connection and what it was given."""

    def __init__(
        self, setup: Setup, log: Path, log_bytes: int, body: str = "s2st_bench.executor.worker"
    ) -> None:
        here, there = Pipe()
        self.connection: Connection = here
        environment = dict(os.environ)
        for name in _THREAD_VARIABLES:
            environment[name] = str(setup.threads)
        self.process = subprocess.Popen(
            [sys.executable, "-m", body, str(there.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(there.fileno(),),
            env=_importable(environment),
            start_new_session=True,
        )
        there.close()
        self.works: deque[Work] = deque()
        self.started: Work | None = None
        self.loaded = False
        self.heard_s = time.monotonic()
        self.started_s = 0.0
        self._tail = b""
        if self.process.stdout is None:
            raise RuntimeError("no pipe for the worker's output")
        self._drain = threading.Thread(
            target=self._keep_log, args=(self.process.stdout, log, log_bytes), daemon=True
        )
        self._drain.start()
        here.send(setup)

    @property
    def room(self) -> int:
        """Works it can be given now."""
        return IN_FLIGHT - len(self.works)

    def give(self, work: Work) -> None:
        """Hand over one more work."""
        if not self.works:
            self.heard_s = time.monotonic()
        self.works.append(work)
        self.connection.send(work)

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
        self._drain.join(2.0)

    def last_words(self) -> str:
        """How it ended, with the last line it printed."""
        code = self.process.wait()
        self._drain.join(1.0)
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        lines = self._tail.decode("utf-8", "replace").strip().splitlines()
        return f"{how}; it last printed: {lines[-1][:200]}" if lines else how

    @property
    def was_killed(self) -> bool:
        """Whether somebody else ended it (the machine, an operator), not the system itself."""
        return self.process.poll() in (-signal.SIGKILL, -signal.SIGTERM)

    def _keep_log(self, stream: IO[bytes], log: Path, limit: int) -> None:
        """Copy what the worker prints, up to ``limit`` bytes; the rest is read and dropped."""
        kept = 0
        with stream, log.open("ab", buffering=0) as file:
            while block := os.read(stream.fileno(), 1 << 16):
                self._tail = (self._tail + block)[-_TAIL_BYTES:]
                if kept < limit:
                    try:
                        file.write(block[: limit - kept])
                    except OSError:  # a full disk; a pipe that nobody reads would stop the worker
                        limit = 0
                    kept += len(block)


def _importable(environment: dict[str, str]) -> dict[str, str]:
    """The environment with this package importable, also from a checkout not installed."""
    root = str(Path(__file__).resolve().parents[2])
    paths = environment.get("PYTHONPATH", "")
    if root not in sys.path or root in paths.split(os.pathsep):
        return environment
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, (root, paths)))}
