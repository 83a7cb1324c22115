"""What lives in a Ray actor: one loaded system, one recording at a time.

It says what a worker process says (:mod:`s2st_bench.executor.worker`), but is asked for it.  An
actor that does not see the run folder (another node without a shared file system) writes into a
folder of its own, and the speech of each recording travels with its trace.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from s2st_bench import host as hosts
from s2st_bench import trace as traces
from s2st_bench.executor.base import Broken, Finished, Loaded, Progress, Setup, Work
from s2st_bench.executor.log import KeptLog
from s2st_bench.executor.worker import Worker, portable


@dataclass(frozen=True, slots=True)
class Place:
    """Where an actor is."""

    node: str
    host: str
    """The kind of machine, as traces name it."""
    sees_run: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """A recording that is done, with the speech that is not in the run folder yet."""

    finished: Finished
    files: tuple[tuple[str, bytes], ...] = ()
    """Paths relative to the run folder."""


class _Ear:
    """Stands where a worker process has its connection; holds what was said last."""

    def __init__(self) -> None:
        self.progress: Progress | None = None
        self.heard_s = time.monotonic()

    def send(self, message: object) -> None:
        self.heard_s = time.monotonic()
        if isinstance(message, Progress):
            self.progress = message


class RayWorker:
    """The actor.  Its methods give errors back as :class:`Broken` instead of raising them."""

    def __init__(self, setup: Setup, number: int, marker: str) -> None:
        """``marker`` is a file of the run folder: who finds it shares the folder."""
        self._sees_run = (setup.run / marker).is_file()
        self._scratch = None if self._sees_run else Path(tempfile.mkdtemp(prefix="s2st-bench-"))
        if self._scratch is not None:
            setup = replace(setup, run=self._scratch)
            for name in ("pieces", "spool", "logs"):
                (self._scratch / name).mkdir()
        self._log = setup.run / "logs" / f"ray-{number}.log"
        self._ear = _Ear()
        self._worker = Worker(self._ear, setup)

    def place(self) -> Place:
        """Where it is; from now on, what its process prints goes into the run's logs."""
        import ray

        _keep_output(self._log, self._worker.setup.options.limits.log_bytes)
        node = ray.get_runtime_context().get_node_id()
        return Place(node, hosts.label(hosts.describe()), self._sees_run)

    def load(self) -> Loaded | Broken:
        """Load the system."""
        setup = self._worker.setup
        options = replace(setup.options, host=hosts.label(hosts.describe()))
        self._worker.setup = replace(setup, options=options)
        try:
            return Loaded(self._worker.load())
        except BaseException as error:
            return Broken(portable(error, setup))

    def replay(self, work: Work, neighbours: int) -> Sent | Broken:
        """Replay one recording; ``neighbours`` actors of this run, itself included, share its
        node.
        """
        self._ear.progress, self._ear.heard_s = None, time.monotonic()
        setup = self._worker.setup
        if setup.options.clock != "ideal":
            load = {"workers": neighbours, "cores": hosts.cores(),
                    "shared": hosts.busy(neighbours)}
            self._worker.setup = replace(setup, options=replace(setup.options, load=load))
        try:
            finished = self._worker.replay(work)
            return Sent(finished, self._files(finished))
        except BaseException as error:
            return Broken(portable(error, setup))

    def progress(self) -> tuple[Progress | None, float]:
        """What it last said of its recording, and the seconds since."""
        return self._ear.progress, time.monotonic() - self._ear.heard_s

    def _files(self, finished: Finished) -> tuple[tuple[str, bytes], ...]:
        if self._scratch is None:
            return ()
        paths = dict.fromkeys(piece.path for piece in traces.decode(finished.line).pieces)
        files = tuple((path, (self._scratch / path).read_bytes()) for path in paths)
        shutil.rmtree(self._scratch / "pieces", ignore_errors=True)
        (self._scratch / "pieces").mkdir()
        return files


def _keep_output(path: Path, limit: int) -> None:
    """Send what this process prints into the run's logs, up to a limit."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(writing)
    KeptLog(reading, path, limit)
    os.close(reading)


