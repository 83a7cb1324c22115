"""``s2st-bench prepare`` and its fixtures, through the command line."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from s2st_bench.cli import app
from s2st_bench.store import RunFolder


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def covost(tmp_path: Path) -> Path:
    pytest.importorskip("espeakng_loader", reason="fixtures are spoken: pip install …[cascade]")
    assert call("prepare", "covost2", "--fixture", tmp_path / "cv").exit_code == 0
    return tmp_path / "cv"


def test_covost_from_translations_to_splits(covost: Path) -> None:
    made = {path: path.read_bytes() for path in covost.glob("*.*.*.tsv")}
    assert len(made) == 3
    translations = (covost / "covost_v2.fr_en.tsv").read_bytes()
    for path in covost.glob("covost_v2*"):
        path.unlink()
    prepare = ["prepare", "covost2", f"dataset.path={covost}", "dataset.pair=fr-en"]
    done = call(*prepare)
    assert done.exit_code == 1
    assert "by hand  translations fr-en: Download https://" in done.stdout
    assert "Licence: CC0" in done.stdout and "waits    splits fr-en" in done.stdout
    assert "run the same command again" in done.stderr
    (covost / "covost_v2.fr_en.tsv").write_bytes(translations)
    done = call(*prepare)
    assert done.exit_code == 0, done.output
    assert "made     splits fr-en: 2 train, 1 dev, 3 test" in done.stdout
    assert "3 clips are there and can be read" in done.stdout
    assert {path: path.read_bytes() for path in covost.glob("*.*.*.tsv")} == made
    done = call(*prepare)
    assert (done.exit_code, "done     splits fr-en" in done.stdout) == (0, True)
    (covost / "clips/common_voice_fr_17299394.mp3").unlink()
    done = call(*prepare)
    assert done.exit_code == 2 and "1 of 3 clips of covost_v2.fr_en.test.tsv" in done.stderr


@pytest.mark.slow
def test_killed_in_the_middle_and_started_again_it_makes_the_same(covost: Path) -> None:
    lists = list(covost.glob("*.*.*.tsv"))
    with (covost / "validated.tsv").open("a") as clips, \
            (covost / "covost_v2.fr_en.tsv").open("a") as translations:
        for k in range(300_000):
            clips.write(f"{'a' * 128}\tz{k}.mp3\tune phrase de plus\t2\t0\t\t\t\n")
            translations.write(f"z{k}.mp3\tone more sentence\ttrain\n")
    command = [sys.executable, "-m", "s2st_bench", "prepare", "covost2", f"dataset.path={covost}",
               "dataset.pair=fr-en"]

    def made() -> dict[str, bytes]:
        for path in lists:
            path.unlink(missing_ok=True)
        subprocess.run(command, check=True, capture_output=True)
        return {path.name: path.read_bytes() for path in lists}

    whole = made()
    for path in lists:
        path.unlink()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        part = covost / ".covost_v2.fr_en.train.tsv.part"
        while not (part.exists() and part.stat().st_size > 1 << 20) and process.poll() is None:
            time.sleep(0.01)
        process.kill()
    assert part.exists() and not any(path.exists() for path in lists)
    subprocess.run(command, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in lists} == whole
    assert not part.exists()


def test_what_needs_nothing_says_so() -> None:
    done = call("prepare", "conference")
    assert (done.exit_code, done.stdout) == (0, "conference: nothing to prepare\n")


def test_wrong_use_is_exit_2(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").touch()
    for args, message in (
        (["nope"], "nope"), (["covost2", "dataset.path=x"], "source_lang=fr target_lang=en"),
        (["covost2", "system=oracle"], "prepare takes dataset.KEY=VALUE"),
        (["cvss", "--fixture", tmp_path / "new"], "one of its options, cvss_c, cvss_t"),
        (["covost2", "--fixture", tmp_path / "full"], "is not empty"),
        (["conference", "--fixture", tmp_path / "new"], "has no fixture"),
        (["covost2", "dataset.limit=2", "--fixture", tmp_path / "new"], "takes no options"),
    ):
        done = call("prepare", *args)
        assert done.exit_code == 2 and message in done.stderr, (args, done.output)
        assert "Traceback" not in done.output


@pytest.mark.parametrize("name", [
    "cvss_c", "fleurs", *(pytest.param(name, marks=pytest.mark.slow)
                          for name in ("cvss_t", "covost2"))])
def test_a_fixture_runs_with_the_options_it_prints(tmp_path: Path, name: str) -> None:
    pytest.importorskip("espeakng_loader", reason="fixtures are spoken: pip install …[cascade]")
    command = call("prepare", name, "--fixture", tmp_path / "it").stdout
    _, run, *options = shlex.split(command)
    assert run == "run"
    done = call("run", "system=silent", "clock=ideal", "metrics=BLEU", f"out={tmp_path}", "name=r",
                *options)
    assert done.exit_code == 0, done.output
    record = RunFolder(tmp_path / "r").record()
    assert record.n_recordings == (5 if name == "fleurs" else 3)
    assert "CC" in record.corpus_card["licence"] and (record.source_lang, record.target_lang) == (
        "fr", "en")
