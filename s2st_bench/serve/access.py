"""Which requests may come in.

A page of another site can open a WebSocket to this machine's loopback: browsers send its
``Origin`` along, and only the service's own page is let in.  A name that an attacker points at
127.0.0.1 is seen by its ``Host``.  Beyond loopback a token guards the service.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

LOOPBACK_NAMES = frozenset({"localhost"})


def is_loopback(host: str) -> bool:
    """Whether ``host`` (a name, or an address with or without brackets) is this machine only.

    >>> [is_loopback(h) for h in ("localhost", "127.0.0.1", "[::1]", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    name = host.removeprefix("[").removesuffix("]").lower()
    if name in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a service that is bound to ``host``."""

    host: str
    token: str | None = None
    origins: Sequence[str] = ()
    """Further origins whose pages may connect: ``https://interpret.example.org``."""

    def refusal(self, host: str, origin: str | None) -> str | None:
        """None, or why a request with these ``Host`` and ``Origin`` headers is not let in."""
        if is_loopback(self.host) and not is_loopback(_name_of(host)):
            return "this service answers on loopback names only"
        if origin is None or origin in self.origins:
            return None
        if origin.partition("://")[2].lower() == host.lower():
            return None
        return "pages of other sites may not connect (see --origin)"

    def is_known(self, path: str, authorization: str | None) -> bool:
        """Whether the token came along: ``?token=…`` or ``Authorization: Bearer …``."""
        if self.token is None:
            return True
        given = parse_qs(path.partition("?")[2]).get("token", [])
        scheme, _, credential = (authorization or "").partition(" ")
        if scheme.lower() == "bearer":
            given.append(credential.strip())
        return any(hmac.compare_digest(self.token.encode(), text.encode()) for text in given)


def _name_of(host: str) -> str:
    """A ``Host`` header without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
