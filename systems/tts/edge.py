"""Edge's online voices, through the package edge-tts.

The service is Microsoft's, for its browser: it needs the Internet and no key, is not documented,
promises nothing, and may refuse at any time.  Speech comes as MP3 (24 kHz mono) and is decoded
piece by piece.  Word times are not kept.

Source: https://github.com/rany2/edge-tts (LGPL-3.0), ``Communicate.stream``.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from s2st_bench.errors import DependencyError, LimitExceeded, SystemFailure, SystemHung
from s2st_bench.parts import SynthesiserModel
from s2st_bench.speech.words import Utterance
from s2st_bench.transcripts import base_code
from s2st_bench.types import Samples
from s2st_bench.waiting import Waiting

_RATE_HZ: Final = 24_000
_LONGEST_S: Final = 120.0
"""Of a phrase's speech: more is no phrase."""
_VOICES: Final[Mapping[str, str]] = MappingProxyType({
    "de": "de-DE-KatjaNeural", "en": "en-US-AriaNeural", "es": "es-ES-ElviraNeural",
    "fr": "fr-FR-DeniseNeural", "it": "it-IT-ElsaNeural", "ja": "ja-JP-NanamiNeural",
    "ko": "ko-KR-SunHiNeural", "nl": "nl-NL-ColetteNeural", "pl": "pl-PL-ZofiaNeural",
    "pt": "pt-BR-FranciscaNeural", "ru": "ru-RU-SvetlanaNeural", "zh": "zh-CN-XiaoxiaoNeural",
})
"""One voice of many for each language; ``edge-tts --list-voices`` prints all."""


class Edge(SynthesiserModel):
    """Edge's voices.

    Parameters
    ----------
    voice
        A voice's name (``de-AT-JonasNeural``); empty: one of the target language.
    rate_percent
        How much faster than its own speed.
    timeout_s
        The longest silence.
    """

    def __init__(
        self, *, voice: str = "", rate_percent: int = 0, timeout_s: float = 15.0
    ) -> None:
        if not -90 <= rate_percent <= 200:
            raise ValueError(f"rate_percent={rate_percent}: -90 to 200 is wanted")
        if timeout_s <= 0:
            raise ValueError(f"timeout_s={timeout_s}: above 0 s is wanted")
        self.voices = frozenset({f"edge-tts {voice}".strip()})
        self._voice = voice
        self._rate = f"{rate_percent:+d}%"
        self._timeout_s = timeout_s
        self._waiting = Waiting()

    @property
    def waited_s(self) -> float:
        return self._waiting.seconds

    def load(self) -> None:
        for package in ("edge_tts", "av"):
            if importlib.util.find_spec(package) is None:
                raise DependencyError(package, "synthesiser edge-tts", "edge-tts")

    def missing(self, lang: str) -> str | None:
        if self._voice or base_code(lang) in _VOICES:
            return None
        return f"edge-tts: name a voice for {lang}: system.tts.voice=… (edge-tts --list-voices)"

    def speak(self, text: str, lang: str) -> Iterator[Utterance]:
        import edge_tts

        voice = self._voice or _VOICES[base_code(lang)]
        try:
            asked = edge_tts.Communicate(
                text, voice, rate=self._rate, connect_timeout=max(1, round(self._timeout_s)),
                receive_timeout=max(1, round(self._timeout_s)))
        except ValueError as error:
            raise SystemFailure(f"edge-tts: {error}") from None
        got = 0
        decoder = Mp3Pieces()
        for data in self._audio(asked.stream()):
            samples = decoder.push(data)
            got += len(samples)
            if got > _LONGEST_S * _RATE_HZ:
                raise LimitExceeded(f"edge-tts: more than {_LONGEST_S:g} s of speech for "
                                    f"{len(text)} characters")
            if len(samples):
                yield Utterance(samples, _RATE_HZ, ())
        if len(samples := decoder.finish()):
            yield Utterance(samples, _RATE_HZ, ())

    def _audio(self, messages: AsyncIterator[Any]) -> Iterator[bytes]:
        """The MP3 data of a phrase as it comes; the package's own loop runs while it is asked."""
        import aiohttp
        import edge_tts.exceptions

        loop = asyncio.new_event_loop()
        try:
            while True:
                with self._waiting.counted():
                    message = loop.run_until_complete(
                        asyncio.wait_for(anext(messages, None), self._timeout_s))
                if message is None:
                    return
                if message["type"] == "audio":
                    yield message["data"]
        except aiohttp.ClientConnectorError as error:
            raise SystemFailure(f"edge-tts: {error.host} cannot be reached "
                                f"({error.os_error.strerror})") from None
        except TimeoutError:
            raise SystemHung(f"edge-tts: nothing came for {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, edge_tts.exceptions.EdgeTTSException, OSError, ValueError,
                KeyError) as error:
            reason = " ".join(str(error).split())[:200]
            raise SystemFailure(f"edge-tts: {type(error).__name__}: {reason}") from None
        finally:
            loop.run_until_complete(messages.aclose())  # type: ignore[attr-defined]
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


class Mp3Pieces:
    """Decodes MP3 that comes in pieces of any length, with PyAV."""

    def __init__(self) -> None:
        import av

        self._av: Any = av
        self._codec: Any = av.CodecContext.create("mp3", "r")

    def push(self, data: bytes) -> Samples:
        """Samples ``float32[n]`` of the frames that are complete with ``data``."""
        try:
            return self._decoded(self._codec.parse(data))
        except self._av.FFmpegError as error:
            raise SystemFailure(f"edge-tts: sent what is no MP3 ({error.strerror})") from None

    def finish(self) -> Samples:
        """What is left."""
        return self._decoded([*self._codec.parse(b""), None])

    def _decoded(self, packets: list[Any]) -> Samples:
        frames = [frame for packet in packets for frame in self._codec.decode(packet)]
        pieces = [_mono(frame.to_ndarray()) for frame in frames]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _mono(planes: np.ndarray[Any, Any]) -> Samples:
    """One frame's channels averaged; FFmpeg gives floats or whole numbers, as it was built."""
    scale = float(np.iinfo(planes.dtype).max) + 1.0 if planes.dtype.kind == "i" else 1.0
    mono: Samples = (planes.mean(axis=0) / scale).clip(-1.0, 1.0).astype(np.float32)
    return mono
