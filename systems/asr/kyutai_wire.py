"""One connection to ``moshi-server``: what is sent, and what comes back, kept in order.

Everything that can come over the wire is checked here; what goes wrong is a
:class:`~s2st_bench.errors.SystemFailure` that names the server and never the key.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from s2st_bench.errors import DependencyError, LimitExceeded, SystemFailure, SystemHung
from s2st_bench.types import Samples, Word

SERVER_HZ: Final = 24_000
FRAME: Final = 1_920
"""Samples that the model takes at once."""
FRAME_S: Final = FRAME / SERVER_HZ
_HEADER: Final = "kyutai-api-key"
_BACKOFF_S: Final = 0.5
_CLOSING_S: Final = 0.1
"""How long a server is waited for that does not hang up in turn."""
_LONGEST_TAIL_S: Final = 35.0
"""Silence after which a marker must have returned; what Kyutai's own client sends."""
_MOST_WORDS: Final = 5_000
_MESSAGES_PER_FRAME: Final = 50
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Reach:
    """How to get to a server."""

    url: str
    key: str
    timeout_s: float
    tries: int
    steps: bool = True
    """Whether its model tells of each frame that is worked off."""


class KyutaiWire:
    """A connection.

    Attributes
    ----------
    words
        What was recognised since they were last taken away; times are those of the connection's
        audio.
    sent
        Frames sent so far.
    """

    def __init__(self, reach: Reach) -> None:
        """Connects.

        Raises
        ------
        SystemFailure
            There is no such server, or it refuses.
        """
        self.words: list[Word] = []
        self.sent = 0
        self._reach = reach
        self._steps = 0
        self._messages = 0
        self._marked = self._awaited = 0
        self._open = ExitStack()
        self._socket = self._open.enter_context(_connect(reach))

    @staticmethod
    def check_packages() -> None:
        """
        Raises
        ------
        DependencyError
        """
        try:
            import msgpack  # noqa: F401
            import websockets.sync.client  # noqa: F401
        except ImportError as error:
            raise DependencyError(error.name or "websockets", "recogniser kyutai",
                                  "kyutai") from None

    def audio(self, frame: Samples) -> None:
        """Send ``float32[FRAME]`` at 24 kHz."""
        self._send({"type": "Audio", "pcm": [float(x) for x in frame]})
        self.sent += 1

    def silence(self, seconds: float) -> None:
        """Send at least so much silence."""
        for _ in range(math.ceil(seconds / FRAME_S - 1e-9)):
            self.audio(np.zeros(FRAME, np.float32))

    def mark(self, number: int) -> None:
        """Ask to be told when all that was sent is recognised."""
        self._send({"type": "Marker", "id": number})
        self._awaited = number

    def settle(self) -> None:
        """Wait until all frames sent are worked off; of a model that tells of none, take in what
        has come.
        """
        if not self._reach.steps:
            while self._hear(0.0):
                pass
        while self._reach.steps and self._steps < self.sent:
            self._hear()

    def until_marked(self, more_s: float) -> None:
        """Wait for the marker, sending silence for as long as the model wants some."""
        steps, tail_s = self._reach.steps, 0.0
        longest_s = _LONGEST_TAIL_S if steps else min(_LONGEST_TAIL_S, self._reach.timeout_s)
        while self._marked != self._awaited:
            wants_more = self._steps >= self.sent if steps else not self._hear(more_s)
            if wants_more and tail_s > longest_s:
                self.close()
                raise SystemHung(f"Kyutai server at {self._reach.url}: the marker at the "
                                 f"utterance's end did not return in {tail_s:g} s of silence")
            if wants_more:
                self.silence(more_s)
                tail_s += more_s
            if steps:
                self._hear()
        self.settle()

    def is_alive(self) -> bool:
        """Whether the server still listens."""
        from websockets.protocol import State

        return bool(self._socket.protocol.state is State.OPEN)

    def close(self) -> None:
        self._open.close()

    def _send(self, message: Mapping[str, Any]) -> None:
        import msgpack
        from websockets.exceptions import WebSocketException

        try:
            self._socket.send(msgpack.packb(message, use_single_float=True))
        except (WebSocketException, OSError) as error:
            raise self._broken(error) from None

    def _hear(self, wait_s: float | None = None) -> bool:
        """Take in one message; false if none came in ``wait_s``, where that is given."""
        from websockets.exceptions import WebSocketException

        try:
            data = self._socket.recv(timeout=self._reach.timeout_s if wait_s is None else wait_s)
        except TimeoutError:
            if wait_s is not None:
                return False
            self.close()
            hint = "" if self._steps else " (a model that tells of no frames wants steps=false)"
            raise SystemHung(
                f"Kyutai server at {self._reach.url}: nothing came for {self._reach.timeout_s:g} "
                f"s; it had worked off {self._steps} of {self.sent} frames{hint}") from None
        except (WebSocketException, OSError) as error:
            raise self._broken(error) from None
        self._messages += 1
        if self._messages > _MESSAGES_PER_FRAME * (self.sent + 20):
            self.close()
            raise LimitExceeded(f"Kyutai server at {self._reach.url}: {self._messages} messages "
                                f"for {self.sent} frames of audio")
        try:
            self._take(_unpacked(data))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            self.close()
            reason = " ".join(str(error).split())[:100]
            raise SystemFailure(f"Kyutai server at {self._reach.url}: sent a message that is not "
                                f"of its protocol ({type(error).__name__}: {reason})") from None
        return True

    def _take(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind == "Step":
            self._steps += 1
        elif kind == "Word":
            if len(self.words) >= _MOST_WORDS:
                raise LimitExceeded(f"Kyutai server at {self._reach.url}: more than {_MOST_WORDS} "
                                    "words in one utterance")
            at_s = _seconds(message["start_time"])
            self.words += [Word(text, at_s, at_s) for text in _text(message["text"]).split()]
        elif kind == "EndWord":
            if self.words:
                last = self.words[-1]
                end_s = max(last.start_s, _seconds(message["stop_time"]))
                self.words[-1] = Word(last.text, last.start_s, end_s)
        elif kind == "Marker":
            self._marked = int(message["id"])
        elif kind == "Error":
            self.close()
            raise SystemFailure(f"Kyutai server at {self._reach.url}: said: "
                                f"{_line(_text(message['message']))}")
        elif not isinstance(kind, str):
            raise TypeError("type is no text")

    def _broken(self, error: Exception) -> SystemFailure:
        why = _line(str(error) or type(error).__name__)
        return SystemFailure(f"Kyutai server at {self._reach.url}: the connection broke ({why})")


def _connect(reach: Reach) -> Any:
    from websockets.exceptions import InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    pause_s = _BACKOFF_S
    for left in reversed(range(reach.tries)):
        try:
            return connect(
                reach.url, additional_headers={_HEADER: reach.key}, max_size=_MOST_BYTES,
                open_timeout=reach.timeout_s, close_timeout=_CLOSING_S)
        except (WebSocketException, OSError) as error:
            status = error.response.status_code if isinstance(error, InvalidStatus) else 0
            refused = 400 <= status < 500 and status != 429
            if refused or not left:
                hint = " (its key: credential_env)" if status in (401, 403) else ""
                raise SystemFailure(f"Kyutai server at {reach.url}: "
                                    f"{_line(str(error) or type(error).__name__)}{hint}") from None
        time.sleep(pause_s)
        pause_s *= 2
    raise SystemFailure(f"Kyutai server at {reach.url}: cannot be reached")


def _unpacked(data: object) -> Mapping[str, Any]:
    """One message.

    Raises
    ------
    ValueError, TypeError
        It is no map in MessagePack.
    """
    import msgpack

    if not isinstance(data, bytes):
        raise TypeError("text where MessagePack is wanted")
    try:
        message = msgpack.unpackb(data, raw=False)
    except (msgpack.UnpackException, ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"no MessagePack: {error}") from None
    if not isinstance(message, dict):
        raise TypeError("no map")
    return message


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no time")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text is no text")
    return value


def _line(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:200]
