"""What a service's YAML may say, and the parts that carry it out."""

from __future__ import annotations

import dataclasses
import io
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError, UsageError
from s2st_bench.registry import Registry
from s2st_bench.systems.websocket import protobuf
from s2st_bench.systems.websocket.protocol import (
    Audio,
    Connection,
    Cost,
    Languages,
    Message,
    Protocol,
    Receive,
    Rule,
    Speech,
    Stamp,
    Step,
)
from s2st_bench.systems.websocket.reading import read_protocol
from s2st_bench.systems.websocket.rules import Reader, fits, values_at
from s2st_bench.systems.websocket.secret import Secret
from s2st_bench.systems.websocket.speech import SourceEncoder, SpeechDecoder
from s2st_bench.systems.websocket.templates import fill, names_in
from s2st_bench.systems.websocket.transcript import Transcript, common_prefix
from s2st_bench.systems.websocket.travel import TravelTime
from s2st_bench.types import Task, Write

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = Registry()
GOOD = """
url: wss://speech.example/v1?lang={target_lang}
headers: ["Authorization: Bearer {credential}"]
credential_env: EXAMPLE_KEY
audio: {rate_hz: 16000, message: {json: {audio: "{audio}"}}}
receive:
  rules:
    - {when: {type: text}, append: text}
    - {when: {type: end}, done: true}
"""


def with_line(old: str, new: str) -> Any:
    assert old in GOOD
    return yaml.safe_load(GOOD.replace(old, new))


def system(protocol: Any, **more: Any) -> Any:
    return build_system(Choice("websocket", {"protocol": protocol, **more}), REGISTRY)


def test_a_file_and_its_content_say_the_same(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD, "utf-8")
    assert read_protocol(str(path)) == read_protocol(yaml.safe_load(GOOD))


def test_the_cards_example_and_its_tables_are_the_truth():
    card = (ROOT / "systems/websocket/README.md").read_text("utf-8")
    example = re.search(r"<!-- example.*?```yaml\n(.*?)```", card, re.S)
    assert example is not None
    service = system(yaml.safe_load(example[1]))
    assert service.supports(Task("fr", "de", outputs=service.outputs)) is None
    reference = card[card.index("## The YAML, key by key") :]
    for part in (Protocol, Audio, Receive, Rule, Connection, Cost, Languages, Stamp, Speech, Step,
                 Message):
        for key in dataclasses.fields(part):
            assert f"`{key.name}" in reference, f"{part.__name__}.{key.name} is not on the card"


@pytest.mark.parametrize(("old", "new", "message"), [
    ("url:", "urll:", r"system.protocol.urll: no such option. Did you mean system.protocol.url"),
    ("rate_hz", "rate_khz", r"audio.rate_khz: no such option. Did you mean .*audio.rate_hz"),
    ("append", "apend", r"rules\[0\].apend: no such option. Did you mean .*append"),
    ("{credential}", "{credentail}", r"\{credentail\} is filled by nothing; did you mean "
                                     r"\{credential\}"),
    ("{target_lang}", "{target}", r"\{target\} is filled by nothing"),
    ("wss:", "https:", "url: expected ws://, wss:// or tcp://"),
    ("wss://speech", "wss://me:secret@speech", "leave user and password out"),
    ("lang={target_lang}", "api_key=abc", "api_key holds a key in the file"),
    ("Bearer {credential}", "Bearer abc", "the key|holds a key in the file"),
    ("credential_env: EXAMPLE_KEY", "credential_env: ''", "credential_env names no variable"),
    ("done: true", "closes: true", "nothing ends a recording"),
    ("json: {audio: \"{audio}\"}", "json: {a: 1}, text: x", "exactly one of json"),
    ("json: {audio: \"{audio}\"}", "hex: '0x {audio}'", "audio.message: non-hexadecimal"),
    ("rate_hz: 16000", "rate_hz: 16", "audio.rate_hz: from 1000"),
    ("rate_hz: 16000", "rate_hz: 16000, encoding: ogg_opus", "audio.frame_s: Opus knows"),
    ("rate_hz: 16000", "rate_hz: 44100, encoding: ogg_opus", "audio.rate_hz: Opus knows"),
    ("rate_hz: 16000", "rate_hz: 16000, encoding: mp3", "expected one of s16le"),
    ("credential_env: EXAMPLE_KEY", "credential_env: EXAMPLE_KEY\noutputs: [speech]",
     "receive.speech must say"),
    ("credential_env: EXAMPLE_KEY",
     "credential_env: EXAMPLE_KEY\nend: [{wait: {a: 1}}]", "belongs to start"),
    ("credential_env: EXAMPLE_KEY",
     "credential_env: EXAMPLE_KEY\nconnection: {gap: later}", "expected one of send, drop"),
    ("json: {audio: \"{audio}\"}", "protobuf: {a: 1}", "schema.send is missing"),
    ("credential_env: EXAMPLE_KEY",
     "credential_env: EXAMPLE_KEY\nschema: {send: {a: {number: x}}}", "expected a field number"),
])
def test_what_cannot_be_is_refused_with_the_way_out(old: str, new: str, message: str):
    with pytest.raises(ConfigError, match=message):
        system(with_line(old, new))


