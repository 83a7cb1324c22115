"""Any chat endpoint that speaks OpenAI's protocol: llama.cpp's server, vLLM, OpenAI and others.

``POST {base_url}/chat/completions`` with ``stream: true``; the answer is a stream of server-sent
events, ``data: {"choices": [{"delta": {"content": …}, "finish_reason": …}]}``, up to
``data: [DONE]``.

Source: OpenAI's API reference (Chat completions, streaming); llama.cpp ``tools/server/README.md``.
An error inside a stream is ``data: {"error": …}``, of older llama.cpp servers ``error: {…}``
(https://github.com/ggml-org/llama.cpp/issues/16104).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from s2st_bench.errors import ConfigError, LimitExceeded, SystemFailure
from s2st_bench.http import HttpClient, Patience, check_url, credential
from s2st_bench.parts import Translator, TranslatorModel
from s2st_bench.reach import check_listens

from .prompt import TEMPLATE, check_template, question

_MOST_CHARS: Final = 20_000
"""Of one utterance's translation: more is no translation."""
_LONGEST_LINE: Final = 1 << 20


class Chat(TranslatorModel):
    """A language model behind a chat endpoint.

    Parameters
    ----------
    base_url
        Up to ``/v1``: ``http://127.0.0.1:8080/v1`` is llama.cpp's server.
    model
        Its name there; llama.cpp serves the one it was started with.
    credential_env
        The environment variable that holds the key; none: no key is sent.
    prompt, system
        What is asked (:mod:`.prompt`), and a system message before it.
    temperature, max_tokens
        0 for the likeliest translation; the longest one.
    body
        More fields of the request, such as ``{chat_template_kwargs: {enable_thinking: false}}``.
    timeout_s, tries, backoff_s
        The longest silence; how often a busy or failing server is asked, and the first wait
        between, which doubles.
    """

    def __init__(
        self, *, base_url: str = "http://127.0.0.1:8080/v1", model: str = "default",
        credential_env: str | None = None, prompt: str = TEMPLATE, system: str = "",
        temperature: float = 0.0, max_tokens: int = 256, body: dict[str, Any] | None = None,
        timeout_s: float = 30.0, tries: int = 4, backoff_s: float = 0.5,
    ) -> None:
        check_url(base_url, ("http", "https"))
        if max_tokens < 1 or not 0.0 <= temperature <= 2.0:
            raise ValueError("max_tokens is 1 or more, temperature 0 to 2")
        self._base_url = base_url
        self._credential_env = credential_env
        self._prompt = check_template(prompt)
        self._system = system
        self._patience = Patience(answer_s=timeout_s, connect_s=min(10.0, timeout_s),
                                  whole_s=4 * timeout_s, tries=tries, backoff_s=backoff_s)
        self._request = {"model": model, "temperature": temperature, "max_tokens": max_tokens,
                         **(body or {}), "stream": True}

    def load(self) -> None:
        check_listens(self._base_url, "translator chat", "start the server (llama-server -m "
                      "MODEL.gguf), or give system.mt.base_url=URL")

    def missing(self, source_lang: str, target_lang: str) -> str | None:
        try:
            credential(self._credential_env)
        except ConfigError as error:
            return str(error)
        return None

    def open(self, source_lang: str, target_lang: str) -> Translator:
        key = credential(self._credential_env)
        headers = {"Accept": "text/event-stream"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        client = HttpClient(self._base_url, "chat endpoint", self._patience, headers, secret=key)
        return ChatPair(self, client, source_lang, target_lang)

    def request(self, text: str, source_lang: str, target_lang: str) -> bytes:
        """The body of one request."""
        messages = [{"role": "system", "content": self._system}] if self._system else []
        asked = question(self._prompt, text, source_lang, target_lang)
        messages.append({"role": "user", "content": asked})
        return json.dumps({**self._request, "messages": messages}).encode()


class ChatPair:
    """One pair of languages; see :class:`s2st_bench.parts.StreamingTranslator`."""

    def __init__(
        self, model: Chat, client: HttpClient, source_lang: str, target_lang: str
    ) -> None:
        self._model = model
        self._client = client
        self._source, self._target = source_lang, target_lang

    @property
    def waited_s(self) -> float:
        return self._client.waited_s

    def translate(self, text: str, is_over: bool = True) -> str:
        return max(self.stream(text, is_over), key=len, default="")

    def stream(self, text: str, is_over: bool = True) -> Iterator[str]:
        text = " ".join(text.split())
        if not text:
            return
        body = self._model.request(text, self._source, self._target)
        said = shown = ""
        for part in deltas(self._client.stream("/chat/completions", body, "application/json")):
            said += part
            if len(said) > _MOST_CHARS:
                raise LimitExceeded(f"chat endpoint: more than {_MOST_CHARS} characters for one "
                                    "utterance")
            now = " ".join(said.split())
            if now != shown:
                shown = now
                yield shown

    def close(self) -> None:
        self._client.close()


def deltas(pieces: Iterable[bytes]) -> Iterator[str]:
    """The pieces of text in an event stream that may be cut anywhere.

    >>> event = b'data: {"choices": [{"delta": {"content": "Hi"}}]}\\n\\n'
    >>> list(deltas([event[:20], event[20:], b"data: [DONE]"]))
    ['Hi']

    Raises
    ------
    SystemFailure
        It holds an error, is no event stream of this protocol, or ends before it says so.
    """
    is_over = False
    for line in _lines(pieces):
        kind, _, value = line.partition(":")
        if kind == "error":
            raise SystemFailure(f"chat endpoint: said in its answer: {_short(value)}")
        if kind != "data" or not (value := value.strip()):
            if line.lstrip().startswith(("{", "<")):
                raise SystemFailure("chat endpoint: answered without an event stream: "
                                    f"{_short(line)}")
            continue  # comments, ids and names of events
        if value == "[DONE]":
            is_over = True
            continue  # what may follow is read so that the connection can be kept
        text, ended = _delta(value)
        is_over = is_over or ended
        if text:
            yield text
    if not is_over:
        raise SystemFailure("chat endpoint: its answer ended before it said that it was over")


def _delta(value: str) -> tuple[str, bool]:
    """The text of one event, and whether it says that the answer is over."""
    try:
        event = json.loads(value)
    except (ValueError, RecursionError):
        raise SystemFailure(f"chat endpoint: an event is not JSON: {_short(value)}") from None
    if not isinstance(event, Mapping):
        raise SystemFailure(f"chat endpoint: an event is no object: {_short(value)}")
    if error := event.get("error"):
        said = error.get("message", error) if isinstance(error, Mapping) else error
        raise SystemFailure(f"chat endpoint: said in its answer: {_short(str(said))}")
    choices = event.get("choices")
    if choices == []:  # the last event may hold the usage alone
        return "", False
    try:
        choice: Any = choices[0] if isinstance(choices, list) else None
        text = choice["delta"].get("content") or ""
        ended = choice.get("finish_reason") is not None
    except (KeyError, TypeError, AttributeError):
        raise SystemFailure(f"chat endpoint: an event has no choices[0].delta: "
                            f"{_short(value)}") from None
    if not isinstance(text, str):
        raise SystemFailure(f"chat endpoint: an event's content is no text: {_short(value)}")
    return text.encode("utf-8", "replace").decode(), ended  # without lone surrogates


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise LimitExceeded(f"chat endpoint: a line of more than {_LONGEST_LINE >> 20} MiB")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace").rstrip("\r")


def _short(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:200]
