"""Stream systems in the replay: fed in real time, answering when they like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from s2st_bench.errors import ConfigError
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import (
    StreamSession,
    StreamSystem,
)
from s2st_bench.types import (
    AudioChunk,
    Recording,
    Task,
    TextChunk,
    Write,
)


class Echo(StreamSession):
    """A service on loopback that answers each chunk's length in its own time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, chunk: AudioChunk | TextChunk) -> None:
        assert isinstance(chunk, AudioChunk)
        self.writer.write(f"{len(chunk.samples)}\n".encode())
        if chunk.is_last:
            self.writer.write_eof()
        await self.writer.drain()

    async def events(self) -> AsyncIterator[Write]:
        while line := await self.reader.readline():
            yield Write(line.decode().strip() + " ")

    async def close(self) -> None:
        self.writer.close()


class EchoService(StreamSystem):
    def __init__(self, stop_after: int = 1000) -> None:
        self.stop_after = stop_after

    async def connect(self, task: Task) -> StreamSession:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for _ in range(self.stop_after):
                if not (line := await reader.readline()):
                    break
                await asyncio.sleep(0.004)
                writer.write(line)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        return Echo(*await asyncio.open_connection("127.0.0.1", port))


def test_a_stream_is_fed_in_real_time_and_delays_are_what_was_sent(
    recording: Recording, run_folder: Path
):
    options = ReplayOptions(clock="realtime", chunk_s=0.125)
    trace = replay(EchoService(), recording, "de", options, run_folder).whole()
    assert trace.error is None and trace.kind == "stream" and trace.load["disconnects"] == 0
    written = [(s.source_s, w.text, s.jobs[0].start_s + w.at_s)
               for s in trace.steps for w in s.writes]
    given = [0.125, 0.25, 0.375, 0.5, 0.5125]
    assert [text for _, text, _ in written] == ["2000 "] * 4 + ["200 "]
    assert all(sent >= chunk and live >= chunk + 0.004
               for (sent, _, live), chunk in zip(written, given, strict=True))
    assert written == sorted(written, key=lambda w: w[2])


def test_a_stream_that_ends_early_fails_its_recording(recording: Recording, run_folder: Path):
    options = ReplayOptions(clock="realtime", chunk_s=0.125)
    trace = replay(EchoService(stop_after=2), recording, "de", options, run_folder).whole()
    assert trace.error is not None and "before the source did" in trace.error.message


def test_a_stream_needs_the_wall_clock(recording: Recording, run_folder: Path):
    with pytest.raises(ConfigError, match="clock=realtime"):
        replay(EchoService(), recording, "de", ReplayOptions(), run_folder)


def test_a_service_that_refuses_in_its_own_words_costs_its_recording(
    recording: Recording, run_folder: Path
):
    class Refusing(StreamSystem):
        async def connect(self, task: Task) -> StreamSession:
            raise ValueError("HTTP 403")

    options = ReplayOptions(clock="realtime")
    trace = replay(Refusing(), recording, "de", options, run_folder).whole()
    assert trace.error is not None and "HTTP 403" in trace.error.message


def test_time_on_the_way_and_connections_made_anew_are_on_the_trace(
    recording: Recording, run_folder: Path
):
    class Travelled(Echo):
        async def events(self) -> AsyncIterator[Write]:
            async for write in super().events():
                self.network_s, self.disconnects = 0.003, 1
                yield write

    class Far(EchoService):
        async def connect(self, task: Task) -> StreamSession:
            near = await super().connect(task)
            assert isinstance(near, Echo)
            return Travelled(near.reader, near.writer)

    options = ReplayOptions(clock="realtime", chunk_s=0.125)
    trace = replay(Far(), recording, "de", options, run_folder).whole()
    found = [job.network_s for step in trace.steps for job in step.jobs]
    assert len(found) == 5 and all(0.0 < passed <= 0.003 for passed in found)
    assert trace.load["disconnects"] == 1
