"""A run written here and kept there.

What stands at the address is a run folder, but for ``traces.jsonl`` while the run goes on: a store
cannot append, so finished recordings stand in parts, ``traces/<number>.jsonl``, each written whole.
Speech is there before the part that names it, and ``traces.jsonl`` before ``run.json`` says that
the run is finished, so what is read is always a run folder that a resume can go on from.  Parts go
from a thread of their own, at most ``EVERY_S`` after their recording.
"""

from __future__ import annotations

import json
import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from s2st_bench import trace
from s2st_bench.errors import RunError
from s2st_bench.remote.address import HOME, file_system, home_of

EVERY_S = 2.0
_TRIES = 3
_LOCK = ".lock"
_LOCK_EVERY_S = 20.0
_LOCK_STALE_S = 120.0
PARTS = "traces"


class Mirror:
    """Keeps the run folder ``here`` at ``address``; a context, in which it holds the lock there."""

    def __init__(self, address: str, here: Path) -> None:
        self.address = address
        self.here = here
        self._system, self._root = file_system(address)
        self._token = uuid.uuid4().hex
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._thread = threading.Thread(target=self._send_parts, daemon=True)
        self._error: BaseException | None = None
        self._locked_s = 0.0

    def exists(self) -> bool:
        """Whether anything stands at the address."""
        return bool(self._try(partial(self._system.exists, f"{self._root}/run.json")))

    def __enter__(self) -> Self:
        self._claim()
        self.here.mkdir(parents=True, exist_ok=True)
        (self.here / HOME).write_text(self.address + "\n", "utf-8")
        self._part = 1 + max((int(Path(name).stem) for name in self._parts()), default=-1)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._lines.put(None)
        self._thread.join()
        with suppress(Exception):  # a lock that stays is stale soon
            self._system.rm(f"{self._root}/{_LOCK}")
        if kind is None:
            self.check()

    def check(self) -> None:
        """Raises RunError if something could not be written there."""
        if self._error is not None:
            raise RunError(f"{self.address}: cannot be written "
                           f"({' '.join(str(self._error).split())[:300]}); all that is done is "
                           f"kept in {self.here}") from self._error

    def put(self, *names: str) -> None:
        """Write files of the run folder there, each whole."""
        for name in names:
            self._try(partial(self._write, name, (self.here / name).read_bytes()))

    def recording(self, line: bytes) -> None:
        """A recording is done: its trace and its speech are sent soon."""
        self.check()
        self._lines.put(line)

    def finish(self, *names: str) -> None:
        """Wait for the parts, then write the whole of the traces and ``names``."""
        self.flush()
        self.put("traces.jsonl", *names)
        for part in self._parts():
            self._try(partial(self._system.rm, part))

    def flush(self) -> None:
        """Wait until everything that is done stands there."""
        done = threading.Event()
        self._lines.put(_Mark(done))
        while not done.wait(0.05):
            self.check()
        self.check()

    def _send_parts(self) -> None:
        going = True
        while going:
            batch: list[bytes] = []
            marks: list[threading.Event] = []
            until = time.monotonic() + EVERY_S
            while (left := until - time.monotonic()) > 0 and not marks:
                try:
                    item = self._lines.get(timeout=left)
                except queue.Empty:
                    break
                if item is None:
                    going = False
                    break
                if isinstance(item, _Mark):
                    marks.append(item.done)
                else:
                    batch.append(item)
            try:
                if self._error is None:
                    self._send(batch)
                    self._refresh_lock()
            except BaseException as error:
                self._error = error
            for mark in marks:
                mark.set()

    def _send(self, batch: Sequence[bytes]) -> None:
        if not batch:
            return
        pieces = dict.fromkeys(piece.path for line in batch for piece in trace.decode(line).pieces)
        self.put(*pieces)
        content = b"".join(line + b"\n" for line in batch)
        name = f"{PARTS}/{self._part:06d}.jsonl"
        self._try(partial(self._write, name, content))
        self._part += 1

    def _parts(self) -> list[str]:
        return parts(self._system, self._root)

    def _claim(self) -> None:
        """Take the lock, unless another run holds it and is alive."""
        path = f"{self._root}/{_LOCK}"
        held: dict[str, Any] = {}
        with suppress(Exception):  # no lock, or half of one
            held = json.loads(self._system.cat_file(path))
        age_s = time.time() - float(held.get("at", 0.0))
        if held and abs(age_s) < _LOCK_STALE_S:
            raise RunError(f"{self.address}: another run wrote here {max(age_s, 0):.0f} s ago; "
                           f"wait for it (its lock counts for {_LOCK_STALE_S:g} s) or give name=…")
        self._refresh_lock()

    def _refresh_lock(self) -> None:
        if time.monotonic() - self._locked_s > _LOCK_EVERY_S or not self._locked_s:
            held = json.dumps({"token": self._token, "at": time.time()}).encode()
            self._try(partial(self._write, _LOCK, held))
            self._locked_s = time.monotonic()

    def _write(self, name: str, content: bytes) -> None:
        """One object, whole or not at all."""
        path = f"{self._root}/{name}"
        parent = path.rpartition("/")[0]
        self._system.makedirs(parent, exist_ok=True)
        if "file" in _protocols(self._system):
            # a plain file system shows half a file while it is written; a store does not
            beside = f"{parent}/.{name.rpartition('/')[2]}.{self._token}"
            self._system.pipe_file(beside, content)
            self._system.mv(beside, path)
        else:
            self._system.pipe_file(path, content)

    def _try(self, do: Callable[[], Any]) -> Any:
        """With patience: stores fail now and then."""
        for attempt in range(_TRIES):
            try:
                return do()
            except Exception as error:
                if attempt == _TRIES - 1:
                    raise RunError(
                        f"{self.address}: cannot be reached or written ({type(error).__name__}: "
                        f"{' '.join(str(error).split())[:300]})") from error
                time.sleep(0.3 * 4**attempt)
        raise AssertionError


def put_back(run: Path, *names: str) -> None:
    """Write files of a run folder here to the address it is kept at, if it is."""
    if (address := home_of(run)) is not None:
        Mirror(address, run).put(*names)


class _Mark(bytes):
    """Set when all that was queued before it is there."""

    done: threading.Event

    def __new__(cls, done: threading.Event) -> Self:
        made = super().__new__(cls)
        made.done = done
        return made


def parts(system: Any, root: str) -> list[str]:
    """Parts of the traces at an address, in order."""
    try:
        names = system.ls(f"{root}/{PARTS}", detail=False)
    except FileNotFoundError:
        return []
    return sorted(str(name) for name in names if str(name).endswith(".jsonl"))


def _protocols(system: Any) -> tuple[str, ...]:
    named = system.protocol
    return (named,) if isinstance(named, str) else tuple(named)
