"""simulstream's HTTP server, which is also what an IWSLT Docker submission serves.

A stream is a ``session_id`` of the client's making; the server gives it a processor at its first
request and takes it back at ``/clear``.  Every chunk is answered in its own response, so this is
a system that reads and writes like any other: it runs under every clock and can be re-timed.

*Time on the network.*  The server does not say how long it worked, so a request counts as work
from end to end but for what is surely not: making its connection.  A server (or proxy) that adds
the header ``Server-Timing: …;dur=MILLISECONDS`` to its answers has all the rest counted as
network too.
"""

from __future__ import annotations

import base64
import logging
import time
import uuid
from collections.abc import Callable

import numpy as np

from s2st_bench.errors import ConfigError, SystemFailure, SystemHung, SystemRaised
from s2st_bench.system import System
from s2st_bench.types import Samples, Task

from .exchange import Address, request
from .outputs import Output, TextFrom, from_json, short, text_of
from .session import ProcessorSession, chunk_size, wrong_rate

_POLL_S = 0.5
_LOG = logging.getLogger(__name__)


class SimulstreamHttp(System):
    """A server's processors; each session is one of its streams.

    Parameters
    ----------
    url
        Where it is: ``http://localhost:8080``.
    text
        Where text is taken from: ``strings``, or the tokens and how they join (``word``, ``char``,
        ``spm``, ``bytes``).
    codes
        The server's own codes of languages: ``{de: deu}``.
    timeout_s
        How long an answer may take.
    ready_s
        How long the server may take until it listens: its model loads first.
    """

    def __init__(
        self,
        *,
        url: str | None = None,
        text: TextFrom = "strings",
        codes: dict[str, str] | None = None,
        timeout_s: float = 50.0,
        ready_s: float = 300.0,
    ) -> None:
        if not url:
            raise ConfigError(
                "system=simulstream_http: say where the server is with "
                "system.url=http://localhost:8080"
            )
        if not timeout_s > 0:
            raise ConfigError(f"system.timeout_s={timeout_s:g}: must be above 0")
        self.address = Address.of(url)
        self.text: TextFrom = text
        self.codes = dict(codes or {})
        self.timeout_s = timeout_s
        self.ready_s = ready_s

    def load(self, device: str = "cpu") -> None:
        """Wait until the server listens; clearing a session it does not know costs it nothing.

        Raises
        ------
        ConfigError
            It does not, or something else does.
        """
        until = time.monotonic() + self.ready_s
        while True:
            try:
                Stream(self).clear()
            except (SystemRaised, SystemHung) as error:
                # no connection, or one that a container's network takes before the server is up
                if time.monotonic() + _POLL_S > until:
                    raise ConfigError(
                        f"system.url={self.address}: nothing listens there ({error}); start the "
                        "server first, or give it longer with system.ready_s"
                    ) from None
                time.sleep(_POLL_S)
            except SystemFailure as error:
                raise ConfigError(
                    f"system.url={self.address}: not a simulstream HTTP server ({error})"
                ) from None
            else:
                return

    def supports(self, task: Task) -> str | None:
        return super().supports(task) or wrong_rate(task)

    def open(self, task: Task) -> ProcessorSession:
        """Start a stream: languages first, as simulstream's client does.

        Raises
        ------
        SystemFailure
            The server does not take it.
        """
        stream = Stream(self)
        try:
            stream.set_language("target_language", self._code(task.target_lang))
            stream.set_language("source_language", self._code(task.source_lang))
            chunk_s = stream.speech_chunk_size()
        except SystemFailure:
            stream.release()
            raise
        session = ProcessorSession(stream, chunk_s, text_of(self.text), stream.release)
        # the replay gives a session its meter after it was opened
        stream.on_the_way = lambda seconds: session.meter.network(seconds)
        return session

    def _code(self, lang: str) -> str:
        return self.codes.get(lang, lang)


class Stream:
    """One session of the server's."""

    def __init__(self, system: SimulstreamHttp) -> None:
        self.on_the_way: Callable[[float], None] = lambda seconds: None
        """Told the time of each answer that was spent on the network."""
        self._address = system.address
        self._timeout_s = system.timeout_s
        self._id = uuid.uuid4().hex

    def process_chunk(self, samples: Samples) -> Output:
        heard = base64.b64encode(np.asarray(samples, "<f4").tobytes()).decode("ascii")
        answer = self._ask("POST", "process_chunk", {"waveform": heard})
        return from_json(answer, "process_chunk")

    def end_of_stream(self) -> Output:
        return from_json(self._ask("POST", "end_of_stream", {}), "end_of_stream")

    def speech_chunk_size(self) -> float:
        answer = self._ask("GET", "speech_chunk_size", {})
        if not isinstance(answer, dict):
            raise SystemFailure(f"speech_chunk_size answered {short(answer)}, not an object")
        return chunk_size(answer.get("speech_chunk_size"))

    def set_language(self, path: str, lang: str) -> None:
        self._ask("PUT", path, {"language": lang})

    def clear(self) -> None:
        """Give the processor back."""
        self._ask("POST", "clear", {})

    def release(self) -> None:
        """Clear at the end; what was said stands, whether the server hears of it or not."""
        try:
            self.clear()
        except SystemFailure as error:
            _LOG.warning("the server may still hold a processor for a stream that is over: %s",
                         error)

    def _ask(self, method: str, path: str, values: dict[str, str]) -> object:
        """One request, never repeated: audio sent twice is heard twice."""
        answer = request(
            self._address, method, path, {"session_id": self._id, **values}, self._timeout_s
        )
        self.on_the_way(answer.network_s)
        return answer.value
