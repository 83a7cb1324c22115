"""SimulEval agents give the same delays and predictions here as under SimulEval's evaluator.

The reference is the installed package itself: its command line runs our small agents on files
made here, once for all tests, in a process of its own.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

if importlib.util.find_spec("simuleval") is None:
    pytest.skip("needs the simuleval extra", allow_module_level=True)
import soundfile  # noqa: E402

from s2st_bench.errors import ConfigError, LimitExceeded, SystemFailure  # noqa: E402
from s2st_bench.replay import ReplayOptions, replay  # noqa: E402
from s2st_bench.system import Observation, Session  # noqa: E402
from s2st_bench.systems.simuleval.system import SimulEvalAgent  # noqa: E402
from s2st_bench.timeline import emissions, final_text  # noqa: E402
from s2st_bench.types import (  # noqa: E402
    AudioChunk,
    AudioSource,
    Read,
    Recording,
    Task,
    TextChunk,
    TextSource,
    Trace,
    Write,
)

AGENTS = Path(__file__).parent / "simuleval_agents"
RATE_HZ = 16_000
LENGTHS = (31_234, 16_000, 5_120, 700)
TEXTS = ("ein Haus am See", "Wort", "eins zwei drei vier fünf sechs sieben")

# name: agent file, its arguments, source, segment in ms
CASES: dict[str, tuple[str, list[str], str, int]] = {
    "wait-k": ("wait_k_text.py", ["--wait-k", "3"], "text", 1),
    "wait-1": ("wait_k_text.py", ["--wait-k", "1"], "text", 1),
    "sole": ("sole_text.py", [], "text", 1),
    "clock": ("speech_clock.py", ["--agent-class", "agents.SpeechClock"], "speech", 320),
    "clock-70": (
        "speech_clock.py",
        ["--agent-class", "agents.SpeechClock", "--every-ms", "200"],
        "speech",
        70,
    ),
    "sentences": (
        "speech_clock.py",
        ["--agent-class", "agents.SentenceClock", "--every-ms", "600"],
        "speech",
        250,
    ),
    "echo": ("echo_speech.py", [], "speech", 320),
    "linear": ("pipelines.py", ["--agent-class", "agents.Interpreter"], "speech", 320),
    "voiceover": ("pipelines.py", ["--agent-class", "agents.Voiceover"], "speech", 320),
    "tree-text": (
        "pipelines.py",
        ["--agent-class", "agents.Captioned", "--output-index", "0", "--lag", "0"],
        "speech",
        320,
    ),
    "tree-speech": (
        "pipelines.py",
        ["--agent-class", "agents.Captioned", "--output-index", "1", "--lag", "0"],
        "speech",
        320,
    ),
}

# SimulEval keeps the agents of a process in one list, which is emptied between its runs.
DRIVER = """
import json, sys
from simuleval import cli
from simuleval.utils import EVALUATION_SYSTEM_LIST
for line in json.load(sys.stdin):
    EVALUATION_SYSTEM_LIST.clear()
    sys.argv = ["simuleval", *line]
    cli.main()
"""


@dataclass(frozen=True)
class Sources:
    """The same audio as files, for SimulEval, and as arrays."""

    paths: tuple[Path, ...]
    audio: tuple[np.ndarray[Any, np.dtype[np.float32]], ...]
    texts: tuple[str, ...] = TEXTS


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("sources")
    noise = np.random.default_rng(7)
    paths, audio = [], []
    for index, length in enumerate(LENGTHS):
        audio.append((noise.integers(-8000, 8000, length) / 32768).astype(np.float32))
        paths.append(folder / f"{index}.wav")
        soundfile.write(paths[-1], audio[-1], RATE_HZ, subtype="PCM_16")
    return Sources(tuple(paths), tuple(audio))


@pytest.fixture(scope="module")
def simuleval_logs(
    sources: Sources, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """Rows of ``instances.log`` of every case, as SimulEval's command writes them."""
    folder = tmp_path_factory.mktemp("simuleval")
    (folder / "speech.txt").write_text("\n".join(map(str, sources.paths)))
    (folder / "text.txt").write_text("\n".join(sources.texts))
    lines = []
    for name, (agent, arguments, source, segment) in CASES.items():
        listed = folder / f"{source}.txt"
        lines.append(
            ["--agent", str(AGENTS / agent), *arguments, "--source", str(listed), "--target",
             str(listed), "--source-segment-size", str(segment), "--output", str(folder / name),
             "--no-scoring", "--no-progress-bar"]
        )
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], input=json.dumps(lines), text=True, capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {
        name: [json.loads(row) for row in (folder / name / "instances.log").open()]
        for name in CASES
    }