def test_a_file_that_is_no_protocol_is_refused_by_its_name(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    with pytest.raises(ConfigError, match="mine.yaml: .*No such file"):
        system(str(path))
    path.write_text("a: [", "utf-8")
    with pytest.raises(ConfigError, match="mine.yaml: while parsing"):
        system(str(path))
    path.write_text("- a", "utf-8")
    with pytest.raises(ConfigError, match="mine.yaml: expected a mapping"):
        system(str(path))
    path.write_text(GOOD.replace("append", "apend"), "utf-8")
    with pytest.raises(ConfigError, match=r"mine.yaml.receive.rules\[0\].apend"):
        system(str(path))
    with pytest.raises(ConfigError, match=r"stands as \*\*\*, as run folders keep secrets"):
        system(with_line('{audio: "{audio}"}', '{audio: "{audio}", token: "***"}'))
    with pytest.raises(ConfigError, match="system.protocol is missing"):
        system(None)
    with pytest.raises(ConfigError, match=r"\{modle\}"):
        system(yaml.safe_load(GOOD), options={"modle": "x"})


def test_languages_that_a_service_lacks_are_refused():
    protocol = with_line("credential_env: EXAMPLE_KEY",
                         "credential_env: EXAMPLE_KEY\nlanguages: {source: [en, fr], "
                         "target: {de: deu, en: eng}, same: false, pairs: [en-de, '*-en']}")
    service = system(protocol)
    assert service.supports(Task("en", "de")) is None
    assert service.supports(Task("fr-CA", "en")) is None
    assert service.supports(Task("fr", "de")) == ("does not translate fr into de: it has *-en, "
                                                  "en-de")
    assert "does not translate from es" in service.supports(Task("es", "en"))
    assert "does not translate en into en" in service.supports(Task("en", "en"))
    assert "not speech" in service.supports(Task("en", "de", outputs=frozenset({"speech"})))


# --- keys ------------------------------------------------------------------------------------


def test_a_key_comes_from_the_environment_and_does_not_print_itself(
    monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("EXAMPLE_KEY", raising=False)
    service = system(yaml.safe_load(GOOD))
    with pytest.raises(UsageError, match="export EXAMPLE_KEY="):
        service.load()
    monkeypatch.setenv("EXAMPLE_KEY", "sk-a/b\x01")
    with pytest.raises(UsageError, match="characters that no key has"):
        service.load()
    monkeypatch.setenv("OTHER_KEY", " sk-a/b \n")
    other = system(yaml.safe_load(GOOD), credential_env="OTHER_KEY", url="ws://127.0.0.1:9/")
    with pytest.raises(UsageError, match="nothing listens at ws://127.0.0.1:9 ") as told:
        other.load()  # the key will do, and is in no message
    assert "sk-a" not in str(told.value)
    secret = Secret.from_environment("OTHER_KEY", "x")
    assert secret.reveal() == "sk-a/b" and "sk-a" not in f"{secret!r}{secret}{other.__dict__}"
    assert secret.scrub("got sk-a/b,\nsk-a%2Fb and c2stYS9i") == "got ***, *** and ***"
    assert secret.scrub(repr('"sk-a\\/b"')) == "'\"***\"'"
    long = Secret("sk-0123456789/abcdef")
    assert long.scrub("it is sk-0123456789/ab…") == "it is ***…"
    assert Secret("ab").scrub("abstract") == "abstract" and Secret().scrub("a\nb") == "a b"


# --- messages out ------------------------------------------------------------------------------


def test_placeholders_keep_their_type_when_alone():
    values = {"rate_hz": 16000, "lang": "de", "audio": b"\x00"}
    given = {"r": "{rate_hz}", "t": "to {lang} at {rate_hz}", "a": ["{audio}"], "j": "{x: {lang}}"}
    assert fill(given, values) == {"r": 16000, "t": "to de at 16000", "a": [b"\x00"],
                                   "j": "{x: de}"}
    assert names_in(given) == {"rate_hz", "lang", "audio"}


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), st.none()))
def test_protobuf_returns_what_it_was_given(keys: dict[str, None]):
    schema = {"a": 1, "b": {"number": 2, "type": "bytes"}, "c": {"number": 300, "fields": {"x": 1}},
              "d": {"number": 4, "type": "double"}, "e": {"number": 5, "repeated": True}}
    values = {"a": -3, "b": b"\xff\x00", "c": {"x": "ü"}, "d": 0.1, "e": ["x", "y"]}
    message = {key: values[key] for key in keys}
    assert protobuf.decode(protobuf.encode(message, schema), schema) == message


