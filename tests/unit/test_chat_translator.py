"""Translation by a chat endpoint, against a server on loopback, also one that misbehaves.

Events of the stream are those of OpenAI's API reference (chat completions, streaming) as
llama.cpp's server sends them; see ``tests/helpers/loopback.py``.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from loopback import (
    DONE,
    ROLE,
    Answer,
    chat,
    event,
    hangs_up,
    http_server,
    refuses,
    streams,
)
from s2st_bench.errors import ConfigError, LimitExceeded, SystemFailure, SystemHung
from s2st_bench.parts import StreamingTranslator, waited_s
from s2st_bench.systems.mt.chat import Chat, ChatPair
from s2st_bench.systems.mt.prompt import question

KEY = "sk-a-very-secret-key"


def pair(url: str, **settings: Any) -> ChatPair:
    quick = {"tries": 2, "timeout_s": 2.0, "backoff_s": 0.01}
    made = Chat(base_url=f"{url}/v1", **{**quick, **settings})
    found = made.open("en", "de-AT")
    assert isinstance(found, ChatPair)
    return found


def test_words_come_while_the_server_still_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_ENDPOINT", KEY)
    seen = threading.Event()
    slow = streams(ROLE, event("Guten"), lambda: seen.wait(2), event(" \n Tag"), event("!"),
                   event(None, "stop"), DONE)
    with http_server(slow, chat("Ja", ".")) as server:
        translator = pair(server.url, model="llama", credential_env="MY_ENDPOINT",
                          system="Be brief.", body={"seed": 7})
        assert isinstance(translator, StreamingTranslator)
        shown = []
        for text in translator.stream("good   day"):
            shown.append(text)
            seen.set()
        assert shown == ["Guten", "Guten Tag", "Guten Tag!"]
        assert translator.translate("yes") == "Ja." and translator.translate("  ") == ""
        assert 0 < waited_s(translator) < 4
        translator.close()
    method, path, headers, body = server.requests[0]
    assert (method, path) == ("POST", "/v1/chat/completions")
    assert headers["Authorization"] == f"Bearer {KEY}"
    sent = json.loads(body)
    assert sent["stream"] is True and sent["model"] == "llama" and sent["seed"] == 7
    assert sent["temperature"] == 0.0
    assert [m["role"] for m in sent["messages"]] == ["system", "user"]
    asked = sent["messages"][1]["content"]
    assert "English" in asked and "German" in asked and asked.endswith("good day")
    assert server.connections == 1 and len(server.requests) == 2


def test_a_server_that_is_busy_is_asked_again() -> None:
    busy = refuses(429, "slow down", Retry_After="0")
    with http_server(busy, refuses(503), hangs_up, chat("gut")) as server:
        translator = pair(server.url, tries=4)
        assert translator.translate("good") == "gut"
        assert len(server.requests) == 4


def waits() -> None:
    time.sleep(0.6)


@pytest.mark.parametrize(("answer", "message", "kind"), [
    (refuses(500, '{"error": {"message": "out of\x1b[31m memory"}}'),
     r"answered 500 Internal Server Error: .*out of.*memory.*\(2 times\)", SystemFailure),
    (refuses(429, "quota"), r"answered 429 .*quota \(2 times\)", SystemFailure),
    (refuses(401, f"wrong key {KEY}"), r"answered 401 Unauthorized: wrong key \*\*\*$",
     SystemFailure),
    (refuses(404, "no such model"), "answered 404 Not Found: no such model", SystemFailure),
    (hangs_up, "chat endpoint at http://127.0.0.1", SystemFailure),
    (streams(event("gu"), b'data: {"choices": [{"del\n\n'), "not JSON", SystemFailure),
    (streams(b"data: [1]\n\n"), "no object", SystemFailure),
    (streams(b'data: {"choices": [{"text": "old"}]}\n\n'), "no choices.0..delta", SystemFailure),
    (streams(b'data: {"choices": [{"delta": {"content": 3}}]}\n\n'), "no text", SystemFailure),
    (streams(event("gu"), b'data: {"error": {"code": 500, "message": "context is full"}}\n\n'),
     "said in its answer: context is full", SystemFailure),
    (streams(b'error: {"code":400,"message":"too long"}\n\n'), "too long", SystemFailure),
    (streams(event("gu")), "ended before it said that it was over", SystemFailure),
    (streams(event("gu"), whole=False), "broke off within its answer", SystemFailure),
    (streams(b"<html>busy</html>", kind="text/html"), "without an event stream: <html>",
     SystemFailure),
    (streams(waits, event("gu"), DONE), "fell silent for 0.3 s", SystemHung),
    (streams(*[event("ja " * 1000)] * 10, DONE), "more than 20000 characters", LimitExceeded),
    (streams(*[b"x" * 65_536] * 20), "a line of more than 1 MiB", LimitExceeded),
])
def test_what_goes_wrong_is_one_clear_line(
    answer: Answer, message: str, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_ENDPOINT", KEY)
    with http_server(answer) as server:
        translator = pair(server.url, credential_env="MY_ENDPOINT",
                          timeout_s=0.3 if kind is SystemHung else 2.0)
        with pytest.raises(kind, match=message) as caught:
            translator.translate("good")
    said = str(caught.value)
    assert KEY not in said and said.isprintable() and len(said) < 400


def test_the_next_utterance_is_answered_after_a_failure() -> None:
    broken = streams(event("gu"), b"data: nonsense\n\n", event("t"))
    with http_server(broken, chat("gut")) as server:
        translator = pair(server.url)
        with pytest.raises(SystemFailure, match="not JSON"):
            translator.translate("good")
        assert translator.translate("good") == "gut"


def test_a_server_that_is_not_there_is_named() -> None:
    with http_server(hangs_up) as server:
        url = server.url
    translator = pair(url)
    with pytest.raises(SystemFailure, match=f"chat endpoint at {url}/v1: Connection refused"):
        translator.translate("good")


@pytest.mark.parametrize(("settings", "message"), [
    ({"base_url": "localhost:8080"}, "http://HOST:PORT"),
    ({"base_url": "http://me:secret@host/v1"}, "keys come from the environment"),
    ({"base_url": "http://host:99999/v1"}, "HOST:PORT"),
    ({"prompt": "no place"}, "must hold"),
    ({"prompt": "{text} {voice}"}, "is what it may hold|are what it may hold"),
    ({"tries": 0}, "tries=0"), ({"timeout_s": 0.0}, "timeout_s"), ({"max_tokens": 0}, "max_tokens"),
])
def test_wrong_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, ValueError), match=message) as caught:
        Chat(**settings)
    assert "secret" not in str(caught.value)


def test_a_key_that_is_not_there_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_ENDPOINT", raising=False)
    model = Chat(credential_env="MY_ENDPOINT")
    assert "MY_ENDPOINT is empty" in (model.missing("en", "de") or "")
    monkeypatch.setenv("MY_ENDPOINT", "two words")
    assert "two words" not in (model.missing("en", "de") or "")
    monkeypatch.setenv("MY_ENDPOINT", KEY)
    assert model.missing("en", "de") is None
    assert question("{target}", "x", "en", "xx-YY") == "xx-YY"
