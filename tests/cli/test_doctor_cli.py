"""``doctor`` of a system and of a run: verdicts as exit codes, and what is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from s2st_bench.cli import app
from s2st_bench.records import decode_run, encode_run
from s2st_bench.standings.entries import read_entries
from s2st_bench.trust.marks import MEANING

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"


def call(*args: object) -> Result:
    return CliRunner().invoke(app, ["--plugin-dir", str(PLUGINS), *map(str, args)])


def marks(result: Result) -> dict[str, str]:
    return {name: one["verdict"] for name, one in json.loads(result.stdout)["marks"].items()}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nothing"], "error: system=nothing: no such system."),
        (["runs/none"], "error: runs/none: no run folder (it has no run.json)"),
        (["untrusty", "sytem.mode=x"], "error: sytem"),
        (["oracle", "--cuts", "0"], "Invalid value"),
        (["cascade", "source_lang=de", "target_lang=en"], "error: system cascade: its recogniser"),
    ],
)
def test_mistakes_are_told(args: list[str], message: str) -> None:
    done = call("doctor", *args)
    assert done.exit_code == 2 and message in done.output


def test_who_sees_the_references_cannot_be_tested() -> None:
    done = call("doctor", "oracle", "--json")
    assert done.exit_code == 3 and set(marks(done).values()) == {"not tested"}
    assert "sees the references" in call("doctor", "oracle").stdout


def test_a_log_is_looked_at_for_stamps_only(tmp_path: Path, board_runs) -> None:  # type: ignore[no-untyped-def]
    run = board_runs.make_run(tmp_path / "log", board_runs.RunSpec())
    record = decode_run((run / "run.json").read_text())
    fields = {name: getattr(record, name) for name in record.__dataclass_fields__}
    (run / "run.json").write_text(encode_run(type(record)(**{**fields,
                                                             "config": {"converted": True}})))
    done = call("doctor", run, "--json")
    found = marks(done)
    assert found.pop("time_travel") == "pass" and set(found.values()) == {"not tested"}
    assert done.exit_code == 0 and read_entries([run])[0].trust.state == "checked"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "code", "failing"),
    [
        ("honest", 0, set()), ("revise", 0, set()), ("peek", 1, {"peeking"}),
        ("peek_long", 1, {"peeking"}), ("canned", 1, {"canned", "babbling", "hallucination"}),
        ("leak", 1, {"state_leak"}), ("shaky", 3, set()), ("early", 1, {"time_travel"}),
    ],
)
def test_systems_in_processes_of_their_own(mode: str, code: int, failing: set[str]) -> None:
    done = call("doctor", "untrusty", f"system.mode={mode}", "--recordings", 5, "--cuts", 10,
                "--json", "-q", "dataset.pair=de-en")
    failed = {name for name, verdict in marks(done).items() if verdict == "fail"}
    assert failed == failing, done.stdout
    assert done.exit_code == code


@pytest.mark.slow
def test_a_run_keeps_its_marks(tmp_path: Path) -> None:
    made = call("run", "system=wait_k", "dataset=conference", "dataset.limit=4",
                "dataset.pair=de-en", "metrics=[BLEU,LAAL]", "clock=ideal", "name=mine",
                f"out={tmp_path}", "-q")
    assert made.exit_code == 0, made.output
    run = tmp_path / "mine"
    done = call("doctor", run, "--recordings", 4, "--cuts", 4)
    assert done.exit_code == 0, done.output
    kept = json.loads((run / "trust.json").read_text())
    assert set(kept["marks"]) == set(MEANING) and kept["n_recordings"] == 5
    entry = read_entries([run])[0]
    assert entry.trust.state == "checked" and not entry.unranked


@pytest.mark.slow
@pytest.mark.parametrize("system", ["wait_k", "emma", "ctc_gate", "cascade_conference"])
def test_systems_that_come_along_pass(system: str) -> None:
    done = call("doctor", system, "--json", "-q", "--recordings", 10)
    assert done.exit_code == 0, done.output
    assert set(marks(done).values()) == {"pass"}
