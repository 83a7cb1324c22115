"""A ``moshi-server`` on loopback that recognises what it is told.

Messages as in https://github.com/kyutai-labs/moshi, ``rust/moshi-server/src/{asr,batched_asr}.rs``
(``InMsg``, ``OutMsg``, ``handle_socket``) and ``rust/moshi-core/src/asr.rs``: ``Ready`` at first,
for each frame of 1,920 samples a ``Step``, then ``Word`` and ``EndWord`` as they are recognised, a
``Marker`` back once the model's delay has passed in audio after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

FRAME_S = 0.08
DELAY = 7
"""Frames: stt-1b-en_fr's 0.5 s."""


@dataclass
class Kyutai:
    """What the server does, and what it saw."""

    words: Sequence[tuple[str, int]] = ()
    """Words of each connection, and the frame that they begin with."""
    fault: Callable[[Any, int], None] | None = None
    """Called with the connection and the number of frames after each; may do what it likes."""
    sends_steps: bool = True
    """As a model with heads for the end of speech does."""
    returns_markers: bool = True
    url: str = ""
    keys: list[str] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    """Frames of each connection."""
    loud: int = 0
    """Frames that were no silence."""

    def serve(self, connection: Any) -> None:
        import msgpack

        def say(**message: object) -> None:
            connection.send(msgpack.packb(message, use_single_float=True))

        self.keys.append(connection.request.headers.get("kyutai-api-key", ""))
        self.frames.append(0)
        at = len(self.frames) - 1
        words, markers, spoken = list(self.words), [], False
        say(type="Ready")
        for data in connection:
            message = msgpack.unpackb(data)
            if message["type"] == "Marker":
                markers.append((self.frames[at] + DELAY, message["id"]))
                continue
            assert message["type"] == "Audio" and len(message["pcm"]) == 1_920
            self.loud += any(message["pcm"])
            self.frames[at] += 1
            heard = self.frames[at]
            if self.sends_steps:
                say(type="Step", step_idx=heard, prs=[0.1, 0.2], buffered_pcm=0)
            while words and words[0][1] + DELAY <= heard:
                text, frame = words.pop(0)
                if spoken:
                    say(type="EndWord", stop_time=frame * FRAME_S)
                say(type="Word", text=text, start_time=frame * FRAME_S)
                spoken = True
            if self.returns_markers and markers and markers[0][0] <= heard:
                say(type="Marker", id=markers.pop(0)[1])
            if self.fault is not None:
                self.fault(connection, heard)


@contextmanager
def kyutai_server(model: Kyutai, **options: Any) -> Iterator[Kyutai]:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.server import serve

    def handler(connection: Any) -> None:
        try:
            model.serve(connection)
        except ConnectionClosed:
            pass  # the client has hung up, or the fault did

    with serve(handler, "127.0.0.1", 0, max_queue=None, **options) as server:
        model.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield model
