"""CosyVoice (1, 2, 3) behind its own FastAPI server.

``/inference_{mode}`` takes a form (``tts_text`` and what the mode needs) and answers with raw mono
16-bit little-endian samples, sent on as the model gives them; their rate stands nowhere in the
answer: 22,050 Hz of CosyVoice-300M, 24,000 Hz of CosyVoice2 and later.

Source: https://github.com/FunAudioLLM/CosyVoice (Apache-2.0), ``runtime/python/fastapi/server.py``
at 1cfc5dd and ``client.py`` beside it at 965d113, which sends its form with GET.  How fine the
pieces are is the server's doing: as published it gives a sentence each; called with ``stream=True``
in its handlers, pieces of a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np

from s2st_bench.errors import InputError, LimitExceeded, SystemFailure
from s2st_bench.http import HttpClient, Patience
from s2st_bench.parts import SynthesiserModel
from s2st_bench.reach import check_listens
from s2st_bench.speech.words import Utterance
from s2st_bench.transcripts import base_code

from .form import multipart, urlencoded

Mode = Literal["sft", "zero_shot", "cross_lingual", "instruct", "instruct2"]
_WITH_VOICE: Final = frozenset({"zero_shot", "cross_lingual", "instruct2"})
"""Modes that speak in the voice of a recording; the others in that of a trained speaker."""
_PIECE_S: Final = 0.02
"""Shorter pieces are joined to the next."""
_LONGEST_S: Final = 120.0
"""Of a phrase's speech: more is no phrase."""


class CosyVoice(SynthesiserModel):
    """A CosyVoice server.

    Parameters
    ----------
    base_url
        Where it listens.
    mode
        ``cross_lingual`` and ``zero_shot`` (voice of ``prompt_wav``; the latter also wants its
        text), ``sft`` (``speaker``), ``instruct`` and ``instruct2`` (``instruct_text`` too).
    prompt_wav, prompt_text
        A few seconds of the voice to speak in, and what is said there.
    speaker
        A trained speaker's name (``英文女``).
    instruct_text
        How to speak.
    sample_rate_hz
        Of the model that is served.
    languages
        What the served model speaks.
    method
        ``GET`` as in its own client; servers that were changed to it want ``POST``.
    timeout_s, tries, backoff_s
        The longest silence; how often a busy or failing server is asked, and the first wait
        between, which doubles.
    """

    voices = frozenset({"cosyvoice"})

    def __init__(
        self, *, base_url: str = "http://127.0.0.1:50000", mode: Mode = "cross_lingual",
        prompt_wav: Path | None = None, prompt_text: str = "", speaker: str = "",
        instruct_text: str = "", sample_rate_hz: int = 24_000,
        languages: Sequence[str] = ("zh", "en", "ja", "ko", "yue"),
        method: Literal["GET", "POST"] = "GET", timeout_s: float = 30.0, tries: int = 4,
        backoff_s: float = 0.5,
    ) -> None:
        if not 8_000 <= sample_rate_hz <= 48_000:
            raise ValueError(f"sample_rate_hz={sample_rate_hz}: 8000 to 48000 is wanted")
        wanted: dict[str, object] = (
            {"prompt_wav": prompt_wav} if mode in _WITH_VOICE else {"speaker": speaker})
        if mode == "zero_shot":
            wanted["prompt_text"] = prompt_text
        if mode.startswith("instruct"):
            wanted["instruct_text"] = instruct_text
        if lacking := [key for key, value in wanted.items() if not value]:
            raise ValueError(f"{lacking[0]}: mode={mode} needs it (the voice to speak in: "
                             "prompt_wav=FILE, or mode=sft speaker=NAME)")
        self._base_url = base_url
        self._client = HttpClient(base_url, "CosyVoice", Patience(
            answer_s=timeout_s, connect_s=min(10.0, timeout_s), whole_s=4 * timeout_s, tries=tries,
            backoff_s=backoff_s))
        self._mode = mode
        self._fields = {"prompt_text": prompt_text if mode == "zero_shot" else "",
                        "spk_id": "" if mode in _WITH_VOICE else speaker,
                        "instruct_text": instruct_text if mode.startswith("instruct") else ""}
        self._prompt_wav = prompt_wav if mode in _WITH_VOICE else None
        self._prompt = b""
        self._rate_hz = sample_rate_hz
        self._languages = frozenset(map(base_code, languages))
        self._method = method

    @property
    def waited_s(self) -> float:
        return self._client.waited_s

    def load(self) -> None:
        if self._prompt_wav is not None and not self._prompt:
            try:
                self._prompt = self._prompt_wav.expanduser().read_bytes()
            except OSError as error:
                raise InputError(f"CosyVoice: prompt_wav={self._prompt_wav}: cannot be read "
                                 f"({error.strerror})") from None
        check_listens(self._base_url, "synthesiser cosyvoice", "start CosyVoice's server, or give "
                      "system.tts.base_url=URL")

    def missing(self, lang: str) -> str | None:
        if base_code(lang) in self._languages:
            return None
        known = ", ".join(sorted(self._languages))
        return f"CosyVoice: speaks {known}, not {lang}; a model that does: system.tts.languages"

    def speak(self, text: str, lang: str) -> Iterator[Utterance]:
        fields = {"tts_text": text, **{key: value for key, value in self._fields.items() if value}}
        body, kind = (multipart(fields, "prompt_wav", self._prompt) if self._prompt_wav
                      else urlencoded(fields))
        shortest = max(1, round(_PIECE_S * self._rate_hz)) * 2
        rest, got = b"", 0
        for piece in self._client.stream(f"/inference_{self._mode}", body, kind, self._method):
            got += len(piece)
            if got > _LONGEST_S * self._rate_hz * 2:
                raise LimitExceeded(f"CosyVoice: more than {_LONGEST_S:g} s of speech for "
                                    f"{len(text)} characters")
            rest += piece
            if len(rest) >= shortest:
                whole = len(rest) - len(rest) % 2
                yield self._speech(rest[:whole])
                rest = rest[whole:]
        if len(rest) % 2:
            raise SystemFailure("CosyVoice: its answer ended within a sample")
        if not got:
            raise SystemFailure(f"CosyVoice: answered without any speech for {len(text)} "
                                "characters")
        if rest:
            yield self._speech(rest)

    def _speech(self, data: bytes) -> Utterance:
        samples = np.frombuffer(data, "<i2").astype(np.float32) / 32_768.0
        return Utterance(samples, self._rate_hz, ())
