"""``train`` through the command line: what it makes, goes on with, and refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from s2st_bench.cli import app
from s2st_bench.cli.completion import complete
from signals import interruptible

TINY = ("data.hours=0.004", "model.pieces=200", "model.width=16", "model.encoder_layers=1",
        "model.decoder_layers=1", "threads=1")


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def here(folder: Path) -> tuple[str, ...]:
    return f"out={folder / 'train'}", f"data.folder={folder / 'features'}"


def weights(path: Path) -> dict[str, Any]:
    torch = pytest.importorskip("torch")
    state = torch.load(path, weights_only=True)
    return {f"{part}.{name}": value for part in ("encoder", "decoder") if part in state
            for name, value in state[part].items()}


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose training speech is spoken once for all tests."""
    for needed in ("torch", "sentencepiece", "espeakng_loader"):
        pytest.importorskip(needed)
    return tmp_path_factory.mktemp("train")


def test_help_loads_nothing_heavy() -> None:
    code = ("import sys; from s2st_bench.cli import app\n"
            "try: app(['train', '--help'])\n"
            "except SystemExit as e: assert e.code == 0\n"
            "print([m for m in ('torch', 'numpy', 'hydra', 'omegaconf', 'yaml') "
            "if m in sys.modules], file=sys.stderr)")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stderr.strip() == "[]" and "KEY=VALUE" in done.stdout


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([], "model is missing: give model=NAME. Available: all, base, emma"),
        (["model=ema"], "model=ema: no such model. Did you mean model=emma ?"),
        (["model=emma", "step=3"], "step: no such option. Did you mean steps=3 ?"),
        (["model=emma", "data.hour=3"], "data.hour: no such option. Did you mean data.hours=3 ?"),
        (["model=emma", "steps=-1"], "steps: must be at least 1, not -1"),
        (["model=emma", "steps=many"], "steps: expected a whole number"),
        (["model=emma", "rate=0"], "rate: must be above 0"),
        (["model=emma", "rate=nan"], "rate: expected a number"),
        (["model=emma", "warmup=-2"], "warmup: must be at least 0"),
        (["model=emma", "data.hours=0"], "data.hours: must be above 0"),
        (["model=emma", "data.hours=inf"], "data.hours: must be above 0"),
        (["model=emma", "data=nothing"], "data=nothing: no dataset named 'nothing'"),
        (["model=emma", "data=manifest"], "data"),
        (["model=emma", "name=../x"], "name: a training's name names its folder"),
        (["model=emma", "seed=1,2"], "several values are a sweep, which needs -m"),
        (["model=emma", "model.width=13"], "model.width=13: a multiple of 8"),
        (["model=emma", "model.pieces=3"], "model.pieces=3: 100 to 32000"),
        (["model=emma", "model.latency=-1"], "model.latency=-1"),
        (["model=emma", "model.latency=x"], "model.latency: expected a number"),
        (["model=all", "model.seeds=[]"], "model.seeds=[]: one or more"),
        (["system=wait_k"], "system: no such option"),
    ],
)
def test_mistakes_are_one_message(overrides: list[str], message: str, tmp_path: Path) -> None:
    done = call("train", *overrides, *here(tmp_path))
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert done.stderr.count("\n") == 1 and not (tmp_path / "features").exists()


def test_a_run_knows_no_model() -> None:
    assert "model: no such option" in call("run", "model=emma").stderr


def test_a_missing_checkpoint_is_said_before_anything_is_spoken(
    features: Path, tmp_path: Path
) -> None:
    done = call("train", "model=emma", f"init={tmp_path / 'base.pt'}", *TINY, *here(tmp_path))
    assert done.exit_code == 2 and "no such checkpoint" in done.stderr
    (tmp_path / "base.pt").write_bytes(b"")
    done = call("train", "model=emma", f"init={tmp_path / 'base.pt'}", *TINY, *here(tmp_path))
    assert done.exit_code == 2 and "pieces.model is missing" in done.stderr
    assert not (tmp_path / "features").exists()


def test_without_torch_the_pip_line_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec",
                        lambda name, *a: None if name == "torch" else find(name, *a))
    done = call("train", "model=emma", *TINY, *here(tmp_path))
    assert done.exit_code == 2
    assert 'pip install "s2st-bench[models]"' in done.stderr and "torch" in done.stderr
    rows = json.loads(call("ls", "trainers", "--json").stdout)["trainers"]
    assert {row["state"] for row in rows} == {"missing"}


def test_dry_run_prints_what_can_be_given_again() -> None:
    import yaml

    done = call("train", "--dry-run", "model=emma", "steps=3", "model.latency=0.3")
    assert done.exit_code == 0, done.output
    config = yaml.safe_load(done.stdout)
    assert config["model"]["latency"] == 0.3 and config["steps"] == 3
    assert config["data"] == {"name": "conference", "hours": 32.0, "seed": 1,
                              "folder": "runs/features"}


