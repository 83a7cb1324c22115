"""Runs against a service, from the command line to run folder and board; no key anywhere."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from s2st_bench.audio import write_wav
from s2st_bench.cli import app
from s2st_bench.store import RunFolder
from s2st_bench.timeline import final_text
from service_server import websocket_server

KEY = "sk-run/0123+456789abc"
VARIABLE = "HOUSE_API_KEY"
PROTOCOL: dict[str, Any] = {
    "url": "ws://127.0.0.1:1/v1?model={model}",
    "headers": ["Authorization: Bearer {credential}", "X-Key: {credential}"],
    "credential_env": VARIABLE,
    "options": {"model": "small"},
    "cost": {"per_hour": 1.5, "currency": "EUR"},
    "start": [{"send": {"json": {"to": "{target_lang}", "auth": "{credential}"}}}],
    "audio": {"rate_hz": 8000, "frame_s": 0.1, "message": {"json": {"audio": "{audio}"}}},
    "end": [{"send": {"json": {"end": True}}}],
    "receive": {"rules": [
        {"when": {"text": "*"}, "append": "text"},
        {"when": {"error": "*"}, "error": "error"},
        {"when": {"done": True}, "done": True},
    ]},
}

pytestmark = pytest.mark.skipif(importlib.util.find_spec("websockets") is None,
                                reason="needs websockets")


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


class House:
    """Answers the first recording, and tells its key to the others in three ways."""

    def __init__(self) -> None:
        self.first: list[dict[str, Any]] = []
        self.models: list[str] = []

    async def __call__(self, socket: Any) -> None:
        n = len(self.first)
        self.models.append(socket.request.path)
        self.first.append(json.loads(await socket.recv()))
        if n == 1:
            await socket.send(json.dumps({"error": f"who is {KEY}?"}))
        elif n == 2:
            await socket.close(1008, KEY)
            return
        elif n == 3:
            await socket.send(f"not JSON: {KEY}")
        else:
            await socket.send(json.dumps({"text": "Guten Tag"}))
        while "end" not in json.loads(await socket.recv()):
            pass
        await socket.send(json.dumps({"done": True}))


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    write_wav(tmp_path / "a.wav", np.linspace(-0.5, 0.5, 4800, dtype=np.float32), 16_000)
    rows = ["audio\tlang\ttranscript\tde", *["a.wav\ten\tgood day\tGuten Tag"] * 4]
    rows = [rows[0] + "\tid", *(f"{row}\tr{i}" for i, row in enumerate(rows[1:]))]
    path = tmp_path / "talks.tsv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


def run(*overrides: str | Path, talks: Path, out: Path) -> Result:
    return call(*[o for o in overrides if str(o).startswith("-")], "run",
                *[o for o in overrides if not str(o).startswith("-")],
                "dataset=manifest", f"dataset.path={talks}", "target_lang=de", "clock=realtime",
                "warmup_s=0", "metrics=[BLEU,LAAL]", f"out={out}", "name=house")


def test_a_users_service_runs_from_one_file_and_its_key_is_nowhere(
    talks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, KEY)
    protocol = tmp_path / "house.yaml"
    protocol.write_text(yaml.safe_dump(PROTOCOL), "utf-8")
    house = House()
    with websocket_server(house) as address:
        done = run("system=websocket", f"system.protocol={protocol}",
                   f"system.url='{address}/v1?model={{model}}'", "system.options={model: big}",
                   talks=talks, out=tmp_path / "runs")
    assert done.exit_code == 0, done.output
    assert house.first[0] == {"to": "de", "auth": KEY} and house.models == ["/v1?model=big"] * 4
    folder = RunFolder(tmp_path / "runs/house")
    traces = list(folder.traces())
    assert final_text(traces[0]) == "Guten Tag" and traces[0].error is None
    assert [t.error and t.error.message for t in traces[1:]] == [
        "the service says: who is ***?",
        "the service closed the connection after 0.00 s (1008: ***)",
        "a message is not json: Expecting value: line 1 column 1 (char 0): 'not JSON: ***'",
    ]
    record = folder.record()
    assert record.card["cost_per_hour"] == 1.5 and record.card["currency"] == "EUR"
    texts = [done.output, *(path.read_bytes().decode("utf-8", "replace")
                            for path in (tmp_path / "runs").rglob("*") if path.is_file())]
    assert len(texts) > 5 and not any(KEY in text for text in texts)


@pytest.mark.slow
def test_a_users_service_is_a_plugin_of_two_small_files(
    talks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(VARIABLE, KEY)
    folder = tmp_path / "mine/systems/house"
    (folder / "config").mkdir(parents=True)
    (folder / "plugin.toml").write_text(
        '[[plugin]]\nname = "house"\nadapter = "websocket"\nsummary = "ours"\n'
        f'key = "{VARIABLE}"\n',
        "utf-8")
    with websocket_server(House()) as address:
        protocol = {**PROTOCOL, "url": f"{address}/v1"}
        (folder / "config/house.yaml").write_text(
            yaml.safe_dump({"name": "house", "protocol": protocol}), "utf-8")
        done = run(f"--plugin-dir={tmp_path / 'mine'}", "system=house", talks=talks,
                   out=tmp_path / "runs")
    assert done.exit_code == 0, done.output
    assert final_text(next(RunFolder(tmp_path / "runs/house").traces())) == "Guten Tag"
    site = call("board", tmp_path / "runs/house", "--out", tmp_path / "site",
                "--board", "procurement")
    assert site.exit_code == 0, site.output
    assert "1.50 EUR" in (tmp_path / "site/index.html").read_text("utf-8")
    monkeypatch.delenv(VARIABLE)
    missing = run(f"--plugin-dir={tmp_path / 'mine'}", "system=house", talks=talks,
                  out=tmp_path / "again")
    assert missing.exit_code == 2
    assert f"system house needs its key in the environment: export {VARIABLE}=" in missing.output
    assert "Traceback" not in missing.output
