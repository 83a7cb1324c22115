"""The process in which a system lives: loads it once, replays what it is sent.

Started by :mod:`s2st_bench.executor.local` as ``python -m s2st_bench.executor.worker FD``; speaks
pickled messages over that file descriptor.  Standard output and error belong to the system.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from s2st_bench.build import build_system
from s2st_bench.contention import Contention, between, usage
from s2st_bench.errors import BenchError, RunError
from s2st_bench.executor.base import Broken, Finished, Loaded, Progress, Setup, Started, Work
from s2st_bench.registry import Registry
from s2st_bench.replay import Replayed, ReplayOptions, replay
from s2st_bench.replay.together import Together
from s2st_bench.resume import resume_command
from s2st_bench.system import StreamSystem, System
from s2st_bench.types import AudioSource, Recording

_LOG = logging.getLogger(__name__)
_BEAT_EVERY_S = 0.2
_NOTHING: Mapping[str, object] = MappingProxyType({})
_PR_SET_PDEATHSIG = 1
_MOUNT = "the disk must be mounted and writable"
_FILES = "raise the limit of open files (ulimit -n) or use fewer workers"
_HOST: Mapping[int, str] = MappingProxyType({
    errno.ENOSPC: "free space", errno.EDQUOT: "free space", errno.EROFS: _MOUNT, errno.EIO: _MOUNT,
    errno.ESTALE: _MOUNT, errno.ENOTCONN: _MOUNT, errno.EMFILE: _FILES, errno.ENFILE: _FILES,
})
"""What is the machine's fault, not the system's, and the way out."""


class Ear(Protocol):
    """Who hears what a worker says between recordings' ends."""

    def send(self, message: Any, /) -> None: ...


class Worker:
    """One process' system and connection."""

    def __init__(self, connection: Ear, setup: Setup) -> None:
        self.connection = connection
        self.setup = setup
        self.system: System | None = None
        self._warm = False
        self._index = -1
        self._beaten = 0.0
        self._last = (0.0, 0.0, 0.0)
        self._sending = threading.Lock()
        """A pipeline's stages beat from threads of their own."""

    def load(self) -> float:
        """Build and load the system; returns the seconds it took."""
        started = time.perf_counter()
        self.system = build_system(self.setup.system, Registry(self.setup.plugin_dirs))
        try:
            self.system.load(self.setup.device)
            self.system.synchronize()
        except BenchError:
            raise
        except (Exception, SystemExit) as error:
            raise RunError(
                f"system {self.setup.system.name}: cannot be loaded "
                f"({type(error).__name__}: {' '.join(str(error).split())}); "
                f"see {self.setup.run / 'logs'}"
            ) from error
        gc.collect()
        gc.freeze()
        return time.perf_counter() - started

    def replay(self, work: Work) -> Finished:
        """Replay one recording."""
        if not self._warm:
            self.warm_up(work)
        return finished(work, self.played(work))

    def replay_together(self, works: Sequence[Work]) -> list[Finished]:
        """Replay several recordings, their sessions asked together; one by one where a question
        to all of them raised.
        """
        if self.system is None:
            raise RuntimeError("replay before load")
        together = Together(self.system, len(works))
        found = together.run([partial(self.played, work) for work in works])
        if together.failed:
            _LOG.warning("a batch of %d failed: its recordings are replayed one by one", len(works))
            return [self.replay(work) for work in works]
        return [finished(work, _kept(one)) for work, one in zip(works, found, strict=True)]

    def played(
        self, work: Work, system: System | None = None, load: Mapping[str, object] = _NOTHING
    ) -> Replayed:
        """Replay one recording (to ``system``, where it is not the worker's own); ``load`` is
        noted in its trace.
        """
        system = system or self.system
        if system is None:
            raise RuntimeError("replay before load")
        options = self.setup.options
        self._index = work.index
        before = usage()
        done = replay(
            system, work.recording, work.target_lang, options, self.setup.run,
            slot=work.slot, repeat=work.repeat, attempt=work.attempt, beat=self._beat,
            alive=self._alive,
        )
        if options.clock != "ideal":
            done = replace(done, trace=replace(done.trace, load={
                **done.trace.load, **_load(options, between(before, usage())), **load}))
        return done

    def beside(self) -> Worker:
        """Another one of the same system, for another thread of this process."""
        other = Worker(self.connection, self.setup)
        other.system = self.system
        return other

    def warm_up(self, work: Work) -> None:
        """Run the start of a recording and forget it, where time will be measured."""
        if self.system is None:
            raise RuntimeError("warm-up before load")
        self._warm = True
        self._index = work.index
        self._warm_up(self.system, work.recording, work.target_lang, self.setup.options)

    def _warm_up(
        self, system: System, recording: Recording, target_lang: str, options: ReplayOptions
    ) -> None:
        source = recording.source
        if (
            options.warmup_s <= 0 or options.clock == "ideal"
            or isinstance(system, StreamSystem) or not isinstance(source, AudioSource)
        ):
            return
        length_s = min(options.warmup_s, source.duration_s or options.warmup_s)
        part = replace(recording, source=replace(source, duration_s=length_s))
        done = replay(
            system, part, target_lang, replace(options, clock="ideal"), self.setup.run,
            slot=f"warm-up-{os.getpid()}", alive=self._alive, beat=self._beat,
        )
        for piece in done.trace.pieces:
            (self.setup.run / piece.path).unlink(missing_ok=True)
        if done.trace.error is not None:
            _LOG.warning("warm-up: %s", done.trace.error.message)

    def _beat(self, source_s: float, lag_s: float, compute_s: float) -> None:
        self._last = (source_s, lag_s, compute_s)
        self._alive()

    def _alive(self) -> None:
        with self._sending:
            now = time.monotonic()
            if now - self._beaten > _BEAT_EVERY_S:
                self._beaten = now
                self.connection.send(Progress(self._index, *self._last))


