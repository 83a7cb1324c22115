"""ESPnet's streaming class through the adapter.

ESPnet does not install beside the full set of extras; its place is taken here by a class with the
interface of ``espnet2.bin.st_inference_streaming`` (ESPnet 202511): stretches of speech in,
``[(text, tokens, ids, hypothesis), …]`` of all that was heard out, forgetting with ``is_final``.
The same code was run on a tiny contextual-block Conformer of ESPnet's own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError, SystemFailure, UsageError
from s2st_bench.registry import Registry
from s2st_bench.system import Observation, System
from s2st_bench.types import AudioChunk, Read, Task, Write

REGISTRY = Registry()
RATE_HZ = 16_000
STAND_IN = '''
from types import SimpleNamespace
import os, numpy as np

class ContextualBlockConformerEncoder: ...
class DefaultFrontend: ...
class S3prlFrontend: ...

WORDS = "das ist ein Haus am See und noch mehr Text der lange dauert".split()

class Speech2TextStreaming:
    """A word for every 4000 samples; the newest is cut short until more is heard."""
    calls = []
    def __init__(self, st_train_config, st_model_file=None, device="cpu", beam_size=20,
                 frontend="DefaultFrontend", **rest):
        if rest: raise TypeError(f"unexpected argument {sorted(rest)[0]!r}")
        assert os.path.isfile(st_train_config) and os.path.isfile(st_model_file)
        self.st_model = SimpleNamespace(encoder=ContextualBlockConformerEncoder(),
                                        frontend=globals()[frontend]())
        self.win_length, self.hop_length = 400, 160
        self.reset()
    def reset(self):
        self.heard = 0
    def __call__(self, speech, is_final=True):
        assert isinstance(speech, np.ndarray) and speech.dtype == np.float32
        assert not is_final or len(speech) >= 400 + 20 * 160, "ESPnet's convolutions fail"
        self.calls.append((len(speech), is_final))
        self.heard += len(speech)
        words = WORDS[: self.heard // 4000]
        if is_final:
            self.reset()
        elif not words:
            return []
        else:
            words = [*words[:-1], words[-1][:2]]
        return [(" ".join(words), words, [], None)]
'''


@pytest.fixture
def espnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A model's folder, and the stand-in on the import path."""
    package = tmp_path / "lib" / "espnet2" / "bin"
    package.mkdir(parents=True)
    (package / "st_inference_streaming.py").write_text(STAND_IN, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    for name in ("config.yaml", "model.pth"):
        (tmp_path / "exp").mkdir(exist_ok=True)
        (tmp_path / "exp" / name).write_text("", "utf-8")
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "espnet2"]:
        del sys.modules[name]


def model(folder: Path, **options: Any) -> System:
    given = {"train_config": "exp/config.yaml", "model_file": "exp/model.pth", "root": str(folder)}
    made = build_system(Choice("espnet", {**given, **options}), REGISTRY)
    made.load()
    return made


def said(made: System, samples: int, chunk: int) -> list[tuple[int, int, str]]:
    """(samples heard, characters taken back, text) of every write."""
    session = made.open(Task("en", "de", sample_rate_hz=RATE_HZ))
    out = []
    for first in range(0, samples, chunk):
        size = min(chunk, samples - first)
        last = first + size == samples
        chunk_of = AudioChunk(np.zeros(size, np.float32), RATE_HZ, first / RATE_HZ, last)
        answer = session.policy(Observation(chunk_of, is_last=last))
        if isinstance(answer, Read):
            continue
        writes = [answer] if isinstance(answer, Write) else list(answer)
        out += [(first + size, each.retract_chars, each.text) for each in writes]
    session.close()
    return out


def calls() -> list[tuple[int, bool]]:
    made: Any = sys.modules["espnet2.bin.st_inference_streaming"]
    taken = list(made.Speech2TextStreaming.calls)
    made.Speech2TextStreaming.calls.clear()
    return taken


def test_words_are_written_when_another_follows(espnet: Path) -> None:
    made = model(espnet, sim_chunk_length=4_000)
    assert said(made, 18_000, 4_000) == [
        (8_000, 0, "das"), (12_000, 0, " ist"), (16_000, 0, " ein"), (18_000, 0, " Haus")
    ]
    assert said(made, 18_000, 4_000)[0] == (8_000, 0, "das"), "a second recording starts afresh"


def test_every_change_is_shown_with_retract(espnet: Path) -> None:
    made = model(espnet, sim_chunk_length=4_000, retract=True)
    assert said(made, 9_000, 4_000) == [
        (4_000, 0, "da"), (8_000, 2, "das is"), (9_000, 3, " ist")
    ]


@pytest.mark.parametrize("chunk", [1_000, 3_333, 4_000, 8_000, 50_000])
def test_it_is_called_as_its_own_command_calls_it(chunk: int, espnet: Path) -> None:
    """Stretches of ``sim_chunk_length``, whatever the run's chunks are; the rest is final."""
    made = model(espnet, sim_chunk_length=4_000)
    text = "".join(text for _, _, text in said(made, 15_700, chunk))
    assert calls() == [(4_000, False)] * 3 + [(3_700, True)]
    assert text == "das ist ein"


def test_a_last_stretch_too_short_is_filled_up(espnet: Path) -> None:
    made = model(espnet, sim_chunk_length=4_000)
    said(made, 4_100, 4_100)
    said(made, 8_000, 4_000)
    said(made, 5, 5)
    assert calls() == [
        (4_000, False), (3_600, True), (4_000, False), (4_000, True), (3_600, True)
    ]


def test_an_s3prl_frontend_hears_everything_again(espnet: Path) -> None:
    made = model(espnet, sim_chunk_length=4_000, options={"frontend": "S3prlFrontend"})
    said(made, 9_000, 4_000)
    assert calls() == [(4_000, False), (8_000, False), (9_000, True)]


def test_policies_go_around_it(espnet: Path) -> None:
    inner = {"name": "espnet", "train_config": "exp/config.yaml", "model_file": "exp/model.pth",
             "root": str(espnet), "sim_chunk_length": 4_000}
    made = build_system(Choice("offline", {"inner": inner}), REGISTRY)
    made.load()
    assert said(made, 18_000, 4_000) == [(18_000, 0, "das ist ein Haus")]


def test_one_session_at_a_time(espnet: Path) -> None:
    made = model(espnet)
    task = Task("en", "de", sample_rate_hz=RATE_HZ)
    first = made.open(task)
    with pytest.raises(SystemFailure, match="one utterance at a time"):
        made.open(task)
    first.close()
    made.open(task).close()
    with pytest.raises(SystemFailure, match="sample_rate_hz=16000"):
        made.open(Task("en", "de", sample_rate_hz=24_000))


@pytest.mark.parametrize(("options", "message"), [
    ({"train_config": None}, r"give system.train_config=… \("),
    ({"model_file": None, "train_config": None}, "system.model_file=…"),
    ({"model_file": "exp/other.pth"}, "system.model_file=exp/other.pth: no such file"),
    ({"root": "/nowhere"}, "system.root=/nowhere: no such folder"),
    ({"sim_chunk_length": 0}, "at least 1"),
    ({"options": {"beam": 3}}, "unexpected argument 'beam'"),
])
def test_what_cannot_be_loaded(options: dict[str, Any], message: str, espnet: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        model(espnet, **options)


def test_without_espnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espnet2", None)
    with pytest.raises(UsageError, match="pip install espnet"):
        model(tmp_path)