def test_completion_knows_models_and_options() -> None:
    assert "model=emma" in complete([], "model=", verb="train")
    assert "steps=" in complete([], "st", verb="train")
    assert "model.latency=" in complete(["model=emma"], "model.", verb="train")
    assert not complete([], "model=", verb="run")


def test_an_interrupted_training_ends_with_the_weights_of_one_that_was_not(
    features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after the second step of four; the same command goes on."""
    from s2st_bench.trainer import Progress

    command = ["train", "model=base", "steps=4", "report_every=2", *TINY, *here(features)]
    whole = call(*command, "name=whole", "--json")
    assert whole.exit_code == 0, whole.output
    found = json.loads(whole.stdout)
    assert Path(found["checkpoints"]["base"]).is_file() and found["weights"] is None

    def stop(progress: Progress) -> str:
        if progress.step == 2:
            signal.raise_signal(signal.SIGINT)
        return ""

    with monkeypatch.context() as patched:
        patched.setattr("s2st_bench.cli.progress.describe_report", stop)
        done = call(*command, "name=cut")
    assert done.exit_code == 130, done.output
    assert "base: step 2 of 4 is kept; go on with: s2st-bench train model=base" in done.stderr
    folder = features / "train" / "cut"
    assert not (folder / "base.pt").exists()
    assert json.loads((folder / "train.json").read_text())["status"] == "interrupted"

    refused = call(*command, "name=cut", "rate=0.5")
    assert refused.exit_code == 2 and "rate was None, now 0.5" in refused.stderr

    done = call(*command, "name=cut")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == str(folder)
    assert json.loads((folder / "train.json").read_text())["status"] == "finished"
    one, other = (weights(features / "train" / name / "base.pt") for name in ("whole", "cut"))
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
    steps = [json.loads(line)["step"] for line in (folder / "base.log.jsonl").open()]
    assert steps == [2, 4]


def test_emma_from_nothing_and_from_a_checkpoint(features: Path) -> None:
    done = call("train", "model=emma", "steps=2", *TINY, *here(features))
    assert done.exit_code == 0, done.output
    folder = features / "train" / "emma-seed1"
    assert {"base.pt", "emma-1.pt", "pieces.model"} <= {path.name for path in folder.iterdir()}
    done = call("train", "-m", "model=mma,multipath,text", "seed=7", "steps=2",
                f"init={folder / 'base.pt'}", *TINY[:1], "threads=1", *here(features))
    assert done.exit_code == 0, done.output
    for name in ("mma", "multipath", "text"):
        made = features / "train" / f"{name}-seed7"
        assert (made / f"{name}.pt").is_file() and not (made / "base.pt").exists()
        assert (made / "pieces.model").read_bytes() == (folder / "pieces.model").read_bytes()


@pytest.mark.slow
def test_the_whole_recipe_gives_weights_that_a_system_runs(features: Path) -> None:
    for needed in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(needed)
    done = call("train", "model=all", "steps=2", "export=true", "model.seeds=[1,2]", "model.dev=1",
                *TINY, *here(features), "--json")
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert set(made["checkpoints"]) == {"base", "emma-1", "emma-2", "mma", "multipath", "text"}
    for system in ("wait_k", "emma", "mma"):
        run = call("run", "-q", f"system={system}", f"system.weights={made['weights']}",
                   "system.tts=none", "dataset=conference", "dataset.pair=de-en",
                   "dataset.limit=1", "clock=ideal", "metrics=BLEU", f"out={features / 'runs'}")
        assert run.exit_code == 0, run.output
        assert "failed" not in run.stderr
    # and they are a start for another training
    again = call("train", "model=emma", "steps=1", "name=again", f"init={made['weights']}", *TINY,
                 *here(features))
    assert again.exit_code == 0, again.output


@pytest.mark.slow
def test_fifty_steps_of_emma_from_nothing(tmp_path: Path) -> None:
    """The command of the README, on one core (seconds of the processor: others may be at work)."""
    for needed in ("torch", "sentencepiece", "espeakng_loader"):
        pytest.importorskip(needed)
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-m", "s2st_bench", "train", "model=emma", "data.hours=0.1", "steps=50",
         *here(tmp_path)], text=True, capture_output=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    spent_s = os.times().children_user - before.children_user
    assert done.returncode == 0, done.stderr
    log = tmp_path / "train" / "emma-seed1" / "emma-1.log.jsonl"
    rows = [json.loads(line) for line in log.open()]
    assert rows[-1]["step"] == 50 and rows[-1]["translation"] < 7.5
    assert spent_s < 90


@pytest.mark.slow
def test_ctrl_c_in_a_terminal(features: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "s2st_bench", "train", "model=base", "steps=100000",
         "report_every=1", "name=stopped", *TINY, *here(features)], stderr=subprocess.PIPE,
        text=True, preexec_fn=interruptible,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("base 1/"):
            break
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    said = process.stderr.read()
    assert process.wait() == 130 and time.monotonic() - began < 60
    assert "is kept; go on with: s2st-bench train model=base" in said
    assert (features / "train" / "stopped" / "base.train.pt").is_file()