def finished(work: Work, done: Replayed) -> Finished:
    """What the supervisor is told of a replay."""
    error = done.trace.error
    return Finished(
        work.index, done.line(), error.message if error else "",
        done.trace.source_length if done.trace.source_unit == "s" else 0.0, done.compute_s,
    )


def serve(connection: Connection) -> None:
    """Work until the connection closes."""
    setup: Setup = connection.recv()
    worker = Worker(connection, setup)
    try:
        connection.send(Loaded(worker.load()))
        while True:
            works: list[Work] = connection.recv()
            connection.send(Started(works[0].index))
            done = worker.replay_together(works) if len(works) > 1 else [worker.replay(works[0])]
            for place, one in enumerate(done):
                if place:
                    connection.send(Started(one.index))
                connection.send(one)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except BaseException as error:
        _LOG.exception("worker cannot go on")
        connection.send(Broken(portable(error, setup)))


def _kept(result: object) -> Replayed:
    """What a replay in a thread of its own returned; what it raised is raised here."""
    if isinstance(result, Replayed):
        return result
    raise result if isinstance(result, BaseException) else RuntimeError(repr(result))


def portable(error: BaseException, setup: Setup) -> BaseException:
    """The error as something that can be sent; foreign ones by name and message."""
    if isinstance(error, BenchError):
        return error
    if isinstance(error, OSError) and (error.errno in _HOST or _within(setup, error)):
        what = _HOST.get(error.errno or 0, "it must be there and writable")
        return RunError(
            f"{setup.run}: cannot be written ({error.strerror}); {what}, then go on with: "
            f"{resume_command(setup.run, setup.plugin_dirs)}"
        )
    return BenchError(f"{type(error).__name__}: {error}")


def _within(setup: Setup, error: OSError) -> bool:
    """Whether it is a file of the run folder that failed."""
    named = error.filename
    return isinstance(named, str) and Path(named).is_relative_to(setup.run)


def _load(options: ReplayOptions, found: Contention | None) -> dict[str, Any]:
    """What a trace says of the host while it was measured."""
    if found is None:
        return {"loadavg": _loadavg()}
    return {"loadavg": _loadavg(), "waited": round(found.waited, 3),
            "others": round(found.others, 2),
            "shared": options.load["workers"] > options.load["cores"] or found.disturbed}


def _loadavg() -> float:
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(body: Callable[[Connection], None] = serve) -> None:
    """Entry point of the worker process."""
    _die_with_parent()
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    body(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