@settings(max_examples=30)
@given(st.binary(max_size=60))
def test_protobuf_that_is_broken_is_refused_in_one_way(data: bytes):
    schema = {"a": 1, "c": {"number": 3, "fields": {"x": 1}}}
    try:
        protobuf.decode(data, schema)
    except ValueError:
        pass


def test_protobuf_is_what_its_documentation_shows():
    # https://protobuf.dev/programming-guides/encoding/: 08 96 01, 12 07 …, 1a 03 08 96 01
    assert protobuf.encode({"a": 150}, {"a": 1}).hex() == "089601"
    assert protobuf.encode({"b": "testing"}, {"b": 2}).hex() == "120774657374696e67"
    assert protobuf.encode({"c": {"a": 150}},
                           {"c": {"number": 3, "fields": {"a": 1}}}).hex() == "1a03089601"


def test_time_on_the_way_is_the_least_ping_and_what_a_stamp_adds():
    travel = TravelTime(Stamp("at", unit_s=0.001))
    assert travel.of({}, 5.0) == 0.0
    for round_trip_s in (0.05, 0.02, 0.30):  # the last pong waited in a busy server
        travel.add_ping(round_trip_s)
    assert travel.of({}, 5.0) == 0.02
    assert travel.of({"at": 1000}, 11.0) == 0.02
    assert travel.of({"at": 2000}, 12.25) == pytest.approx(0.27)
    assert travel.of({"at": "soon"}, 13.0) == travel.of({"at": float("nan")}, 14.0) == 0.02


# --- messages in -------------------------------------------------------------------------------


def test_paths_lead_through_mappings_and_lists():
    message = {"a": {"b": [{"c": 1}, {"c": 2}, {}]}, "n": 0}
    assert values_at(message, "a.b.*.c") == [1, 2]
    assert values_at(message, "a.b.1.c") == [2]
    assert values_at(message, "a.x.c") == values_at(message, "a.b.9") == []
    assert fits(message, {"a.b.0.c": 1, "n": 0}) and fits(message, {"a": "*"})
    assert not fits(message, {"n": False}) and not fits(message, {"a.b.*.c": 3})


def said(writes: list[Write | None]) -> str:
    text = ""
    for write in writes:
        if write is not None:
            text = text[: len(text) - write.retract_chars] + write.text
    return text


def test_each_way_of_telling_text_ends_in_the_same_text():
    appended = Transcript()
    assert said([appended.append("Guten"), appended.append("Tag.", join=" ")]) == "Guten Tag."
    replaced = Transcript()
    writes = [replaced.replace("Guten Mor"), replaced.replace("Guten Tag."),
              replaced.replace("Guten Tag.")]
    replaced.close()
    writes.append(replaced.replace("Danke."))
    assert said(writes) == "Guten Tag. Danke." and writes[1:3] == [
        Write("Tag.", retract_chars=3), None]
    full = Transcript()
    assert said([full.full("a b"), full.full("a c d")]) == "a c d"
    by_id = Transcript()
    writes = [by_id.replace("eins", "1"), by_id.replace("zwei", "2"), by_id.replace("ein", "1")]
    assert said(writes) == "ein zwei"
    taken = Transcript()
    assert said([taken.append("abc"), taken.append("X", retract=2), taken.append("Y", retract="X")]
                ) == "aY"


