"""Every system that the field speaks of is listed, with its state, a card, and configurations that
say what they lack.

The names are those of the project's list of the field's systems; several stand for one plugin.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from s2st_bench.build import build_system
from s2st_bench.cli import app
from s2st_bench.compose import compose
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError
from s2st_bench.registry import Registry

REGISTRY = Registry()
OURS = ("ready", "missing")
"""Needs no weights; on a machine without its extra it is ``missing``."""
USERS = ("weights",)
CARD = ("card",)
SERVED = ("weights", "missing")
KEYED = ("key", "missing", "ready", "weights")
"""``ready`` where the key is in the environment."""

FIELD: dict[str, tuple[str, tuple[str, ...]]] = {
    "wait-k / STACL": ("wait_k", OURS),
    "Multi-path wait-k": ("wait_k", OURS),
    "MMA": ("mma", OURS),
    "EMMA": ("emma", OURS),
    "AlignAtt": ("alignatt", OURS),
    "EDAtt": ("edatt", OURS),
    "Streaming concurrent cascade": ("cascade", OURS),
    "SimulEval agents": ("simuleval", OURS),
    "SimulEval 1.0 agents": ("simuleval_v1", ("ready",)),
    "Fairseq-SimulST": ("fairseq_simulst", USERS),
    "DiSeg": ("diseg", USERS),
    "SeamlessM4T-v2": ("seamless", ("weights", "missing")),
    "Whisper": ("speech2text", ("weights", "missing")),
    "SeamlessStreaming": ("seamless_streaming", USERS),
    "SeamlessExpressive": ("seamless_expressive", USERS),
    "StreamSpeech": ("streamspeech", USERS),
    "Simul-LLM": ("simul_llm", USERS),
    "FBK AlignAtt": ("fbk_alignatt", USERS),
    "FBK EDAtt": ("fbk_edatt", USERS),
    "FBK StreamAtt": ("fbk_streamatt", USERS),
    "FBK 2024 SimulSeamless": ("simulseamless", USERS),
    "NAIST 2024": ("naist", USERS),
    "simulstream processors": ("simulstream", OURS),
    "simulstream server": ("simulstream_ws", OURS),
    "IWSLT docker images": ("simulstream_http", OURS),
    "ESPnet-ST-v2": ("espnet", ("weights", "missing")),
    "EchoStream": ("echostream_server", SERVED),
    "Hibiki": ("hibiki", SERVED),
    "Hibiki-Zero": ("hibiki_zero", SERVED),
    "Kyutai STT": ("kyutai_stt", KEYED),
    "SimulStreaming": ("simulstreaming", SERVED),
    "OpenAI realtime translation": ("openai_realtime", KEYED),
    "Gemini live translation": ("gemini_live", KEYED),
    "DashScope (Qwen)": ("qwen_livetranslate", KEYED),
    "Seed LiveInterpret 2.0": ("seed_interpret", KEYED),
    "our own server": ("served", SERVED),
    "RL policy": ("rl_policy", CARD),
    "Divergence-guided (DiG-SST)": ("dig_sst", CARD),
    "CMU 2024": ("cmu_2024", CARD),
    "SimulTron": ("simultron", CARD),
    "CLASI": ("clasi", CARD),
    "StreamUni": ("streamuni", CARD),
}
ADAPTED = [
    path for plugin in REGISTRY.plugins("systems")
    if plugin.adapter in ("simuleval", "simuleval_v1")
    for path in plugin.config_files()
    if yaml.safe_load(path.read_text("utf-8"))["name"] == plugin.name
]


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, str]]:
    done = CliRunner().invoke(app, ["ls", "systems", "--json"])
    assert done.exit_code == 0, done.output
    return {row["name"]: row for row in json.loads(done.stdout)["systems"]}


@pytest.mark.parametrize("system", FIELD)
def test_is_listed_with_its_state(system: str, rows: dict[str, dict[str, str]]) -> None:
    name, states = FIELD[system]
    row = rows[name]
    assert row["state"] in states
    if states in (USERS, SERVED) or row["state"] == "weights":
        assert row["weights"], "which, and where"
    if states == CARD:
        assert row["reason"] and not row["options"]


@pytest.mark.parametrize(("name", "state"), [
    ("streamspeech", "needs weights: "), ("simultron", "published only: closed"),
    ("naist", "needs weights: not released"),
])
def test_show_prints_its_card(name: str, state: str) -> None:
    done = CliRunner().invoke(app, ["show", name])
    assert done.exit_code == 0
    card = REGISTRY.get("systems", name).card_path
    assert card is not None
    assert state in done.stdout and card.read_text("utf-8").splitlines()[0] in done.stdout


@pytest.mark.parametrize(
    "name", sorted({name for name, states in FIELD.values() if set(states) & {"weights", "card"}})
)
def test_card_says_what_a_user_asks_first(name: str) -> None:
    path = REGISTRY.get("systems", name).card_path
    assert path is not None
    text = path.read_text("utf-8")
    for row in ("Paper", "Licence", "Languages", "Input, output", "Install"):
        assert f"| {row}" in text
    assert re.search("^## (Known )?[Dd]efects?\n\\S", text, re.MULTILINE)


@pytest.mark.parametrize("path", ADAPTED, ids=[path.stem for path in ADAPTED])
def test_ready_configuration_says_what_it_lacks(path: Path) -> None:
    """Without what only its user has, there is one message that names all of it."""
    values = yaml.safe_load(path.read_text("utf-8"))
    name = values.pop("name")
    with pytest.raises(ConfigError) as raised:
        build_system(Choice(name, values), REGISTRY)
    message = str(raised.value)
    assert message.startswith("give system.") and "\n" not in message
    for option, what in values["needs"].items():
        assert f"system.{option}=… ({what})" in message


@pytest.mark.slow
@pytest.mark.parametrize("path", ADAPTED, ids=[path.stem for path in ADAPTED])
def test_ready_configuration_composes(path: Path) -> None:
    run = compose([f"system={path.stem}", "dataset=conference"], registry=REGISTRY)
    values = yaml.safe_load(path.read_text("utf-8"))
    assert run.system == Choice(values.pop("name"), values)


@pytest.mark.parametrize("path", ADAPTED, ids=[path.stem for path in ADAPTED])
def test_needs_are_the_options_left_empty(path: Path) -> None:
    values = yaml.safe_load(path.read_text("utf-8"))
    empty = {name for name, value in values.items() if value is None}
    empty |= {f"args.{name}" for name, value in values.get("args", {}).items() if value is None}
    optional = {"remote"} if values["name"] == "simulseamless" else set()
    assert empty - optional == set(values["needs"])


def test_what_is_given_goes_to_the_agent() -> None:
    """The options of a ready configuration, filled on the command line as its card says."""
    run = compose(
        ["system=seamless_expressive", "dataset=conference", "system.tgt_lang=fra",
         "system.args.gated-model-dir=/somewhere", "system.args.decision-threshold=0.7",
         "+system.args.d-factor=1.1"],
        registry=REGISTRY,
    )
    made = build_system(run.system, REGISTRY)
    line = " ".join(made.args)  # type: ignore[attr-defined]
    assert "--tgt-lang fra" in line and "--gated-model-dir /somewhere" in line
    assert "--decision-threshold 0.7" in line and "--d-factor 1.1" in line
    assert re.search(r"--no-early-stop( --|$)", line)
