"""Kyutai's streaming speech-to-text behind its server, ``moshi-server``.

A WebSocket ``/api/asr-streaming`` with messages in MessagePack.  To the server: ``Audio`` (``pcm``,
24 kHz mono floats, frames of 1,920 samples) and ``Marker`` (``id``).  From it: ``Ready``, ``Step``
(a frame was worked off), ``Word`` (``text``, ``start_time``), ``EndWord`` (``stop_time``),
``Marker`` (all before it was recognised) and ``Error`` (``message``); times are seconds of audio.
The model lags: a word comes 0.5 s (``stt-1b-en_fr``) or 2.5 s (``stt-2.6b-en``) after it was
spoken, so at the end of an utterance silence is sent until its marker returns.

Each call waits until the server has worked off the frames it was sent: what is recognised does not
depend on the clock, and a server that falls behind is seen to.  A model without the heads that
``Step`` carries (``stt-2.6b-en``) sends none: with ``steps=false`` a call takes what has come, and
only ``clock=realtime`` says when words came.

Sources: https://github.com/kyutai-labs/delayed-streams-modeling at 15c8c30,
``scripts/transcribe_from_file_via_rust_server.py``; https://github.com/kyutai-labs/moshi,
``rust/moshi-server/src/{asr,batched_asr}.rs``, ``rust/moshi-core/src/asr.rs``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from s2st_bench.audio import ready
from s2st_bench.audio.resample import Resampler
from s2st_bench.errors import ConfigError
from s2st_bench.http import check_url, credential
from s2st_bench.parts import RecogniserModel
from s2st_bench.reach import check_listens
from s2st_bench.transcripts import base_code
from s2st_bench.types import Samples, Word
from s2st_bench.waiting import Waiting

from .kyutai_wire import FRAME, FRAME_S, SERVER_HZ, KyutaiWire, Reach
from .whole import RATE_HZ

_PUBLIC: Final = "public_token"
"""The key a server takes that was given none of its own."""
_LAST_S: Final = 0.3
"""Silence beyond the model's lag that is sent at once at an utterance's end."""
_MORE_S: Final = 0.4
"""And again, until the marker returns."""


class Kyutai(RecogniserModel):
    """A Kyutai server.

    Parameters
    ----------
    url
        Where it listens; ``/api/asr-streaming`` is added.
    credential_env
        The environment variable that holds its key; none: the public one.
    model
        What it serves, for signatures.
    languages
        What the model knows.
    delay_s
        The model's lag.
    lead_s
        Silence before the first audio (the 2.6B model wants 1 s).
    steps
        Whether the model tells of each frame (stt-1b-en_fr does, stt-2.6b-en does not).
    timeout_s, tries
        The longest silence; how often a server that is not there is called.
    """

    append_only = True

    def __init__(
        self, *, url: str = "ws://127.0.0.1:8080", credential_env: str | None = None,
        model: str = "stt-1b-en_fr", languages: Sequence[str] = ("en", "fr"),
        delay_s: float = 0.5, lead_s: float = 0.0, steps: bool = True, timeout_s: float = 15.0,
        tries: int = 3,
    ) -> None:
        check_url(url, ("ws", "wss"))
        if not 0.0 <= delay_s <= 10.0 or not 0.0 <= lead_s <= 10.0:
            raise ValueError("delay_s and lead_s are 0 to 10 s")
        if timeout_s <= 0 or tries < 1:
            raise ValueError("timeout_s is above 0, tries 1 or more")
        self.languages = frozenset(map(base_code, languages))
        self._url = url.rstrip("/")
        self._credential_env = credential_env
        self._model = model
        self._delay_s, self._lead_s, self._steps = delay_s, lead_s, steps
        self._timeout_s, self._tries = timeout_s, tries

    def load(self) -> None:
        KyutaiWire.check_packages()
        check_listens(self._url, "recogniser kyutai", "start moshi-server, or give "
                      "system.asr.url=ws://HOST:PORT")

    def signature(self) -> Mapping[str, str]:
        return {"asr": "kyutai", "checkpoint": self._model, "server": self._url,
                "delay": f"{self._delay_s:g}s"}

    def open(self, lang: str) -> KyutaiListener:
        if base_code(lang) not in self.languages:
            known = ", ".join(sorted(self.languages))
            raise ConfigError(f"recogniser kyutai: {self._model} knows {known}, not {lang}")
        key = credential(self._credential_env) or _PUBLIC
        reach = Reach(f"{self._url}/api/asr-streaming", key, self._timeout_s, self._tries,
                      self._steps)
        return KyutaiListener(reach, self._delay_s, self._lead_s)

    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        listener = self.open(lang)
        try:
            sound = ready(samples, rate_hz, RATE_HZ)
            if len(sound):
                listener.accept(sound)
            listener.finish()
            last_s = len(sound) / RATE_HZ
            return tuple(_within(word, last_s) for word in listener.timed)
        finally:
            listener.close()


class KyutaiListener:
    """One listener; see :class:`s2st_bench.parts.Recogniser`.

    It is connected when there is something to hear, and again between utterances where the server
    has hung up (it does after two minutes of silence).
    """

    def __init__(self, reach: Reach, delay_s: float, lead_s: float) -> None:
        self._reach = reach
        self._delay_s, self._lead_s = delay_s, lead_s
        self._wire: KyutaiWire | None = None
        self._waiting = Waiting()
        self._is_open = False
        self._marks = 0
        self._start()

    @property
    def waited_s(self) -> float:
        return self._waiting.seconds

    @property
    def timed(self) -> tuple[Word, ...]:
        """Words of the utterance, with times from its first sample."""
        words = self._wire.words if self._wire is not None else []
        at_s = self._utterance_s
        return tuple(Word(w.text, w.start_s - at_s, w.end_s - at_s) for w in words)

    def accept(self, samples: Samples) -> tuple[str, ...]:
        wire = self._connected()
        self._send(wire, self._resampler.push(np.asarray(samples, np.float32)))
        with self._waiting.counted():
            wire.settle()
        return tuple(word.text for word in wire.words)

    def finish(self) -> tuple[str, ...]:
        if not self._is_open or self._wire is None:
            return ()
        wire = self._wire
        self._send(wire, self._resampler.finish())
        if short := -len(self._rest) % FRAME:
            self._send(wire, np.zeros(short, np.float32))
        self._marks += 1
        with self._waiting.counted():
            wire.mark(self._marks)
            wire.silence(self._delay_s + _LAST_S)
            wire.until_marked(_MORE_S)
        self._is_open = False
        return tuple(word.text for word in wire.words)

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        self._is_open = False

    def _connected(self) -> KyutaiWire:
        if self._wire is not None and self._is_open:
            return self._wire
        self._start()
        with self._waiting.counted():
            if self._wire is None or not self._wire.is_alive():
                self._wire = KyutaiWire(self._reach)
                self._wire.silence(self._lead_s)
        self._wire.words = []
        self._is_open = True
        self._utterance_s = self._wire.sent * FRAME_S
        return self._wire

    def _start(self) -> None:
        """An utterance begins."""
        self._resampler = Resampler(RATE_HZ, SERVER_HZ)
        self._rest = np.zeros(0, np.float32)
        self._utterance_s = 0.0

    def _send(self, wire: KyutaiWire, samples: Samples) -> None:
        """Send the frames that are whole."""
        joined = np.concatenate([self._rest, samples])
        whole = len(joined) - len(joined) % FRAME
        self._rest = joined[whole:]
        with self._waiting.counted():
            for start in range(0, whole, FRAME):
                wire.audio(joined[start : start + FRAME])


def _within(word: Word, last_s: float) -> Word:
    """A word whose times lie within the recording."""
    start_s = min(max(word.start_s, 0.0), last_s)
    return Word(word.text, start_s, min(max(word.end_s, start_s), last_s))
