"""An agent in another process: SimulEval's own agent server (``simuleval --standalone``).

That is how agents run whose packages cannot live beside ours (fairseq wants Python 3.10 and an
old hydra), and how teams handed in docker images at IWSLT 2023 and 2024.  The server has one agent
and no sessions: ``POST /reset`` forgets the sentence, ``PUT /input`` takes a segment as JSON,
``GET /output`` gives one.

Segments carry ``tgt_lang``, without which SimulEval 1.1.4's server cannot answer; servers of 2023
(IWSLT's images among them) refuse it, and get segments without it.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import fields
from typing import Any

from s2st_bench.errors import ConfigError, SystemFailure
from s2st_bench.types import Modality

DEFAULT_PORT = 12321
TIMEOUT_S = 300.0
_FIELDS = ("index", "content", "finished", "is_empty", "data_type", "sample_rate")


class _Refused(SystemFailure):
    """The server answered that it failed."""


class RemoteAgent:
    """Takes segments and gives segments, as an agent of this process does.

    Parameters
    ----------
    address
        ``host`` or ``host:port``.
    source, target
        What the agent takes and gives; its server does not say.
    """

    def __init__(self, address: str, source: Modality, target: Modality) -> None:
        host, _, port = address.partition(":")
        if not host or (port and not port.isdigit()):
            raise ConfigError(f"system.remote={address}: HOST or HOST:PORT is wanted")
        self.address = f"{host}:{port or DEFAULT_PORT}"
        self.source_type = source
        self.target_type = target
        self._takes_lang: bool | None = None
        self._connection = http.client.HTTPConnection(
            host, int(port or DEFAULT_PORT), timeout=TIMEOUT_S
        )

    def reset(self) -> None:
        """Forget the sentence."""
        self._ask("POST", "/reset", b"")

    def pushpop(self, segment: Any) -> Any:
        """Give a segment, get what the agent says."""
        self._push({name: getattr(segment, name) for name in (*_FIELDS, "tgt_lang")
                    if hasattr(segment, name)})
        answer = self._ask("GET", "/output")
        try:
            return _segment(json.loads(answer))
        except (ValueError, KeyError, TypeError) as error:
            raise SystemFailure(
                f"the agent at {self.address} answered {answer[:80]!r}, which is not a segment "
                "of text or speech"
            ) from error

    def _push(self, segment: dict[str, Any]) -> None:
        """Give a segment; the first one shows whether the server knows its language."""
        if self._takes_lang is None:
            try:
                self._ask("PUT", "/input", json.dumps(segment).encode())
                self._takes_lang = True
                return
            except _Refused:  # before its agent saw the segment
                self._takes_lang = False
        if not self._takes_lang:
            segment.pop("tgt_lang", None)
        self._ask("PUT", "/input", json.dumps(segment).encode())

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        try:
            self._connection.request(method, path, body)
            answer = self._connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise SystemFailure(
                f"no SimulEval agent answers at {self.address} ({type(error).__name__}: {error}); "
                "start one with: simuleval --standalone --remote-port PORT --agent …"
            ) from error
        if answer.status != 200:
            raise _Refused(
                f"the agent at {self.address} answered {answer.status} to {method} {path}; its "
                "own log says why"
            )
        return said


def _segment(given: Any) -> Any:
    """A segment from what a server writes, whichever fields its release has."""
    from simuleval.data.segments import EmptySegment, SpeechSegment, TextSegment

    kinds = {"text": TextSegment, "speech": SpeechSegment}
    kind = EmptySegment if given["is_empty"] else kinds[given["data_type"]]
    known = {field.name for field in fields(kind)} & set(_FIELDS)
    return kind(**{name: value for name, value in given.items() if name in known})
