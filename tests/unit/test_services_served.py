"""The stream adapter speaking to a service that it was not made for: our own, which speaks
simulstream's protocol with revisions and speech.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("websockets", reason="needs the extra services")

from s2st_bench.audio import write_wav
from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import Observation
from s2st_bench.timeline import final_text
from s2st_bench.types import AudioSource, Recording, Segment, Speech, Trace, Write
from scripted import Policy, Scripted
from serving import serving

PROTOCOL = """
url: ws://127.0.0.1/
headers: ["Authorization: Bearer {credential}"]
credential_env: SERVED_TOKEN
outputs: [text, speech]
start:
  - send:
      json: {sample_rate: 16000, source_lang: "{source_lang}", target_lang: "{target_lang}",
             speech: pcm_s16le}
audio: {rate_hz: 16000, message: {hex: "{audio}"}}
end:
  - send: {json: {end_of_stream: true}}
receive:
  text: json
  binary: raw
  speech: {encoding: s16le, rate_hz: 16000}
  stamp: {path: sent_s}
  rules:
    - {when: {error.message: "*"}, error: error.message}
    - {when: {deleted: "*"}, append: new, retract: deleted}
    - {when: {deleted: "", new: "*"}, append: new}
    - {when: {bytes: "*"}, audio: bytes}
    - {when: {end_of_processing: true}, done: true}
"""
SAMPLES = np.linspace(-0.5, 0.5, 6300, dtype=np.float32)
"""Three chunks, and a shorter one that is there once the end is told."""


def revising() -> Policy:
    """Says how many chunks it heard, taking back what it said before, and a beep."""
    said = [""]

    def policy(observation: Observation) -> list[Write]:
        before, said[0] = said[0], f"{said[0][:-1]}{len(said[0])}!"
        beep = Speech(np.full(160, 0.25, np.float32), 16_000)
        return [Write(said[0][len(before[:-1]):], beep, retract_chars=len(before[-1:]))]

    return policy


def heard(url: str, folder: Path) -> Trace:
    for part in ("pieces", "spool"):
        (folder / part).mkdir()
    path = folder / "source.wav"
    write_wav(path, SAMPLES, 16_000)
    recording = Recording("r", AudioSource(path), "en", ("de",),
                          (Segment("0", 0.0, 0.4, references={"de": ("x",)}),))
    params: dict[str, Any] = {"protocol": yaml.safe_load(PROTOCOL), "url": url}
    system = build_system(Choice("websocket", params), Registry())
    return replay(system, recording, "de", ReplayOptions(clock="realtime", chunk_s=0.1),
                  folder).whole()


def test_text_revisions_speech_and_times_come_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SERVED_TOKEN", "let-me-in-please")
    with serving(Scripted(revising), token="let-me-in-please", chunk_s=0.1) as served:
        trace = heard(served.url, tmp_path)
    assert trace.error is None
    assert final_text(trace) == "0234!"
    assert sum(w.retract_chars for step in trace.steps for w in step.writes) == 3
    assert [piece.length for piece in trace.pieces] == [160] * 4
    assert all(0 <= job.network_s < 0.4 for step in trace.steps for job in step.jobs)


def test_a_wrong_token_is_refused_without_being_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SERVED_TOKEN", "let-me-in-or-else")
    with serving(Scripted(revising), token="let-me-in-please") as served:
        trace = heard(served.url, tmp_path)
    assert trace.error is not None
    assert "the key was refused" in trace.error.message
    assert "is the key in SERVED_TOKEN right?" in trace.error.message
    assert "or-else" not in repr(trace)
