"""Each service's protocol against a loopback server that plays its documentation's messages."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import yaml

from s2st_bench.audio import write_wav
from s2st_bench.audio.resample import resampled
from s2st_bench.build import build_system
from s2st_bench.compose import compose
from s2st_bench.config import Choice, RunConfig, redact
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.timeline import final_text
from s2st_bench.types import AudioSource, Recording, Segment, Trace
from service_server import DATA, fixture, tcp_script, websocket_script

REGISTRY = Registry()
NAMES = sorted(path.stem for path in DATA.glob("*.yaml"))
KEY = "sk-loopback/0123+456789"
RATE_HZ = 16_000
SECONDS = 0.4
SWEEP = (0.4 * np.sin(2 * np.pi * np.cumsum(np.linspace(200, 2000, int(SECONDS * RATE_HZ)))
                      / RATE_HZ)).astype(np.float32)


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    return {**base, **{k: merged(base[k], v) if isinstance(v, Mapping) and k in base else v
                       for k, v in change.items()}}


def service(name: str, address: str, change: Mapping[str, Any]) -> Any:
    values = yaml.safe_load(REGISTRY.options("systems")[name].read_text("utf-8"))
    del values["name"]
    protocol = merged(values["protocol"], change)
    path = urlsplit(protocol["url"])
    url = address if path.scheme == "tcp" else (
        f"{address}{path.path}{'?' + path.query if path.query else ''}")
    return build_system(Choice(name, {**values, "protocol": protocol, "url": url}), REGISTRY)


def recorded(folder: Path, source: str, target: str) -> Recording:
    path = folder / "source.wav"
    write_wav(path, SWEEP, RATE_HZ)
    segment = Segment("0", 0.0, SECONDS, references={target: ("x",)})
    return Recording("r", AudioSource(path), source, (target,), (segment,))


def play(name: str, folder: Path) -> tuple[Trace, Any]:
    """One recording through the shipped protocol, against its fixture."""
    spec = fixture(name)
    for part in ("pieces", "spool"):
        (folder / part).mkdir(parents=True)
    source, target = spec.get("pair", ["en", "de"])
    serve = tcp_script if spec.get("transport") == "tcp" else websocket_script
    with serve(spec) as (address, script):
        system = service(spec.get("system", name), address, spec.get("options", {}))
        system.load()
        options = ReplayOptions(clock="realtime", chunk_s=0.1)
        trace = replay(system, recorded(folder, source, target), target, options, folder).whole()
    return trace, script


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All fixtures, played side by side: each is a second of waiting."""
    for package in ("websockets", "msgpack", "sphn", "google.protobuf"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs {package}")
    folder = tmp_path_factory.mktemp("services")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("KYUTAI", "OPENAI", "GEMINI", "DASHSCOPE", "VOLCENGINE"):
            patch.setenv(f"{variable}_API_KEY", KEY)
        with ThreadPoolExecutor(len(NAMES)) as pool:
            runs = pool.map(functools.partial(lambda name: play(name, folder / name)), NAMES)
            yield dict(zip(NAMES, runs, strict=True))
    assert not [t for t in threading.enumerate() if t.name.startswith("asyncio_")]


@pytest.mark.parametrize("name", NAMES)
def test_says_what_the_service_said(played: Any, name: str):
    trace, script = played[name]
    assert [heard.problem for heard in script.heard] == [""]
    assert trace.error is None
    expect = fixture(name)["expect"]
    assert final_text(trace) == expect["text"]
    spoken = sum(piece.length / piece.sample_rate_hz for piece in trace.pieces)
    assert spoken == pytest.approx(expect["speech_s"], abs=1e-3)
    taken_back = sum(w.retract_chars for step in trace.steps for w in step.writes)
    assert taken_back == expect.get("retracted", 0)


@pytest.mark.parametrize("name", NAMES)
def test_the_service_heard_the_source_in_its_own_rate_and_frames(played: Any, name: str):
    spec, (_, script) = fixture(name), played[name]
    heard, rate_hz = script.heard[0], spec["rate_hz"]
    source = resampled(SWEEP, RATE_HZ, rate_hz)
    lead = round(spec.get("lead_s", 0.0) * rate_hz)
    got = heard.audio
    assert len(got) >= lead + len(source)
    assert np.abs(got[: lead // 2]).max(initial=0) < 0.01
    if spec.get("lossy"):
        # Opus delays by its look-ahead and does not keep the waveform's phase exactly
        slip = max(range(0, 700, 2), key=lambda n: _alike(got[lead + n :], source))
        assert _alike(got[lead + slip :], source) > 0.9
    else:
        assert _alike(got[lead:], source) > 0.999
    if "frame_s" in spec:
        assert set(heard.frames_s) == {spec["frame_s"]}


@pytest.mark.parametrize("name", [n for n in NAMES if fixture(n).get("transport") != "tcp"])
def test_the_key_and_the_model_go_where_the_service_wants_them(played: Any, name: str):
    spec, (_, script) = fixture(name), played[name]
    heard = script.heard[0]
    assert heard.path == spec["path"]
    for header, value in spec.get("header", {}).items():
        assert heard.headers[header] == value.replace("{key}", KEY)


def test_time_on_the_way_is_noted_apart(played: Any):
    trace, _ = played["openai_realtime"]
    jobs = [job for step in trace.steps for job in step.jobs]
    assert jobs and all(0 <= job.network_s <= job.compute_s for job in jobs)
    assert any(job.network_s > 0 for job in jobs)


def test_every_shipped_service_has_a_fixture_that_names_its_source():
    shipped = {p.name for p in REGISTRY.plugins("systems") if p.adapter == "websocket"}
    assert shipped == {fixture(name).get("system", name) for name in NAMES}
    assert all("://" in fixture(name)["source"] for name in NAMES)


@pytest.mark.slow
def test_a_run_is_composed_and_stored_with_the_whole_protocol():
    config = compose(["system=seed_interpret", "dataset=conference", "clock=realtime",
                      "system.url=ws://h/", "system.protocol.options.resource=mine"])
    assert RunConfig.from_dict(config.to_dict()).system.params == config.system.params
    protocol = build_system(config.system, REGISTRY).protocol
    assert protocol.url == "ws://h/" and protocol.options == {"resource": "mine"}
    assert protocol.schema["send"]["target_audio"]["number"] == 5


@pytest.mark.parametrize("name", sorted({fixture(n).get("system", n) for n in NAMES}))
def test_costs_stand_on_the_card_and_nothing_is_taken_for_a_secret(name: str):
    plugin = REGISTRY.get("systems", name)
    protocol = yaml.safe_load(REGISTRY.options("systems")[name].read_text("utf-8"))["protocol"]
    card = " ".join(plugin.card_path.read_text("utf-8").split())
    assert redact(protocol) == protocol  # a run folder holds all of it
    if cost := protocol.get("cost"):
        assert f"{cost['per_hour']:g} {cost['currency']}" in card
    assert ("untested against the service" in card.lower()) == (
        "untested against the service" in plugin.summary)


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    n = min(len(a), len(b))
    a, b = a[:n], b[:n]
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-9))