@dataclass(frozen=True)
class Said:
    """A write and how much source had been given: samples or tokens."""

    given: int
    write: Write


def listen(session: Session, source: np.ndarray[Any, Any] | str, chunk: int) -> list[Said]:
    """Give a source in chunks, or as the session asks for it, until it ends."""
    items: Any = source.split() if isinstance(source, str) else source
    said: list[Said] = []
    given = 0
    read = Read()
    while True:
        rate_hz = 1 if isinstance(source, str) else RATE_HZ
        count = round(read.min_s * rate_hz) or chunk
        new = items[given : given + count]
        given += len(new)
        last = given == len(items)
        if isinstance(source, str):
            observation = Observation(TextChunk(tuple(new), given, None, last), is_last=last)
        else:
            observation = Observation(AudioChunk(new, RATE_HZ, 0.0, last), is_last=last)
        answer = session.policy(observation)
        assert not isinstance(answer, Read)
        answers = iter(answer)
        while True:
            try:
                write = next(answers)
            except StopIteration as stop:
                read = stop.value
                break
            said.append(Said(given, write))
            if write.is_final:
                return said
        if last:
            return said


def system(agent: str, arguments: list[str], **options: Any) -> SimulEvalAgent:
    made = SimulEvalAgent(agent=AGENTS / agent, args=arguments, **options)
    made.load()
    return made


def ours(name: str, sources: Sources, run: Path) -> list[Trace]:
    """The case through our own replay; one trace a source."""
    agent, arguments, source, segment = CASES[name]
    class_name = None
    if arguments[:1] == ["--agent-class"]:
        class_name, arguments = arguments[1], arguments[2:]
    made = system(agent, arguments, agent_class=class_name, segment_ms=segment)
    return replayed(made, source, sources, segment / 1000, run)


def replayed(
    made: SimulEvalAgent, source: str, sources: Sources, chunk_s: float, run: Path
) -> list[Trace]:
    (run / "pieces").mkdir()
    (run / "spool").mkdir()
    options = ReplayOptions(clock="ideal", chunk_s=chunk_s)
    given: list[AudioSource | TextSource] = (
        [AudioSource(path) for path in sources.paths]
        if source == "speech"
        else [TextSource(tuple(text.split())) for text in sources.texts]
    )
    traces = []
    for index, each in enumerate(given):
        recording = Recording(str(index), each, "de", ("en",), ())
        trace = replay(made, recording, "en", options, run, slot=str(index)).whole()
        assert trace.error is None
        traces.append(trace)
    return traces


def delays(trace: Trace) -> list[float]:
    """One delay a word, in SimulEval's unit: milliseconds, or tokens.

    Both sides count samples, and SimulEval multiplies before it divides.
    """
    words = emissions(trace)
    if trace.source_unit == "tokens":
        return [word.delay for word in words]
    return [round(word.delay * RATE_HZ) * 1000 / RATE_HZ for word in words]


def spoken(trace: Trace) -> tuple[list[float], list[float]]:
    """Delay and duration of each piece of speech, in milliseconds."""
    steps = [
        step.source_s for step in trace.steps for write in step.writes if write.speech_s
    ]
    return (
        [round(source_s * RATE_HZ) * 1000 / RATE_HZ for source_s in steps],
        [1000 * piece.length / piece.sample_rate_hz for piece in trace.pieces],
    )


