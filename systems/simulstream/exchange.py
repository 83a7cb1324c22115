"""One HTTP request with a JSON body (GET too), on a connection of its own.

simulstream's server speaks HTTP/1.0, without the length of its answers: an answer ends where the
connection does.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from s2st_bench.errors import ConfigError, SystemFailure, SystemHung, SystemRaised

from .outputs import said, short

MAX_BYTES = 16_000_000
"""Longest answer that is read."""

_DURATION = re.compile(r";\s*dur\s*=\s*\"?([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is."""

    host: str
    port: int
    path: str
    secure: bool

    @classmethod
    def of(cls, url: str) -> Address:
        """Read an ``http://`` or ``https://`` address.

        Raises
        ------
        ConfigError
            It is none.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"system.url={url!r:.100}: {error}") from None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ConfigError(
                f"system.url={url!r:.100}: an address such as http://localhost:8080 is wanted"
            )
        secure = parts.scheme == "https"
        return cls(parts.hostname, port or (443 if secure else 80), parts.path.strip("/"), secure)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{host}:{self.port}" + (f"/{self.path}" if self.path else "")

    def connection(self, timeout_s: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        return kind(self.host, self.port, timeout=timeout_s)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    value: object
    """The JSON; none where there is no content."""
    network_s: float
    """Time that was surely not the server's work."""


def request(
    address: Address, method: str, path: str, values: dict[str, str], timeout_s: float
) -> Answer:
    """Ask once and wait for the answer.

    Raises
    ------
    SystemHung, SystemRaised
        It answers late, or not at all.
    SystemFailure
        It answers something else than was asked for.
    """
    where = f"{method} /{path} at {address}"
    connection = address.connection(timeout_s)
    started = time.perf_counter()
    try:
        try:
            connection.connect()
        except OSError as error:
            raise SystemRaised(f"{where}: no connection ({said(error)})") from None
        connected_s = time.perf_counter() - started
        connection.request(
            method, "/" + "/".join(filter(None, (address.path, path))),
            json.dumps(values).encode(), {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        body = answer.read(MAX_BYTES + 1)
        if answer.length and len(body) <= MAX_BYTES:
            raise http.client.IncompleteRead(body, answer.length)
    except TimeoutError:
        raise SystemHung(f"{where}: no answer within {timeout_s:g} s (system.timeout_s)") from None
    except (OSError, http.client.HTTPException) as error:
        raise SystemRaised(
            f"{where}: the connection was lost before the answer was whole ({said(error)}); it "
            "may have been heard, so it is not sent again. A simulstream server drops requests it "
            "has no free processor for (its pool_size) and those its processor raises on"
        ) from None
    finally:
        connection.close()
    took_s = time.perf_counter() - started
    if not 200 <= answer.status < 300:
        raise SystemFailure(f"{where} answered {answer.status} {short(answer.reason)}: "
                            f"{short(body[:200].decode('utf-8', 'replace'))}")
    if len(body) > MAX_BYTES:
        raise SystemFailure(f"{where} answered more than {MAX_BYTES} bytes")
    return Answer(_json(body, where), _network_s(answer, connected_s, took_s))


def _json(body: bytes, where: str) -> object:
    if not body.strip():
        return None
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        raise SystemFailure(
            f"{where} answered no JSON: {short(body[:200].decode('utf-8', 'replace'))}"
        ) from None
    return value


def _network_s(answer: http.client.HTTPResponse, connected_s: float, took_s: float) -> float:
    """All but the longest duration that the answer names, or else making the connection."""
    named = _DURATION.findall(answer.headers.get("Server-Timing", ""))
    try:
        worked_s = max(map(float, named), default=None)
    except ValueError:
        worked_s = None
    return connected_s if worked_s is None else max(0.0, took_s - worked_s / 1000.0)
