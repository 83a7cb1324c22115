"""Kyutai's recogniser against a server on loopback that speaks its protocol, also badly."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import numpy as np
import pytest

from kyutai_server import Kyutai, kyutai_server
from s2st_bench.errors import ConfigError, LimitExceeded, SystemFailure, SystemHung
from s2st_bench.parts import waited_s
from s2st_bench.types import Samples

msgpack = pytest.importorskip("msgpack", reason="msgpack is not installed")
pytest.importorskip("websockets", reason="websockets is not installed")

RATE = 16_000
NOISE: Samples = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
WORDS = (("hello", 2), ("there", 7), ("again friend", 22))


def recogniser(url: str, **settings: Any) -> Any:
    from s2st_bench.systems.asr.kyutai import Kyutai as Recogniser

    made = Recogniser(url=url, **{"timeout_s": 2.0, "tries": 1, **settings})
    made.load()
    return made


def test_words_come_as_they_are_spoken() -> None:
    with kyutai_server(Kyutai(WORDS)) as server:
        listener = recogniser(server.url).open("en-US")
        heard = [listener.accept(NOISE[i : i + 1600]) for i in range(0, len(NOISE), 1600)]
        assert heard[0] == () and heard[9] == ("hello",) and heard[-1] == ("hello", "there")
        assert listener.finish() == ("hello", "there", "again", "friend")
        assert listener.finish() == ()
        assert waited_s(listener) > 0
        listener.close()
        listener.close()
    assert server.keys == ["public_token"] and 25 <= server.loud <= 26


def test_the_same_words_however_it_is_cut() -> None:
    with kyutai_server(Kyutai(WORDS)) as server:
        model = recogniser(server.url)
        for size in (160, 4_000, len(NOISE)):
            listener = model.open("en")
            for start in range(0, len(NOISE), size):
                listener.accept(NOISE[start : start + size])
            assert listener.finish() == ("hello", "there", "again", "friend")
            listener.close()


def test_a_model_that_tells_of_no_frames() -> None:
    with kyutai_server(Kyutai(WORDS, sends_steps=False)) as server:
        listener = recogniser(server.url, steps=False, delay_s=0.2).open("en")
        for start in range(0, len(NOISE), 1600):
            listener.accept(NOISE[start : start + 1600])
        assert listener.finish() == ("hello", "there", "again", "friend")
        listener.close()
    with kyutai_server(Kyutai(WORDS, sends_steps=False, returns_markers=False)) as server:
        listener = recogniser(server.url, steps=False, timeout_s=0.3).open("en")
        listener.accept(NOISE)
        with pytest.raises(SystemHung, match="did not return"):
            listener.finish()


def test_a_recording_is_transcribed_with_times() -> None:
    with kyutai_server(Kyutai(WORDS)) as server:
        model = recogniser(server.url, lead_s=0.16)
        words = model.transcribe(np.repeat(NOISE, 3), 48_000, "fr")
        assert model.transcribe(NOISE[:0], RATE, "fr") == ()
    assert [w.text for w in words] == ["hello", "there", "again", "friend"]
    assert words[0].start_s == pytest.approx(0.0) and words[0].end_s == pytest.approx(0.4, abs=1e-3)
    assert words[2].start_s == pytest.approx(1.6) and all(w.end_s <= 2.0 for w in words)
    assert model.signature()["server"] == server.url


def test_a_server_that_hung_up_between_utterances_is_called_again() -> None:
    def after_eight(connection: Any, frames: int) -> None:
        if frames == 20:
            connection.close()

    with kyutai_server(Kyutai((("hello", 1),), fault=after_eight)) as server:
        listener = recogniser(server.url).open("en")
        for _ in range(3):
            listener.accept(NOISE[: RATE // 2])
            assert listener.finish() == ("hello",)
            connection = listener._wire._socket
            connection.close()  # as after two minutes without speech
        listener.close()
    assert len(server.frames) == 3


def test_the_key_is_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KYUTAI", "a-secret-key")
    with kyutai_server(Kyutai(WORDS)) as server:
        listener = recogniser(server.url, credential_env="KYUTAI").open("en")
        listener.accept(NOISE)
        listener.close()
    assert server.keys == ["a-secret-key"]

    def refuse(connection: Any, request: Any) -> Any:
        return connection.respond(HTTPStatus.UNAUTHORIZED, "no a-secret-key here\n")

    with kyutai_server(Kyutai(), process_request=refuse) as server:
        listener = recogniser(server.url, credential_env="KYUTAI", tries=3).open("en")
        with pytest.raises(SystemFailure, match="HTTP 401.*credential_env") as caught:
            listener.accept(NOISE)
    assert "a-secret-key" not in str(caught.value) and server.keys == []


def sends(data: object, at: int = 3) -> Callable[[Any, int], None]:
    def fault(connection: Any, frames: int) -> None:
        if frames == at:
            connection.send(data if isinstance(data, str | bytes) else msgpack.packb(data))

    return fault


def flood(connection: Any, frames: int) -> None:
    while True:
        connection.send(msgpack.packb({"type": "Gossip"}))


def words(connection: Any, frames: int) -> None:
    connection.send(msgpack.packb({"type": "Word", "text": "ja " * 6_000, "start_time": 0.0}))


@pytest.mark.parametrize(("server", "message", "kind"), [
    (Kyutai(fault=sends({"type": "Error", "message": "no free\x1b channels"})),
     "said: no free channels$", SystemFailure),
    (Kyutai(fault=sends(b"\xc1\xff")), "not of its protocol", SystemFailure),
    (Kyutai(fault=sends("hello")), "text where MessagePack is wanted", SystemFailure),
    (Kyutai(fault=sends([1, 2])), "no map", SystemFailure),
    (Kyutai(fault=sends({"text": "x"})), "KeyError: 'type'", SystemFailure),
    (Kyutai(fault=sends({"type": "Word", "text": 3, "start_time": 0.0})), "no text", SystemFailure),
    (Kyutai(fault=sends({"type": "Word", "text": "x", "start_time": float("nan")})), "no time",
     SystemFailure),
    (Kyutai(fault=lambda c, n: c.close() if n == 4 else None), "the connection broke",
     SystemFailure),
    (Kyutai(fault=lambda c, n: c.socket.close() if n == 4 else None), "the connection broke",
     SystemFailure),
    (Kyutai(fault=sends(bytes(2 << 20))), "the connection broke", SystemFailure),
    (Kyutai(sends_steps=False), r"nothing came for 0.3 s; it had worked off 0 of \d+ .*steps=false",
     SystemHung),
    (Kyutai(returns_markers=False), "did not return in 3[56]", SystemHung),
    (Kyutai(fault=words), "more than 5000 words", LimitExceeded),
    (Kyutai(fault=flood), r"\d+ messages for \d+ frames", LimitExceeded),
])
def test_what_goes_wrong_is_one_clear_line(
    server: Kyutai, message: str, kind: type[Exception]
) -> None:
    with kyutai_server(server):
        listener = recogniser(server.url, timeout_s=0.3 if not server.sends_steps else 2.0,
                              ).open("en")
        with pytest.raises(kind, match=f"Kyutai server at {re.escape(server.url)}.*{message}"):
            listener.accept(NOISE)
            listener.finish()
        listener.close()


def test_what_is_not_there_is_named() -> None:
    with kyutai_server(Kyutai()) as server:
        url = server.url
    from s2st_bench.systems.asr.kyutai import Kyutai as Recogniser

    with pytest.raises(ConfigError, match=r"nothing listens at ws://.*Connection refused"):
        recogniser(url)
    away = Recogniser(url=url, timeout_s=2.0, tries=1)
    with pytest.raises(SystemFailure, match="Connection refused"):
        away.open("en").accept(NOISE)
    with pytest.raises(ConfigError, match="knows en, fr, not de"):
        away.open("de")
    for settings in ({"url": "http://x"}, {"delay_s": 99.0}, {"tries": 0}):
        with pytest.raises((ConfigError, ValueError)):
            recogniser(**{"url": url, **settings})
