"""The page, its parts and what it must know, over plain HTTP on the WebSocket's port."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any

from websockets.datastructures import Headers
from websockets.http11 import Response

PAGE = Path(__file__).parent / "page"
KINDS: Mapping[str, str] = MappingProxyType({
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
})
INFO = "/info"
POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
    "connect-src 'self'", "media-src 'self' blob:", "worker-src 'self'", "base-uri 'none'",
    "form-action 'none'", "frame-ancestors 'none'",
))
HEADERS: Mapping[str, str] = MappingProxyType({
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self)",
    "Cache-Control": "no-store",
    "Connection": "close",
})


class Web:
    """Answers plain requests."""

    def __init__(self, page: Path = PAGE) -> None:
        self._files = {
            f"/{path.name}": (KINDS[path.suffix], path.read_bytes())
            for path in sorted(page.iterdir()) if path.suffix in KINDS
        }
        self._files["/"] = self._files["/index.html"]

    def answer(self, path: str, info: Mapping[str, Any] | None) -> Response:
        """The response to a GET; ``info`` is none for who may not know."""
        place = path.partition("?")[0]
        if place == INFO:
            if info is None:
                return plain(HTTPStatus.UNAUTHORIZED, "a token is needed: ?token=…")
            text = json.dumps(info, ensure_ascii=False)
            return _response(HTTPStatus.OK, "application/json", text.encode())
        if found := self._files.get(place):
            return _response(HTTPStatus.OK, *found)
        return plain(HTTPStatus.NOT_FOUND, "there is nothing here")


def plain(status: HTTPStatus, text: str) -> Response:
    """A short text."""
    return _response(status, "text/plain; charset=utf-8", f"{text}\n".encode())


def _response(status: HTTPStatus, kind: str, body: bytes) -> Response:
    headers = Headers({**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))})
    return Response(status.value, status.phrase, headers, body)