@pytest.mark.parametrize(
    "name", [name for name in CASES if name not in ("echo", "voiceover", "tree-speech")]
)
def test_text_equals_simuleval(
    name: str, sources: Sources, simuleval_logs: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    for trace, row in zip(ours(name, sources, tmp_path), simuleval_logs[name], strict=True):
        assert final_text(trace) == row["prediction"]
        assert delays(trace) == row["delays"]


@pytest.mark.parametrize("name", ["echo", "voiceover", "tree-speech"])
def test_speech_equals_simuleval(
    name: str, sources: Sources, simuleval_logs: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    for trace, row in zip(ours(name, sources, tmp_path), simuleval_logs[name], strict=True):
        assert spoken(trace) == (row["delays"], row["durations"])


def test_tree_gives_text_and_speech_of_one_run(
    sources: Sources, simuleval_logs: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    made = system("pipelines.py", ["--lag", "0"], agent_class="Captioned", segment_ms=320)
    traces = replayed(made, "speech", sources, 0.32, tmp_path)
    rows = zip(traces, simuleval_logs["tree-text"], simuleval_logs["tree-speech"], strict=True)
    for trace, text_row, speech_row in rows:
        assert trace.outputs == ("speech", "text")
        assert (final_text(trace), delays(trace)) == (text_row["prediction"], text_row["delays"])
        assert spoken(trace) == (speech_row["delays"], speech_row["durations"])


def test_complete_loop_keeps_what_simuleval_leaves_out(
    sources: Sources, simuleval_logs: dict[str, list[dict[str, Any]]]
) -> None:
    made = system("speech_clock.py", ["--every-ms", "600"], agent_class="SentenceClock",
                  segment_ms=250, loop="complete")
    said = listen(made.open(Task("de", "en")), sources.audio[0], 4000)
    words = "".join(one.write.text for one in said).split()
    assert words == ["250", "500", "750.", "250", "500", "750.", "250", "452."]
    assert simuleval_logs["sentences"][0]["prediction"] == "250 500 750. 500 750. 452."


def test_text_to_speech_speaks_until_it_has_finished() -> None:
    made = system("other_pairs.py", [], agent_class="Spell")
    task = Task("de", "en", "text", frozenset({"speech"}))
    said = listen(made.open(task), "ab cde f", 1)
    lengths = [len(one.write.audio.samples) for one in said if one.write.audio is not None]
    assert lengths == [160, 240, 80]
    assert [one.given for one in said] == [1, 2, 3]


def test_text_and_speech_in_one_segment(sources: Sources) -> None:
    made = system("other_pairs.py", [], agent_class="Both", segment_ms=500)
    session = made.open(Task("de", "en", outputs=frozenset({"text", "speech"})))
    said = listen(session, sources.audio[0], 8000)
    assert [one.write.text for one in said] == ["call 2", " call 4"]
    assert all(one.write.audio is not None for one in said)
    text_only = listen(made.open(Task("de", "en")), sources.audio[0], 8000)
    assert all(one.write.audio is None for one in text_only)


def test_agent_that_never_finishes_is_stopped() -> None:
    made = system("other_pairs.py", [], agent_class="Never")
    session = made.open(Task("de", "en", "text", frozenset({"speech"})))
    with pytest.raises(LimitExceeded, match="neither wrote nor finished"):
        listen(session, "ein Wort", 1)


def test_sessions_taking_turns_do_not_leak() -> None:
    made = system("wait_k_text.py", ["--wait-k", "2"])
    task = Task("de", "en", "text")
    sessions = [made.open(task), made.open(task)]
    said: list[str] = ["", ""]
    for index, pair in enumerate(zip("a b c d".split(), "w x y z".split(), strict=True)):
        for i, token in enumerate(pair):
            last = index == 3
            answer = sessions[i].policy(
                Observation(TextChunk((token,), index, None, last), is_last=last)
            )
            assert not isinstance(answer, Read)
            said[i] += "".join(write.text for write in answer)
    assert said == ["A B C D", "W X Y Z"]


def test_agent_with_state_of_its_own_serves_one_session_at_a_time() -> None:
    made = system("sole_text.py", [])
    task = Task("de", "en", "text")
    first = made.open(task)
    assert made.sessions == 1
    with pytest.raises(SystemFailure, match="one session at a time"):
        made.open(task)
    list(first.policy(Observation(TextChunk(("a", "b", "c"), 0, None, False))))
    first.close()
    assert [one.write.text for one in listen(made.open(task), "a b", 1)] == ["read 2"]


@pytest.mark.parametrize("unit, text", [("char", "ABC"), ("spm", "ABC"), ("word", "A B C")])
def test_units_are_joined_as_simuleval_joins_them(unit: Any, text: str) -> None:
    made = system("wait_k_text.py", ["--wait-k", "1"], unit=unit)
    said = listen(made.open(Task("de", "zh", "text")), "a b c", 1)
    assert "".join(one.write.text for one in said) == text


def test_pieces_become_words() -> None:
    made = system("wait_k_text.py", ["--wait-k", "1"], unit="spm")
    said = listen(made.open(Task("de", "en", "text")), "▁a b ▁c", 1)
    assert "".join(one.write.text for one in said) == "AB C"


@pytest.mark.parametrize(
    "given",
    ["--wait-k 2", ["--wait-k", 2], {"wait-k": 2}],
    ids=["string", "list", "mapping"],
)
def test_arguments_in_three_forms(given: Any) -> None:
    made = SimulEvalAgent(agent=AGENTS / "wait_k_text.py", args=given)
    made.load()
    said = listen(made.open(Task("de", "en", "text")), "a b c", 1)
    assert [one.given for one in said] == [2, 3, 3]


@pytest.mark.parametrize(
    "given, message",
    [
        ([], "--wait-k"),
        (["--wait-k", "three"], "--wait-k: invalid int value: 'three'"),
        (["--wait-k", "3", "--wait-l", "4"], "--wait-l"),
        (["--wait-k", ["3"]], "a flat list"),
        ("--wait-k '3", "No closing quotation"),
    ],
)
def test_wrong_arguments_name_the_option(given: Any, message: str) -> None:
    with pytest.raises(ConfigError, match="system.args") as raised:
        SimulEvalAgent(agent=AGENTS / "wait_k_text.py", args=given).load()
    assert message in str(raised.value)


def test_process_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from simuleval.utils import EVALUATION_SYSTEM_LIST

    monkeypatch.setattr(sys, "argv", ["other", "--wait-k", "9", "--agent", "nothing.py", "-h"])
    monkeypatch.chdir(tmp_path)
    path, cwd, marked = list(sys.path), Path.cwd(), list(EVALUATION_SYSTEM_LIST)
    made = system("wait_k_text.py", ["--wait-k", "1"])
    assert [one.given for one in listen(made.open(Task("de", "en", "text")), "a b", 1)] == [1, 2]
    assert (sys.path, Path.cwd(), EVALUATION_SYSTEM_LIST) == (path, cwd, marked)


def test_system_folder_with_files_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "folder_agent.py").write_text(
        (AGENTS / "wait_k_text.py").read_text().replace("type=int", "type=open")
        .replace("args.wait_k", "int(args.wait_k.read())")
    )
    (tmp_path / "k.txt").write_text("2")
    (tmp_path / "main.yaml").write_text("agent_class: folder_agent.WaitKText\nwait_k: k.txt\n")
    made = SimulEvalAgent(system_dir=tmp_path)
    made.load()
    said = listen(made.open(Task("de", "en", "text")), "a b c", 1)
    assert [one.given for one in said] == [2, 3, 3]


def test_user_dir_alone_and_with_a_class(tmp_path: Path) -> None:
    package = tmp_path / "agents_of_a_user"
    package.mkdir()
    (package / "__init__.py").write_text("from . import wait\n")
    (package / "wait.py").write_text((AGENTS / "wait_k_text.py").read_text())
    for name in (None, "agents_of_a_user.wait.WaitKText"):
        made = SimulEvalAgent(user_dir=package, agent_class=name, args="--wait-k 1")
        made.load()
        assert [o.given for o in listen(made.open(Task("de", "en", "text")), "a b", 1)] == [1, 2]


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "say which agent"),
        ({"agent": Path("nowhere.py")}, "no such file"),
        ({"agent": AGENTS / "speech_clock.py"}, "SpeechClock, SentenceClock marked"),
        ({"agent": AGENTS / "sole_text.py", "agent_class": "agents.Missing"}, "no class Missing"),
        ({"agent_class": "Agent"}, "package.module.Class"),
        ({"agent_class": "no_such_package.Agent"}, "system.user_dir"),
        ({"agent_class": "json.Agent"}, "no class Agent"),
        ({"system_dir": AGENTS}, "main.yaml"),
        ({"user_dir": AGENTS / "nowhere"}, "no such folder"),
        ({"user_dir": Path(__file__).parent / "json"}, "no such folder"),
        ({"agent": AGENTS / "sole_text.py", "segment_ms": 0}, "segment_ms"),
    ],
)
def test_what_cannot_be_an_agent(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SimulEvalAgent(**options).load()


def test_task_that_the_agent_cannot_do() -> None:
    made = system("wait_k_text.py", ["--wait-k", "1"])
    with pytest.raises(SystemFailure, match="takes text as input, not speech"):
        made.open(Task("de", "en"))


def test_options_of_a_part_named_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["other"])
    made = system("nested_options.py", ["--part", "Marker", "--mark", "+"])
    said = listen(made.open(Task("de", "en", "text")), "a b c", 1)
    assert [one.write.text for one in said] == ["a+b+c"]
    assert sys.argv == ["other"]


