"""Writes down one replay as it happens: stored speech, spooled steps.

Steps are kept encoded, not as objects, so a recording of hours stays small; what stands longer
than ``SPOOL_EVERY_S`` is spooled to disk, so that the record of a killed worker can be kept.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from s2st_bench import trace as traces
from s2st_bench.audio import PieceWriter
from s2st_bench.limits import Limits
from s2st_bench.replay.record import Record
from s2st_bench.types import Job, Piece, Samples, Speech, Step, TimedWrite, Write

SPOOL_EVERY_S = 0.5

Beat = Callable[[float, float, float], None]
"""Told now and then: source position (s or tokens), live lag (s), compute so far (s)."""


class Recorder(Record):
    """The record of one recording in the making.

    Parameters
    ----------
    run
        The run folder; pieces' paths are relative to it.
    slot
        File name stem for this recording's pieces and spool.
    """

    def __init__(self, run: Path, slot: str, limits: Limits, beat: Beat | None = None) -> None:
        super().__init__(limits)
        self.steps: list[str] = []
        self.pieces: list[Piece] = []
        self.compute_s = 0.0
        self._run = run
        self._slot = slot
        self._beat = beat
        self._outputs = 0
        self._pieces: PieceWriter | None = None
        self._spool: IO[bytes] | None = None
        self._spooled = 0
        self._spooled_pieces = 0
        self._flushed = time.monotonic()

    def step(
        self, source_s: float, arrived_s: float, jobs: tuple[Job, ...],
        writes: list[tuple[int, float, Write, bool]], live_s: float,
    ) -> None:
        """Record one exchange; ``writes`` are (job, at_s, write, output) in the order they left."""
        if writes:
            timed = tuple(self._timed(*w) for w in writes)
        else:
            timed = ()
        for job in jobs:
            self.compute_s += job.end_s - job.start_s
        self.steps.append(traces.encode_step(Step(source_s, arrived_s, jobs, timed)))
        now = time.monotonic()
        if now - self._flushed > SPOOL_EVERY_S:
            self._flushed = now
            self._flush()
            if self._beat is not None:
                self._beat(source_s, live_s - arrived_s, self.compute_s)

    def close(self) -> None:
        """Finish the pieces and drop the spool: the trace holds it all now."""
        if self._pieces is not None:
            self._pieces.close()
        if self._spool is not None:
            self._spool.close()
            Path(self._spool.name).unlink(missing_ok=True)

    def _timed(self, job: int, at_s: float, write: Write, output: bool) -> TimedWrite:
        speech_s = 0.0
        if write.audio is not None:
            speech_s = write.audio.duration_s
            if output and len(write.audio.samples):
                self._store(write.audio)
        self._outputs += output
        return TimedWrite(
            job, at_s, write.text, write.retract_chars, write.cancel_audio, speech_s,
            write.words, write.is_final, output,
        )

    def _store(self, speech: Speech) -> None:
        if self._pieces is None:
            self._pieces = PieceWriter(self._run / "pieces" / self._slot)
        samples: Samples = np.asarray(speech.samples, dtype=np.float32)
        stored = self._pieces.append(samples, speech.sample_rate_hz)
        path = stored.path.relative_to(self._run).as_posix()
        self.pieces.append(
            Piece(path, stored.offset, stored.length, speech.sample_rate_hz, self._outputs)
        )

    def _flush(self) -> None:
        if self._spool is None:
            self._spool = (self._run / "spool" / f"{self._slot}.jsonl").open("wb")
        lines = self.steps[self._spooled :]
        self._spooled = len(self.steps)
        lines += [
            json.dumps([p.path, p.offset, p.length, p.sample_rate_hz, p.write])
            for p in self.pieces[self._spooled_pieces :]
        ]
        self._spooled_pieces = len(self.pieces)
        self._spool.write("".join(line + "\n" for line in lines).encode())
        self._spool.flush()


def read_spool(path: Path) -> tuple[list[str], list[Piece]]:
    """Encoded steps and pieces that a lost worker had spooled; a torn last line is left out."""
    steps: list[str] = []
    pieces: list[Piece] = []
    if path.exists():
        for line in path.read_bytes().split(b"\n")[:-1]:
            if line.startswith(b"["):
                pieces.append(Piece(*json.loads(line)))
            else:
                steps.append(line.decode())
    return steps, pieces

