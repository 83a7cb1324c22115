"""What a client of the service may say: read, or refused in one line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.serve.access import Access
from s2st_bench.serve.protocol import (
    Refused,
    Settings,
    bytes_of,
    encode,
    failure,
    read_control,
    samples_of,
    speech_header,
)
from s2st_bench.types import Speech, Word


def test_the_messages_of_simulstreams_client_are_read():
    text = json.dumps({"sample_rate": 48_000, "metrics_metadata": {"wav_name": "a.wav"},
                       "target_lang": "it", "source_lang": "en"})
    control = read_control(text)
    assert control.applied(Settings()) == Settings(48_000, "en", "it") and not control.is_end
    assert read_control('{"end_of_stream": true}').is_end


def test_what_nobody_knows_is_passed_over_and_nothing_changes():
    assert read_control('{"x": [1], "source_lang": null}').applied(Settings()) == Settings()


@pytest.mark.parametrize("text", [
    "", "nonsense", "[]", "3", "null", '"a"', '{"a":', "[" * 20_000,
])
def test_what_is_no_object_is_refused(text: str):
    with pytest.raises(Refused, match="JSON object") as caught:
        read_control(text)
    assert caught.value.code == "bad_message" and caught.value.close == 1007


@pytest.mark.parametrize("message", [
    '{"sample_rate": NaN}', '{"sample_rate": Infinity}', '{"sample_rate": -1}',
    '{"sample_rate": 0}', '{"sample_rate": 1e999}', '{"sample_rate": true}',
    '{"sample_rate": "16000"}', '{"sample_rate": 16000.5}', '{"sample_rate": null}',
    '{"sample_rate": 10000000}', '{"source_lang": 3}', '{"target_lang": "../../etc"}',
    '{"target_lang": "de\\u0000"}', '{"encoding": "mp3"}', '{"encoding": []}', '{"speech": true}',
    '{"speech": "opus"}',
])
def test_settings_that_cannot_be_are_refused_by_name(message: str):
    with pytest.raises(Refused) as caught:
        read_control(message)
    name = message.split('"')[1]
    assert caught.value.code == "bad_setting" and str(caught.value).startswith(f"{name}: ")
    assert str(caught.value).isascii() and "\n" not in str(caught.value)


@given(st.binary(max_size=200).map(lambda data: data[: len(data) // 2 * 2]))
def test_16_bit_audio_survives_both_ways(data: bytes):
    assert bytes_of(samples_of(data, "pcm_s16le"), "pcm_s16le") == data


def test_float_audio_is_exact_and_finite():
    samples = np.array([0.1, -1.7, 1e-9], np.float32)
    assert (samples_of(bytes_of(samples, "pcm_f32le"), "pcm_f32le") == samples).all()
    with pytest.raises(Refused, match="NaN"):
        samples_of(np.array([0, np.nan], "<f4").tobytes(), "pcm_f32le")


def test_what_is_louder_than_16_bits_is_clipped():
    assert bytes_of(np.array([3.0, -3.0], np.float32), "pcm_s16le") == b"\xff\x7f\x00\x80"


def test_errors_and_speech_are_captions_to_those_who_know_no_more():
    error = failure(Refused("full", 'no "seat"\u2028'))
    assert json.loads(encode(error)) == {
        "new": "", "deleted": "", "error": {"code": "full", "message": 'no "seat"\u2028'}}
    speech = Speech(np.zeros(3, np.float32), 22_050)
    assert speech_header(speech, "pcm_s16le", [Word("ja", 0, 0.1)], False) == {
        "encoding": "pcm_s16le", "sample_rate": 22_050, "bytes": 6, "cancel": False,
        "words": [["ja", 0, 0.1]]}
    assert speech_header(None, "pcm_s16le", [], True)["bytes"] == 0


@pytest.mark.parametrize(("host", "origin", "is_in"), [
    ("127.0.0.1:8765", None, True),
    ("localhost:8765", None, True),
    ("[::1]:8765", None, True),
    ("127.0.0.1:8765", "http://127.0.0.1:8765", True),
    ("LOCALHOST:8765", "http://localhost:8765", True),
    ("127.0.0.1:8765", "http://127.0.0.1:9999", False),
    ("127.0.0.1:8765", "http://evil.example", False),
    ("127.0.0.1:8765", "null", False),
    ("127.0.0.1:8765", "https://mine.example", True),
    ("evil.example:8765", "http://evil.example:8765", False),
    ("evil.example:8765", None, False),
    ("127.0.0.1.evil.example", None, False),
    ("", None, False),
    ("[::1", None, False),
])
def test_only_this_machines_own_pages_reach_a_service_on_loopback(host, origin, is_in):
    access = Access("127.0.0.1", origins=("https://mine.example",))
    assert (access.refusal(host, origin) is None) == is_in


def test_beyond_loopback_a_page_comes_from_where_it_connects_to():
    access = Access("0.0.0.0")
    assert access.refusal("lab.example:80", "http://lab.example:80") is None
    assert access.refusal("lab.example:80", "http://other.example") is not None


def test_a_token_comes_in_the_address_or_as_a_header():
    access = Access("0.0.0.0", "s3cret")
    assert access.is_known("/?token=s3cret", None)
    assert access.is_known("/", "Bearer s3cret") and access.is_known("/", "bearer s3cret ")
    for path, header in (("/", None), ("/?token=", None), ("/?token=s3cre", ""), ("/", "s3cret"),
                         ("/?token=é", "Basic s3cret")):
        assert not access.is_known(path, header)
    assert Access("127.0.0.1").is_known("/", None)
