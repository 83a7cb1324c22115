"""Addresses and headers of a service: what they may be, and that no key is written into them."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

SCHEMES = ("ws", "wss", "tcp")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*")
_SECRET_NAME = re.compile(r"(^|[_-])(key|token|secret|password|auth\w*)$", re.IGNORECASE)


def check_header(line: str) -> None:
    """Refuse what is no ``Name: value``, or holds a key.

    Raises
    ------
    ValueError
    """
    if not _HEADER.fullmatch(line):
        raise ValueError(f"headers: expected 'Name: value', not {line!r:.60}")
    name, _, value = line.partition(":")
    if _names_secret(name) and "{" not in value:
        raise ValueError(f"headers: {name} holds a key in the file; write '{name}: {{credential}}' "
                         "and name its variable in credential_env")


def check_url(url: str) -> None:
    """Refuse an address that is none of a service, or holds a key.

    Raises
    ------
    ValueError
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"url: {error}") from None
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(f"url: expected ws://, wss:// or tcp:// and a host, not {parts.scheme}:…")
    if parts.scheme == "tcp" and port is None:
        raise ValueError("url: tcp:// needs a port")
    if parts.username or parts.password:
        raise ValueError("url: leave user and password out; put {credential} in a header")
    for name, value in parse_qsl(parts.query):
        if _names_secret(name) and "{" not in value:
            raise ValueError(f"url: {name} holds a key in the file; write {name}={{credential}} "
                             "and name its variable in credential_env")


def _names_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name.strip()))
