"""Agents of SimulEval 1.0 run unmodified; their delays, worked out by hand.

1.0.2 counts the end of a text as a token read, so that it gives words after it a delay of one
token more than the text has; here they have the length of the text.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from s2st_bench.errors import ConfigError, LimitExceeded, SystemFailure
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import Observation
from s2st_bench.systems.simuleval.v1.names import as_simuleval
from s2st_bench.systems.simuleval.v1.source import SpeechExchange, TextExchange
from s2st_bench.systems.simuleval.v1.system import SimulEvalV1Agent
from s2st_bench.timeline import emissions, final_text
from s2st_bench.types import (
    AudioChunk,
    AudioSource,
    Recording,
    Task,
    TextChunk,
    TextSource,
    Trace,
)

AGENTS = Path(__file__).parent / "simuleval_v1_agents"
RATE_HZ = 16_000
HEADER = "from simuleval import DEFAULT_EOS, READ_ACTION, WRITE_ACTION\n" \
         "from simuleval.agents import SpeechAgent, TextAgent\n"


def agent(file: str | Path, args: Any = None, **options: Any) -> SimulEvalV1Agent:
    made = SimulEvalV1Agent(agent=AGENTS / file, args=args, **options)
    made.load()
    return made


def replayed(made: SimulEvalV1Agent, source: AudioSource | TextSource, run: Path,
             chunk_s: float = 0.1) -> Trace:
    for folder in ("pieces", "spool"):
        (run / folder).mkdir(exist_ok=True)
    recording = Recording("r", source, "de", ("en",), ())
    options = ReplayOptions(clock="ideal", chunk_s=chunk_s)
    return replay(made, recording, "en", options, run, slot="0").whole()


def delays(trace: Trace) -> list[tuple[str, float]]:
    assert trace.error is None
    return [(each.unit, round(each.delay, 6)) for each in emissions(trace)]


@pytest.fixture
def speech(tmp_path: Path) -> AudioSource:
    """A second and a half."""
    path = tmp_path / "speech.wav"
    soundfile.write(path, np.linspace(-1, 1, 24_000), RATE_HZ, subtype="PCM_16")
    return AudioSource(path)


@pytest.mark.parametrize(("k", "expected"), [
    (1, [("A", 1), ("B", 2), ("C", 3), ("D", 4), ("E", 5)]),
    (3, [("A", 3), ("B", 4), ("C", 5), ("D", 5), ("E", 5)]),
    (9, [("A", 5), ("B", 5), ("C", 5), ("D", 5), ("E", 5)]),
])
def test_wait_k_text(k: int, expected: list[tuple[str, float]], tmp_path: Path) -> None:
    trace = replayed(agent("wait_k_text.py", ["--waitk", k]), TextSource(tuple("abcde")), tmp_path)
    assert delays(trace) == expected


@pytest.mark.parametrize("chunk_s", [0.02, 0.1, 0.28, 1.0, 9.0])
def test_wait_k_speech_with_pre_decision(
    chunk_s: float, speech: AudioSource, tmp_path: Path
) -> None:
    """Decisions every 280 ms, two behind: "eins" is whole when "_zwei" is predicted, with the
    third stretch; "drei" when "_vier" is, with the last one; "vier" at the end.
    """
    trace = replayed(agent("pre_decision_speech.py"), speech, tmp_path, chunk_s)
    assert delays(trace) == [("eins", 0.84), ("zwei", 1.12), ("drei", 1.5), ("vier", 1.5)]
    assert final_text(trace) == "eins zwei drei vier"


def test_blocks_and_k_change_the_delays(speech: AudioSource, tmp_path: Path) -> None:
    """Every 400 ms, one behind: "_eins" after the first, "_zwei" after the second, …"""
    made = agent("pre_decision_speech.py", {"waitk": 1, "blocks": 10})
    assert delays(replayed(made, speech, tmp_path)) == [
        ("eins", 0.8), ("zwei", 1.2), ("drei", 1.5), ("vier", 1.5)
    ]


def test_sources_without_anything_in_them(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    soundfile.write(path, np.zeros(0), RATE_HZ, subtype="PCM_16")
    assert delays(replayed(agent("wait_k_text.py", "--waitk 2"), TextSource(()), tmp_path)) == []
    write_all = 'class A(SpeechAgent):\n def policy(self, s):\n' \
                '  return WRITE_ACTION if s.finish_read() else READ_ACTION\n' \
                ' def predict(self, s): return DEFAULT_EOS\n'
    assert delays(replayed(agent(written(tmp_path, write_all)), AudioSource(path), tmp_path)) == []


def written(folder: Path, code: str) -> Path:
    path = folder / "its_agent.py"
    path.write_text(HEADER + code, "utf-8")
    return path


def test_samples_are_whole_numbers_unless_a_copy_of_1_0_sends_others() -> None:
    values = np.array([-1, -0.5, 0, 1 / 32768, 0.5, 1], np.float32)
    for sample, expected in (("int16", [-32768, -16384, 0, 1, 16384, 32767]),
                             ("float32", values.tolist())):
        exchange = SpeechExchange(sample)
        exchange.add(Observation(AudioChunk(values, 1000, 0.0, True), is_last=True))
        info = exchange.get_source(0, {"segment_size": 6})
        assert info["segment"] == expected
        assert (info["sample_rate"], info["dtype"], info["finished"]) == (1000, sample, True)
        assert exchange.get_source(0, {"segment_size": 6})["segment"] == "</s>"


def test_the_end_of_the_source_is_a_read_of_its_own(speech: AudioSource, tmp_path: Path) -> None:
    code = (
        "class A(SpeechAgent):\n"
        " speech_segment_size = 1000\n"
        " def policy(self, s): return WRITE_ACTION if s.finish_read() else READ_ACTION\n"
        " def predict(self, s):\n"
        "  if len(s.target): return DEFAULT_EOS\n"
        "  return f'{len(s.segments.source)}:{s.segments.source[-1]}:{s.sample_rate}'\n"
    )
    trace = replayed(agent(written(tmp_path, code)), speech, tmp_path)
    assert final_text(trace) == "3:</s>:16000"


@pytest.mark.parametrize(("unit", "text"), [("word", "ab cd ef"), ("char", "abcdef")])
def test_segments_are_joined(unit: Any, text: str, tmp_path: Path) -> None:
    code = (
        "class A(TextAgent):\n"
        " def policy(self, s): return READ_ACTION if not len(s.source) else WRITE_ACTION\n"
        " def predict(self, s): return ['ab  cd', 'ef ', DEFAULT_EOS][len(s.target)]\n"
    )
    made = agent(written(tmp_path, code), unit=unit)
    trace = replayed(made, TextSource(("x", "y", "z")), tmp_path)
    assert final_text(trace) == text
    assert {delay for _, delay in delays(trace)} == {1}, "it ended before the source did"


def test_recordings_in_turn_start_afresh(speech: AudioSource, tmp_path: Path) -> None:
    made = agent("pre_decision_speech.py")
    first = delays(replayed(made, speech, tmp_path))
    assert delays(replayed(made, speech, tmp_path)) == first


def test_one_session_at_a_time() -> None:
    made = agent("wait_k_text.py", "--waitk 1")
    task = Task("de", "en", "text")
    first = made.open(task)
    with pytest.raises(SystemFailure, match="one session at a time"):
        made.open(task)
    first.close()
    made.open(task).close()
    with pytest.raises(SystemFailure, match="takes text as input, not speech"):
        made.open(Task("de", "en"))


@pytest.mark.parametrize(("body", "error", "message"), [
    ("return 3", SystemFailure, "policy gave 3"),
    ("return READ_ACTION", LimitExceeded, "never wrote DEFAULT_EOS"),
    ("return s.client.get_source(0) and s.client.get_source(0)", SystemFailure, "more source"),
])
def test_agents_that_go_astray(
    body: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    code = f"class A(TextAgent):\n def policy(self, s): {body}\n"
    session = agent(written(tmp_path, code)).open(Task("de", "en", "text"))
    with pytest.raises(error, match=message):
        for last in (False, True):
            chunk = TextChunk(("x",), 0, None, last)
            list(session.policy(Observation(chunk, is_last=last)))


def test_units_of_another_type_need_another_entry(tmp_path: Path) -> None:
    code = ("class A(TextAgent):\n"
            " def policy(self, s): return WRITE_ACTION\n"
            " def predict(self, s): return 7\n")
    session = agent(written(tmp_path, code)).open(Task("de", "en", "text"))
    with pytest.raises(TypeError, match="added 7 where a str is wanted"):
        list(session.policy(Observation(TextChunk(("x",), 0, None, True), is_last=True)))


@pytest.mark.parametrize(("options", "message"), [
    ({}, "say which agent"),
    ({"agent": AGENTS / "nowhere.py"}, "no such file"),
    ({"agent": AGENTS / "wait_k_text.py"}, "--waitk"),
    ({"agent": AGENTS / "wait_k_text.py", "args": "--waitk 1 --beam 5"}, "--beam"),
    ({"agent": AGENTS / "wait_k_text.py", "agent_class": "Other"}, "has no agent Other"),
    ({"agent": Path(__file__).with_name("simuleval_agents") / "sole_text.py"}, "importing it"),
    ({"agent_class": "nowhere.at.All"}, "system.root=FOLDER"),
    ({"agent": AGENTS / "wait_k_text.py", "root": AGENTS / "nowhere"}, "system.root"),
    ({"agent": "x.py", "needs": {"root": "a checkout", "args.model-path": "a file"},
      "args": {"model-path": None}},
     r"give system.root=… \(a checkout\), system.args.model-path=… \(a file\)"),
])
def test_what_cannot_be_an_agent(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SimulEvalV1Agent(**options).load()


def test_agents_of_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "examples_of_v1" / "agents"
    package.mkdir(parents=True)
    (package / "wait.py").write_text((AGENTS / "wait_k_text.py").read_text("utf-8"), "utf-8")
    (tmp_path / "k.txt").write_text("2", "utf-8")
    for options in ({"agent_class": "examples_of_v1.agents.wait.WaitKText"},
                    {"agent": Path("examples_of_v1/agents/wait.py")}):
        made = SimulEvalV1Agent(root=tmp_path, args={"waitk": 2}, **options)
        made.load()
        assert made.open(Task("de", "en", "text")).first.min_s == 0
    made = SimulEvalV1Agent(root=tmp_path, agent=package / "wait.py", args=["--waitk", "k.txt"])
    assert made.args == ["--waitk", str((tmp_path / "k.txt").resolve())]


def test_an_installed_simuleval_is_untouched() -> None:
    before = {name for name in sys.modules if name.partition(".")[0] == "simuleval"}
    with as_simuleval():
        states = importlib.import_module("simuleval.states")
        assert {"ListEntry", "QueueEntry", "SpeechStates", "TextStates"} <= set(vars(states))
        with pytest.raises(ImportError):
            importlib.import_module("simuleval.agents.actions")
    assert {name for name in sys.modules if name.partition(".")[0] == "simuleval"} == before


def test_states_describe_themselves() -> None:
    with as_simuleval():
        agents = importlib.import_module("simuleval.agents")
    exchange = TextExchange()
    exchange.add(Observation(TextChunk(("x", "y"), 0, None, True), is_last=True))
    states = agents.TextAgent(None).build_states(None, exchange, 0)
    states.update_source()
    states.update_target("X")
    summary = states.summarize()
    assert summary["units"]["source"]["length"] == summary["segments"]["target"]["length"] == 1
    assert '"value": "X"' in str(states)


def test_an_agent_of_the_other_release_is_told_which_system_runs_it(tmp_path):
    from s2st_bench.errors import ConfigError
    from s2st_bench.systems.simuleval.imports import module_of_file

    agent = tmp_path / "agent.py"
    for said, system in (("from simuleval.nowhere import READ_ACTION", "simuleval_v1"),
                         ("from simuleval.nowhere import ReadAction", "simuleval")):
        agent.write_text(said)
        with pytest.raises(ConfigError, match=f"which system={system} runs$"):
            module_of_file(agent)
