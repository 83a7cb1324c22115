"""Run folders: what a run leaves on disk, written so that a kill loses little.

::

    run.json            RunRecord, replaced atomically
    config.yaml         the composed configuration, secrets redacted
    recordings.jsonl    the recordings as the run saw them
    traces.jsonl        one trace a line, appended as recordings finish
    pieces/             speech output, gapless
    scores.json         written by scoring; scores.parquet is the same as columns
    spool/              steps of recordings in flight
    logs/               what systems printed

A trace is written with one ``write`` as soon as its recording is done, so a killed process loses
none that it had finished; ``fsync`` follows within ``FSYNC_EVERY_S`` and at the end, so a power
cut loses at most that much.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from s2st_bench import records, trace
from s2st_bench.errors import InputError, RunError
from s2st_bench.resume import resume_command
from s2st_bench.types import Recording, RunRecord, Trace

FSYNC_EVERY_S = 1.0


class RunFolder:
    """Reads a run folder.  Raises InputError naming the file that is missing or damaged."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not (self.path / "run.json").is_file():
            raise InputError(
                f"{self.path}: not a run folder (it holds no run.json); "
                "give the folder that `s2st-bench run` printed"
            )

    def record(self) -> RunRecord:
        return records.decode_run(self._text("run.json"), str(self.path / "run.json"))

    def recordings(self) -> Iterator[Recording]:
        """The run's recordings, in the corpus' order."""
        path = self.path / "recordings.jsonl"
        try:
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    yield records.decode_recording(line, f"{path}:{number}")
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None

    def traces(self) -> Iterator[Trace]:
        """All traces, in the order they were finished; a line cut by a crash is left out."""
        path = self.path / "traces.jsonl"
        if path.exists():
            yield from trace.read(path, tolerate_cut=True)

    def scores(self) -> dict[str, Any]:
        """``scores.json`` as it stands."""
        path = self.path / "scores.json"
        try:
            scores: dict[str, Any] = json.loads(self._text("scores.json"))
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: not JSON ({error}); score the run again") from None
        if not isinstance(scores, dict):
            raise InputError(f"{path}: not scores; score the run again")
        return scores

    def _text(self, name: str) -> str:
        try:
            return (self.path / name).read_text("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{self.path / name}: not UTF-8 ({error.reason} at byte "
                             f"{error.start}); the file is damaged") from None
        except OSError as error:
            raise InputError(f"{self.path / name}: cannot be read ({error.strerror})") from None


class RunWriter:
    """The one process that may write into a run folder; holds a lock while it does.

    ``resume`` is the command that goes on with the run, for messages.
    """

    def __init__(self, path: Path, resume: str = "") -> None:
        self.path = path
        self._resume = resume or resume_command(path)
        self._lock: IO[bytes] | None = None
        self._traces: IO[bytes] | None = None
        self._synced = 0.0

    def __enter__(self) -> Self:
        try:
            for folder in ("pieces", "spool", "logs"):
                (self.path / folder).mkdir(parents=True, exist_ok=True)
            self._lock = (self.path / ".lock").open("wb")
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(
                    f"{self.path}: another run is writing here; wait for it or give name=…"
                ) from None
            self._cut_torn_line()
            self._traces = (self.path / "traces.jsonl").open("ab", buffering=0)
        except OSError as error:
            raise RunError(f"{self.path}: cannot write here ({error.strerror})") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._traces is not None:
            os.fsync(self._traces.fileno())
            self._traces.close()
        if self._lock is not None:
            self._lock.close()

    def write_recordings(self, recordings: Sequence[Recording]) -> None:
        text = "".join(records.encode_recording(r) + "\n" for r in recordings)
        write_atomically(self.path / "recordings.jsonl", text)

    def write_record(self, record: RunRecord) -> None:
        write_atomically(self.path / "run.json", records.encode_run(record))

    def append_trace(self, line: bytes) -> None:
        """Append one encoded trace, with its newline added here."""
        if self._traces is None:
            raise RuntimeError("append_trace outside the writer's context")
        try:
            rest = memoryview(line + b"\n")
            while rest:  # a disk that fills takes a part without complaint
                rest = rest[self._traces.write(rest) :]
            now = time.monotonic()
            if now - self._synced > FSYNC_EVERY_S:
                os.fsync(self._traces.fileno())
                self._synced = now
        except OSError as error:
            raise RunError(
                f"{self.path / 'traces.jsonl'}: cannot be written ({error.strerror}); free "
                f"space, then go on with: {self._resume}"
            ) from None

    def drop_traces(self, unwanted: Callable[[Trace], bool]) -> None:
        """Leave out traces that are to be made again; the others are kept as they are."""
        path = self.path / "traces.jsonl"
        if self._traces is None:
            raise RuntimeError("drop_traces outside the writer's context")
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with path.open("rb") as lines, beside.open("wb") as kept:
                for line in lines:
                    if not unwanted(trace.decode(line)):
                        kept.write(line)
                kept.flush()
                os.fsync(kept.fileno())
            self._traces.close()
            beside.replace(path)
            self._traces = path.open("ab", buffering=0)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise RunError(f"{path}: cannot be written ({error.strerror})") from None

    def _cut_torn_line(self) -> None:
        """Drop a last line that a kill left without its newline."""
        path = self.path / "traces.jsonl"
        if not path.exists():
            return
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            keep = _last_newline(file, size)
            if keep != size:
                file.truncate(keep)


def _last_newline(file: IO[bytes], size: int) -> int:
    """Bytes up to and with the last newline."""
    block, end = 1 << 16, size
    while end > 0:
        start = max(0, end - block)
        file.seek(start)
        at = file.read(end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def write_atomically(path: Path, text: str) -> None:
    """Write beside, fsync, rename: a reader sees the old file or the new one, never half."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise RunError(f"{path}: cannot be written ({error.strerror})") from None
