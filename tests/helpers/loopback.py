"""Servers on loopback that say what a test tells them to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """One connection; ``body`` is the request's, already read."""

    body: bytes


Answer = Callable[[Handler], None]


@dataclass
class Asked:
    """What a server was asked, in order."""

    url: str = ""
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    """Method, path, headers, body."""
    connections: int = 0


@contextmanager
def http_server(*answers: Answer) -> Iterator[Asked]:
    """One answer a request, the last one again and again."""
    asked = Asked()
    left = list(answers)
    book = threading.Lock()

    class Answering(Handler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            asked.connections += 1

        def do_POST(self) -> None:
            self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with book:
                asked.requests.append((self.command, self.path, dict(self.headers), self.body))
                answer = left.pop(0) if len(left) > 1 else left[0]
            try:
                answer(self)
            except OSError:  # the client has hung up
                self.close_connection = True

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is nothing to tell of."""

    server = Server(("127.0.0.1", 0), Answering)
    asked.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


def refuses(status: int, body: str = "", **headers: str) -> Answer:
    def answer(handler: Handler) -> None:
        data = body.encode()
        handler.send_response(status)
        told = {key.replace("_", "-"): value for key, value in headers.items()}
        for key, value in {"Content-Length": str(len(data)), **told}.items():
            handler.send_header(key, value)
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = told.get("Connection") == "close"

    return answer


def streams(
    *pieces: bytes | Callable[[], object], kind: str = "text/event-stream", whole: bool = True
) -> Answer:
    """Pieces of a chunked body, with things to do between them; ``whole`` false hangs up."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in pieces:
            if not isinstance(piece, bytes):
                piece()
            elif piece:
                handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                handler.wfile.flush()
        if whole:
            handler.wfile.write(b"0\r\n\r\n")
        else:
            handler.close_connection = True

    return answer


def hangs_up(handler: Handler) -> None:
    """No answer at all."""
    handler.close_connection = True
    handler.connection.close()


def event(text: str | None = None, finish: str | None = None) -> bytes:
    """One event of a chat stream, as OpenAI's API reference and llama.cpp's server give it."""
    delta = {} if text is None else {"content": text}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
             "model": "default",
             "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


ROLE = (b'data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant",'
        b'"content":null}}],"created":1,"id":"chatcmpl-1","model":"default",'
        b'"object":"chat.completion.chunk"}\n\n')
"""The first event of a stream."""
DONE = b"data: [DONE]\n\n"


def chat(*parts: str) -> Answer:
    """A whole answer of a chat endpoint."""
    return streams(ROLE, *map(event, parts), event(None, "stop"), DONE)
