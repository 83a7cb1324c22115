"""Whether anything listens at a service's address: told once, before a run replays anything."""

from __future__ import annotations

import socket
import time
from typing import Final
from urllib.parse import urlsplit

from s2st_bench.errors import ConfigError

_POLL_S: Final = 0.2
_LONGEST_TRY_S: Final = 10.0
_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def check_listens(url: str, what: str, hint: str, within_s: float = 0.0) -> None:
    """Make a TCP connection and close it; nothing is sent, so it costs a service nothing.

    Parameters
    ----------
    url
        ``SCHEME://HOST:PORT/…``; the usual port where it names none.
    what, hint
        Of the message: whose address it is, and the way out.
    within_s
        A server may take so long until it listens.  A name that is not known is not waited for.

    Raises
    ------
    ConfigError
        Nothing listens there.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)
    until = time.monotonic() + within_s
    while True:
        left_s = until - time.monotonic()
        try:
            socket.create_connection((host, port), max(min(left_s, _LONGEST_TRY_S), 1.0)).close()
            return
        except OSError as error:
            if left_s <= _POLL_S or isinstance(error, socket.gaierror):
                reason = error.strerror or str(error) or type(error).__name__
                raise ConfigError(
                    f"{what}: nothing listens at {parts.scheme}://{parts.netloc} ({reason}); {hint}"
                ) from None
        time.sleep(_POLL_S)
