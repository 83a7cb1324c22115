"""Bodies of HTML forms, as HTTP carries them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import urlencode


def urlencoded(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """A form without files: its body and content type."""
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def multipart(fields: Mapping[str, str], name: str, file: bytes) -> tuple[bytes, str]:
    """A form with a file (RFC 7578): its body and content type."""
    boundary = secrets.token_hex(16)
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
             for key, value in fields.items()]
    head = (f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n")
    body = "".join([*parts, head]).encode() + file + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"
