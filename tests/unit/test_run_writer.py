"""The run folder's writer on disks that misbehave."""

from __future__ import annotations

import io
from pathlib import Path

from s2st_bench.store import RunWriter


class Sparing(io.RawIOBase):
    """Takes three bytes at a time, as a disk that fills may."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, data: object) -> int:
        return self._file.write(memoryview(data)[:3])  # type: ignore[call-overload,no-any-return]

    def fileno(self) -> int:
        return self._file.fileno()


def test_a_trace_is_written_whole_however_little_the_disk_takes_at_once(tmp_path: Path):
    with RunWriter(tmp_path) as writer:
        writer._traces = Sparing(tmp_path / "traces.jsonl")  # type: ignore[assignment]
        writer.append_trace(b'{"a": 1}')
        writer.append_trace(b'{"b": 22}')
    assert (tmp_path / "traces.jsonl").read_bytes() == b'{"a": 1}\n{"b": 22}\n'
