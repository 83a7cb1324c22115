"""Asking a server over HTTP, its answer read as it comes; of the standard library alone.

A request is tried again, each time after twice the wait before, where the server is not there yet,
hangs up before it answers, or answers 429, 500, 502, 503 or 504 (``Retry-After`` is heeded).  Once
an answer has begun nothing is tried again.  Connections are kept, one a thread.

What goes wrong is a :class:`~s2st_bench.errors.SystemFailure` that names the server, never the key.
"""

from __future__ import annotations

import http.client
import os
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from s2st_bench.errors import ConfigError, LimitExceeded, SystemFailure, SystemHung
from s2st_bench.waiting import Waiting

_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_LONGEST_PAUSE_S: Final = 30.0
_MOST_BYTES: Final = 64 << 20
_PIECE: Final = 1 << 16
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, and how often to try.

    ``answer_s`` is the longest silence before and within an answer, ``whole_s`` the longest answer.
    """

    answer_s: float = 30.0
    connect_s: float = 10.0
    whole_s: float = 120.0
    tries: int = 4
    backoff_s: float = 0.5

    def __post_init__(self) -> None:
        if not (self.answer_s > 0 and self.connect_s > 0 and self.whole_s > 0):
            raise ValueError("timeout_s: above 0 s is wanted")
        if not 0 <= self.backoff_s <= _LONGEST_PAUSE_S:
            raise ValueError(f"backoff_s={self.backoff_s}: 0 to {_LONGEST_PAUSE_S:g} s is wanted")
        if self.tries < 1:
            raise ValueError(f"tries={self.tries}: at least 1 is wanted")


@dataclass(frozen=True, slots=True)
class SplitUrl:
    """An address, checked."""

    scheme: str
    hostname: str
    port: int | None
    path: str


class HttpClient:
    """Requests to one server."""

    def __init__(
        self, base_url: str, what: str, patience: Patience,
        headers: Mapping[str, str] | None = None, secret: str = "",
    ) -> None:
        """``what`` it is, for messages; ``secret`` is kept out of them.

        Raises
        ------
        ConfigError
            ``base_url`` is no address of a web server.
        """
        parts = check_url(base_url, ("http", "https"))
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._path = parts.path.rstrip("/")
        self._name = f"{what} at {base_url}"
        self._patience = patience
        self._headers = dict(headers or {})
        self._secret = secret
        self._mine = threading.local()
        self._waiting = Waiting()

    @property
    def waited_s(self) -> float:
        """Seconds this thread has waited for the server."""
        return self._waiting.seconds

    def stream(
        self, path: str, body: bytes, content_type: str, method: str = "POST"
    ) -> Iterator[bytes]:
        """The body of the answer, in pieces as they come.

        Raises
        ------
        SystemHung
            Nothing came for too long.
        LimitExceeded
            More came than any sensible answer holds.
        SystemFailure
            The server cannot be reached, refuses, or hangs up before its answer is whole.
        """
        headers = {**self._headers, "Content-Type": content_type,
                   "Content-Length": str(len(body)), "User-Agent": "s2st-bench"}
        until = time.monotonic() + self._patience.whole_s
        response = self._answered(method, self._path + path, body, headers)
        got = 0
        try:
            while piece := self._read(response):
                got += len(piece)
                if got > _MOST_BYTES:
                    raise LimitExceeded(f"{self._name}: more than {_MOST_BYTES >> 20} MiB in one "
                                        "answer")
                if time.monotonic() > until:
                    raise SystemHung(f"{self._name}: its answer was not over after "
                                     f"{self._patience.whole_s:g} s")
                yield piece
        finally:
            if not response.isclosed():  # what is left of it would be taken for the next answer
                self.close()

    def close(self) -> None:
        """Hang up (this thread's connection)."""
        connection = getattr(self._mine, "connection", None)
        if connection is not None:
            connection.close()
            self._mine.connection = None

    def _answered(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """The answer's beginning, tried again where that can help."""
        pause_s = self._patience.backoff_s
        for left in reversed(range(self._patience.tries)):
            wait_s = pause_s
            try:
                response = self._ask(method, path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if isinstance(error, TimeoutError):
                    raise SystemHung(
                        f"{self._name}: no answer in {self._patience.answer_s:g} s") from None
                if not left or isinstance(error, ssl.SSLCertVerificationError):
                    raise SystemFailure(f"{self._name}: {self._why(error)}") from None
            else:
                if 200 <= response.status < 300:
                    return response
                reason = self._refusal(response)
                if response.status not in _AGAIN or not left:
                    tries = self._patience.tries
                    often = f" ({tries} times)" if tries > 1 and response.status in _AGAIN else ""
                    raise SystemFailure(f"{self._name}: {reason}{often}")
                wait_s = _retry_after(response) or pause_s
            with self._waiting.counted():
                time.sleep(min(wait_s, _LONGEST_PAUSE_S))
            pause_s *= 2
        raise SystemFailure(f"{self._name}: no answer")

    def _ask(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        with self._waiting.counted():
            connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
            if connection is not None:
                try:
                    connection.request(method, path, body, dict(headers))
                    return connection.getresponse()
                except (ConnectionError, http.client.HTTPException):
                    connection.close()  # it had been closed while it was not used
            connection = self._connected()
            connection.request(method, path, body, dict(headers))
            return connection.getresponse()

    def _connected(self) -> http.client.HTTPConnection:
        made = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = made(self._host, self._port, timeout=self._patience.connect_s)
        self._mine.connection = connection
        connection.connect()
        connection.sock.settimeout(self._patience.answer_s)
        return connection

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            with self._waiting.counted():
                piece = response.read1(_PIECE)
        except TimeoutError:
            raise SystemHung(f"{self._name}: fell silent for {self._patience.answer_s:g} s within "
                             "its answer") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SystemFailure(
                f"{self._name}: broke off within its answer ({self._why(error)})") from None
        if not piece and response.length:
            raise SystemFailure(f"{self._name}: hung up {response.length} bytes before the end of "
                                "its answer")
        return piece

    def _refusal(self, response: http.client.HTTPResponse) -> str:
        """What a server says that does not answer; reads and drops its body."""
        try:
            with self._waiting.counted():
                said = response.read(4 * _SHOWN).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            said = ""
        self.close()
        shown = self._scrubbed(said)
        reason = self._scrubbed(response.reason or "")
        return f"answered {response.status} {reason}".rstrip() + (f": {shown}" if shown else "")

    def _why(self, error: Exception) -> str:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return self._scrubbed(str(reason))

    def _scrubbed(self, text: str) -> str:
        """One short line that can be printed, without the key."""
        if self._secret:
            text = text.replace(self._secret, "***")
        text = "".join(c if c.isprintable() else " " for c in text)
        return " ".join(text.split())[:_SHOWN]


def check_url(url: str, schemes: tuple[str, ...]) -> SplitUrl:
    """The parts of an address of a server.

    Raises
    ------
    ConfigError
        It is none of these schemes, has no host, or holds a password.
    """
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in schemes or not parts.hostname or (parts.port or 1) < 1
    except ValueError:
        wrong = True
    if wrong or any(c.isspace() or not c.isprintable() for c in url):
        raise ConfigError(f"address {url!r}: {'://HOST:PORT or '.join(schemes)}://HOST:PORT is "
                          "wanted")
    if parts.username or parts.password:
        raise ConfigError("address with a user or password in it: keys come from the environment "
                          "(credential_env)")
    return SplitUrl(parts.scheme, parts.hostname or "", parts.port, parts.path)


def credential(variable: str | None) -> str:
    """The key in that environment variable; empty where none is named.

    Raises
    ------
    ConfigError
        It is empty, or cannot be sent in a header; the message does not show it.
    """
    if not variable:
        return ""
    value = os.environ.get(variable, "")
    if not value:
        raise ConfigError(f"the environment variable {variable} is empty: put the key there")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigError(f"the environment variable {variable} holds spaces or characters that no "
                          "key has")
    return value


def _retry_after(response: http.client.HTTPResponse) -> float:
    """Seconds a server asks to wait; 0 where it does not say, or says it as a date."""
    said = response.getheader("Retry-After") or ""
    return float(said) if said.isdecimal() else 0.0
