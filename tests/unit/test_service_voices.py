"""CosyVoice and Edge, against servers on loopback that speak their protocols, also badly.

CosyVoice: ``runtime/python/fastapi/{server,client}.py`` of https://github.com/FunAudioLLM/CosyVoice
(raw 16-bit samples, chunked; the form sent with GET).  Edge: the messages that the package edge-tts
7.3.1 itself reads (``communicate.py``): ``turn.start``, ``audio`` with a header of two bytes'
length before it, ``audio.metadata``, ``turn.end``.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loopback import Answer, hangs_up, http_server, refuses, streams
from s2st_bench.errors import InputError, LimitExceeded, SystemFailure, SystemHung
from s2st_bench.parts import waited_s
from s2st_bench.speech.stage import TtsStage
from s2st_bench.system import Observation
from s2st_bench.systems.tts.cosyvoice import CosyVoice
from s2st_bench.types import Samples, Write

RATE = 24_000
TONE: Samples = np.sin(np.arange(RATE // 4) * 0.1).astype(np.float32) * 0.5
PCM = (TONE * 32_768).astype("<i2").tobytes()
RAW = "application/octet-stream"


def cosyvoice(url: str, **settings: Any) -> CosyVoice:
    made = CosyVoice(base_url=url, **{"mode": "sft", "speaker": "英文女", "tries": 2,
                                      "timeout_s": 2.0, "backoff_s": 0.01, **settings})
    made.load()
    return made


def test_speech_is_written_while_the_server_still_speaks() -> None:
    heard = threading.Event()
    answer = streams(PCM[:4001], lambda: heard.wait(2), PCM[4001:], kind=RAW)
    with http_server(answer) as server:
        stage = TtsStage(cosyvoice(server.url), "en", 1)
        pieces = []
        for write in stage.policy(Observation(write=Write("Hello there."))):
            assert write.audio is not None and write.audio.sample_rate_hz == RATE
            pieces.append(write.audio.samples)
            heard.set()
        assert len(pieces) == 2 and sum(s for _, s in stage.meter.networks) > 0
        np.testing.assert_allclose(np.concatenate(pieces), TONE, atol=2 / 32_768)
    method, path, headers, body = server.requests[0]
    assert (method, path) == ("GET", "/inference_sft")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert body.startswith(b"tts_text=Hello+there.&spk_id=%E8%8B%B1")


def test_a_voice_is_sent_as_a_file(tmp_path: Path) -> None:
    wav = tmp_path / "voice.wav"
    wav.write_bytes(b"RIFF\0\r\n--x" * 9)
    with http_server(streams(PCM, kind=RAW)) as server:
        voice = cosyvoice(server.url, mode="zero_shot", prompt_wav=wav, prompt_text="Guten Tag",
                          method="POST")
        assert sum(len(p.samples) for p in voice.speak("Hello", "en")) == len(TONE)
        assert waited_s(voice) > 0
    method, path, headers, body = server.requests[0]
    assert (method, path) == ("POST", "/inference_zero_shot")
    form = message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    fields = {part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
              for part in form.walk() if not part.is_multipart()}
    assert fields == {"tts_text": b"Hello", "prompt_text": b"Guten Tag",
                      "prompt_wav": wav.read_bytes()}


@pytest.mark.parametrize(("answer", "message", "kind"), [
    (refuses(500, "CUDA out of memory"), r"CosyVoice at .* answered 500 .*CUDA.*\(2 times\)",
     SystemFailure),
    (refuses(422, '{"detail": "field required"}'), "answered 422 .*field required", SystemFailure),
    (hangs_up, "CosyVoice at http://127.0.0.1", SystemFailure),
    (streams(PCM[:999], kind=RAW), "ended within a sample", SystemFailure),
    (streams(PCM, kind=RAW, whole=False), "broke off within its answer", SystemFailure),
    (refuses(200, "half", Content_Length="90", Connection="close"),
     "hung up 86 bytes before the end", SystemFailure),
    (streams(kind=RAW), "without any speech", SystemFailure),
    (streams(PCM, lambda: time.sleep(0.5), kind=RAW), "fell silent for 0.2 s", SystemHung),
    (streams(*[bytes(1 << 20)] * 8, kind=RAW), "more than 120 s of speech", LimitExceeded),
])
def test_what_goes_wrong_with_cosyvoice_is_one_clear_line(
    answer: Answer, message: str, kind: type[Exception]
) -> None:
    with http_server(answer) as server:
        voice = cosyvoice(server.url, timeout_s=0.2 if kind is SystemHung else 2.0)
        with pytest.raises(kind, match=message):
            list(voice.speak("Hello", "en"))


def test_settings_of_cosyvoice_are_checked(tmp_path: Path) -> None:
    for settings, message in [
        ({}, "prompt_wav: mode=cross_lingual needs it"), ({"mode": "sft"}, "speaker: mode=sft"),
        ({"mode": "zero_shot", "prompt_wav": tmp_path}, "prompt_text"),
        ({"mode": "instruct", "speaker": "x"}, "instruct_text"), ({"sample_rate_hz": 1}, "8000"),
    ]:
        with pytest.raises(ValueError, match=message):
            CosyVoice(**settings)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="prompt_wav=.*cannot be read"):
        CosyVoice(prompt_wav=tmp_path / "none.wav").load()
    voice = CosyVoice(mode="sft", speaker="x")
    assert voice.missing("en-GB") is None and "speaks en, ja" in (voice.missing("de") or "")


# --- Edge --------------------------------------------------------------------------------------

def mp3(samples: Samples) -> bytes:
    import soundfile

    data = io.BytesIO()
    soundfile.write(data, samples, RATE, format="MP3")
    return data.getvalue()


def said(path: str, body: str = "{}") -> str:
    return f"X-RequestId:1\r\nContent-Type:application/json\r\nPath:{path}\r\n\r\n{body}"


def audio(data: bytes) -> bytes:
    header = b"X-RequestId:1\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
    return len(header).to_bytes(2, "big") + header + data


METADATA = json.dumps({"Metadata": [{"Type": "SentenceBoundary", "Data": {
    "Offset": 1_000_000, "Duration": 5_000_000, "text": {"Text": "Hallo", "Length": 5}}}]})


@contextmanager
def edge_server(
    answer: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    communicate = pytest.importorskip("edge_tts.communicate", reason="edge-tts is not installed")
    pytest.importorskip("av", reason="PyAV is not installed")
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.server import serve

    requests: list[str] = []

    def handler(connection: Any) -> None:
        try:
            requests.extend([connection.recv(), connection.recv()])
            answer(connection)
        except ConnectionClosed:
            pass  # the client has hung up

    with serve(handler, "127.0.0.1", 0) as server:
        port = server.socket.getsockname()[1]
        monkeypatch.setattr(communicate, "WSS_URL", f"ws://127.0.0.1:{port}/v1?x=1")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield requests


def test_edge_speaks_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    from s2st_bench.systems.tts.edge import Edge

    data, heard = mp3(np.tile(TONE, 8)), threading.Event()

    def answer(connection: Any) -> None:
        connection.send(said("turn.start"))
        connection.send(audio(data[: len(data) // 2 + 1]))
        heard.wait(2)
        connection.send(said("audio.metadata", METADATA))
        connection.send(audio(data[len(data) // 2 + 1 :]))
        connection.send(said("turn.end"))

    with edge_server(answer, monkeypatch) as requests:
        voice = Edge(rate_percent=10)
        voice.load()
        assert voice.missing("de-AT") is None and "voice" in (voice.missing("tlh") or "")
        pieces = []
        for piece in voice.speak("Hallo", "de"):
            pieces.append(piece.samples)
            heard.set()
    assert len(pieces) >= 2 and waited_s(voice) > 0
    sound = np.concatenate(pieces)
    assert abs(len(sound) - 8 * len(TONE)) < 3_000 and 0.3 < np.abs(sound).max() < 0.7
    assert "KatjaNeural" in requests[1] and "rate='+10%'" in requests[1] and "Hallo" in requests[1]


def test_edge_needs_the_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    from s2st_bench.systems.tts.edge import Edge

    with edge_server(lambda c: None, monkeypatch):
        pass  # nobody listens there any more
    with pytest.raises(SystemFailure, match=r"edge-tts: 127.0.0.1 cannot be reached \(Conn"):
        list(Edge().speak("Hallo", "de"))


@pytest.mark.parametrize(("answer", "message", "kind"), [
    (lambda c: c.send(said("turn.end")), "NoAudioReceived", SystemFailure),
    (lambda c: c.close(), "NoAudioReceived|closed|ended", SystemFailure),
    (lambda c: c.send(said("riddle")), "UnknownResponse", SystemFailure),
    (lambda c: c.send(b"\x00"), "UnexpectedResponse", SystemFailure),
    (lambda c: c.send(said("audio.metadata", "{nonsense")), "edge-tts: JSONDecodeError",
     SystemFailure),
    (lambda c: time.sleep(0.4), "nothing came for 0.2 s", SystemHung),
])
def test_what_goes_wrong_with_edge_is_one_clear_line(
    answer: Callable[[Any], None], message: str, kind: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from s2st_bench.systems.tts.edge import Edge

    with edge_server(answer, monkeypatch):
        voice = Edge(timeout_s=0.2 if kind is SystemHung else 5.0)
        with pytest.raises(kind, match=message):
            list(voice.speak("Hallo", "de"))