def test_another_connection_starts_a_new_segment_and_keeps_what_was_said():
    transcript = Transcript()
    writes = [transcript.full("eins"), transcript.full("eins zwei")]
    transcript.reconnected()
    writes += [transcript.full("drei"), transcript.full("vier")]
    assert said(writes) == "eins zwei vier"
    with pytest.raises(ValueError, match="takes back 9"):
        transcript.append("x", retract=9)


@settings(max_examples=30)
@given(st.text("ab", max_size=30), st.text("ab", max_size=30))
def test_common_prefix_is_the_longest(a: str, b: str):
    n = common_prefix(a, b)
    assert a[:n] == b[:n] and (n in (len(a), len(b)) or a[n] != b[n])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["append", "replace", "full", "close", "again"]),
                          st.text("ab ", max_size=6), st.sampled_from(["", "1", "2"])),
                max_size=12))
def test_writes_always_add_up_to_the_segments(steps: list[tuple[str, str, str]]):
    transcript, text = Transcript(), ""
    for verb, what, segment in steps:
        write = None
        if verb == "append":
            write = transcript.append(what, segment=segment)
        elif verb == "replace":
            write = transcript.replace(what, segment)
        elif verb == "full":
            write = transcript.full(what)
        elif verb == "close":
            transcript.close()
        else:
            transcript.reconnected()
        if write is not None:
            assert 0 <= write.retract_chars <= len(text)
            text = text[: len(text) - write.retract_chars] + write.text
        assert text == transcript.text


def test_only_what_the_task_wants_is_read():
    receive = Receive((Rule(append="t", audio="a"),), speech=Speech(16_000), quiet_s=1.0)
    message = {"t": "eins", "a": struct.pack("<3h", 0, 16384, -32768)}
    text = Reader(receive, frozenset({"text"}), " ").read(message)
    assert text.writes == (Write("eins"),)
    (write,) = Reader(receive, frozenset({"speech"}), " ").read(message).writes
    assert write.audio is not None and write.audio.samples.tolist() == [0.0, 0.5, -1.0]


def test_speech_may_be_cut_inside_a_sample():
    data = np.arange(-5, 5, dtype="<i2").tobytes()
    decoder = SpeechDecoder(Speech(16_000))
    parts = [decoder.decode(data[at : at + 3])[0] for at in range(0, len(data), 3)]
    assert (np.concatenate(parts) * 32768).tolist() == list(range(-5, 5))
    with pytest.raises(ValueError, match="not base64"):
        decoder.decode("ä")
    with pytest.raises(ValueError, match="not finite"):
        SpeechDecoder(Speech(16_000, "f32le")).decode(struct.pack("<f", float("nan")))


def test_opus_pages_are_a_stream_that_libsndfile_reads():
    pytest.importorskip("sphn")
    encoder = SourceEncoder("ogg_opus", 24_000)
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 24_000)).astype(np.float32)
    pages = b"".join(encoder.encode(tone[at : at + 1920]) for at in range(0, len(tone), 1920))
    got, rate_hz = soundfile.read(io.BytesIO(pages), dtype="float32")
    assert rate_hz in (24_000, 48_000) and len(got) / rate_hz == pytest.approx(2.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(got[: rate_hz]))
    assert np.argmax(spectrum) == 440
    decoder = SpeechDecoder(Speech(24_000, "ogg_opus"))
    back = np.concatenate([decoder.decode(pages[at : at + 100])[0]
                           for at in range(0, len(pages), 100)])
    assert len(back) == pytest.approx(48_000, abs=2000) and np.abs(back).max() < 0.5
    with pytest.raises(ValueError, match="ogg"):
        SpeechDecoder(Speech(24_000, "ogg_opus")).decode(b"no Ogg at all" * 9)