def test_agents_of_a_checkout_and_its_files(tmp_path: Path) -> None:
    """A project's folder: its agent, a package it imports, a file among its arguments, a type of
    source under its own name.
    """
    (tmp_path / "lib" / "part_of_checkout").mkdir(parents=True)
    (tmp_path / "lib" / "part_of_checkout" / "__init__.py").write_text("READ = int\n")
    (tmp_path / "k.txt").write_text("2")
    code = (AGENTS / "wait_k_text.py").read_text().replace("type=int", "type=open")
    code = code.replace("args.wait_k", "READ(args.wait_k.read())")
    code += "\nfrom part_of_checkout import READ\nWaitKText.source_type = 'comp-text'\n"
    (tmp_path / "its.agent.py").write_text(code)
    before = list(sys.path)
    made = SimulEvalAgent(root=tmp_path, path=["lib"], agent=Path("its.agent.py"),
                          args={"wait-k": "k.txt", "unused": None})
    made.load()
    assert sys.path == before
    said = listen(made.open(Task("de", "en", "text")), "a b c", 1)
    assert [one.given for one in said] == [2, 3, 3]


def test_language_among_the_arguments() -> None:
    made = SimulEvalAgent(agent_class="a.B", args={"tgt-lang": "{tgt_lang}"}, tgt_lang="deu")
    assert made.args == ["--tgt-lang", "deu"]


@pytest.mark.parametrize("name, source, output", [
    ("wait_k_text.py", "text", "text"), ("speech_clock.py", "speech", "text"),
    ("other_pairs.py", "text", "speech"), ("echo_speech.py", "speech", "speech"),
])
def test_all_four_pairs_run(
    name: str, source: str, output: Any, sources: Sources, tmp_path: Path
) -> None:
    """Through the replay, whole; their delays are compared above where SimulEval has any."""
    class_name = {"speech_clock.py": "SpeechClock", "other_pairs.py": "Spell"}.get(name)
    made = system(name, ["--wait-k", "1"] if name == "wait_k_text.py" else [],
                  agent_class=class_name)
    for trace in replayed(made, source, sources, 0.32, tmp_path):
        assert trace.outputs == (output,)
        assert bool(trace.pieces) == (output == "speech")
        assert bool(final_text(trace)) == (output == "text")
