"""SimulEval agents give the same delays and predictions here as under SimulEval's evaluator.

The reference is the installed package itself: its command line runs our small agents on files
made here, once for all tests, in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("simuleval", reason="needs the simuleval extra")
import soundfile  # noqa: E402

from s2st_bench.errors import ConfigError, LimitExceeded, SystemFailure  # noqa: E402
from s2st_bench.system import Observation, Session  # noqa: E402
from s2st_bench.systems.simuleval.system import SimulEvalAgent  # noqa: E402
from s2st_bench.types import AudioChunk, Read, Task, TextChunk, Write  # noqa: E402

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
    audio: tuple[np.ndarray[Any, np.dtype[np.float32]], ...]
    texts: tuple[str, ...]


@pytest.fixture(scope="module")
def sources() -> Sources:
    noise = np.random.default_rng(7)
    audio = tuple(
        (noise.integers(-8000, 8000, length) / 32768).astype(np.float32) for length in LENGTHS
    )
    return Sources(audio, TEXTS)


@pytest.fixture(scope="module")
def simuleval_logs(
    sources: Sources, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """Rows of ``instances.log`` of every case, as SimulEval's command writes them."""
    folder = tmp_path_factory.mktemp("simuleval")
    paths = []
    for index, samples in enumerate(sources.audio):
        paths.append(str(folder / f"{index}.wav"))
        soundfile.write(paths[-1], samples, RATE_HZ, subtype="PCM_16")
    (folder / "speech.txt").write_text("\n".join(paths))
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


def ours(
    name: str, sources: Sources, outputs: frozenset[Any] = frozenset({"text", "speech"})
) -> list[list[Said]]:
    agent, arguments, source, segment = CASES[name]
    class_name = None
    if arguments[:1] == ["--agent-class"]:
        class_name, arguments = arguments[1], arguments[2:]
    made = system(agent, arguments, agent_class=class_name,
                  segment_ms=segment if source == "speech" else None)
    assert made._hosted is not None
    task = Task("de", "en", source, outputs & set(made._hosted.outputs))
    chunk = 1 if source == "text" else -(-segment * RATE_HZ // 1000)
    heard = []
    for each in sources.audio if source == "speech" else sources.texts:
        session = made.open(task)
        heard.append(listen(session, each, 1121 if segment == 70 else chunk))
        session.close()
    return heard


def delays(said: list[Said], per: float) -> list[float]:
    """One delay a word, in SimulEval's unit: milliseconds, or tokens."""
    return [
        one.given * 1000 / per if per else one.given
        for one in said
        for _ in one.write.text.split()
    ]


@pytest.mark.parametrize(
    "name", [name for name in CASES if name not in ("echo", "voiceover", "tree-speech")]
)
def test_text_equals_simuleval(
    name: str, sources: Sources, simuleval_logs: dict[str, list[dict[str, Any]]]
) -> None:
    speech = CASES[name][2] == "speech"
    for said, row in zip(ours(name, sources), simuleval_logs[name], strict=True):
        assert "".join(one.write.text for one in said) == row["prediction"]
        assert delays(said, RATE_HZ if speech else 0) == row["delays"]


@pytest.mark.parametrize("name", ["echo", "voiceover", "tree-speech"])
def test_speech_equals_simuleval(
    name: str, sources: Sources, simuleval_logs: dict[str, list[dict[str, Any]]]
) -> None:
    for said, row in zip(ours(name, sources), simuleval_logs[name], strict=True):
        spoken = [one for one in said if one.write.audio is not None]
        assert [one.given * 1000 / RATE_HZ for one in spoken] == row["delays"]
        durations = [
            1000 * len(one.write.audio.samples) / one.write.audio.sample_rate_hz
            for one in spoken
            if one.write.audio is not None
        ]
        assert durations == row["durations"]
