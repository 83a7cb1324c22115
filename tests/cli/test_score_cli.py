"""`score` on logs and traces: the table, the JSON of the design, one message for a mistake."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from s2st_bench import trace as trace_file
from s2st_bench.cli import app
from s2st_bench.formats import simuleval

ROWS = [
    {"index": i, "prediction": "das ist ein Test", "delays": [1000, 2000, 3000, 4000],
     "elapsed": [1100, 2300, 3500, 4700], "prediction_length": 4,
     "reference": "das ist ein kleiner Test", "source_length": 4000,
     "source": [f"{i}.wav", "samplerate: 16000"]}
    for i in range(3)
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "instances.log"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return path


def call(*args: object):
    return CliRunner().invoke(app, ["score", *map(str, args)])


def test_a_log_in_one_line(log: Path) -> None:
    done = call(log, "--target-lang", "de")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == str(log) and lines[1].split()[:3] == ["metric", "value", "±"]
    (laal,) = (line.split() for line in lines if line.startswith("LAAL "))
    # d - (i - 1) * 4000 / 5, mean over four words
    assert laal == ["LAAL", "1300.0", "0.0", "ms", "3/3", "3", "0.800"]
    assert "ca:simuleval" in done.stdout and "tok:13a" in done.stdout


def test_json_is_the_designs(log: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.json"
    done = call(log, "--metrics", "BLEU, AL_CA", "--json", out)
    assert done.exit_code == 0 and "AL_CA" in done.stdout
    found = json.loads(out.read_text("utf-8"))
    assert set(found) >= {"version", "recordings", "corpus"}
    assert set(found["recordings"][0]) >= {"id", "scores", "error"}
    assert set(found["recordings"][0]["scores"]) == {"BLEU", "AL_CA"}
    assert {"metric", "value", "unit", "ci95", "n_scored", "n_total", "n_clusters",
            "signature"} <= set(found["corpus"][0])
    printed = call(log, "--metrics", "BLEU,AL_CA", "--json", "-")
    assert json.loads(printed.stdout) == found
    two = json.loads(call(log, log, "--metrics", "AL", "--json", "-").stdout)
    assert [row["path"] for row in two["logs"]] == [str(log)] * 2


def test_compat_counts_as_the_other_tool(tmp_path: Path) -> None:
    path = tmp_path / "instances.log"
    path.write_text(json.dumps({**ROWS[0], "reference": "das  ist ein kleiner Test "}), "utf-8")
    # 7 words to SimulEval, which holds that two stand between spaces
    for peer, pace in ((), 4000 / 5), (("--compat", "simuleval"), 4000 / 7):
        done = call(path, "--metrics", "LAAL", "--json", "-", *peer)
        (found,) = json.loads(done.stdout)["corpus"]
        assert found["value"] == pytest.approx(2500 - 1.5 * pace)
        assert ("|compat:simuleval" in found["signature"]) == bool(peer)
    assert call(path, "--compat", "moses").exit_code == 2


def test_traces_with_references_of_ones_own(log: Path, tmp_path: Path) -> None:
    found = simuleval.read(log, target_lang="de")
    traces = tmp_path / "traces.jsonl"
    traces.write_text("".join(trace_file.encode(t) + "\n" for t in found.traces), "utf-8")
    without = call(traces, "--metrics", "BLEU,StartOffset")
    assert "no reference" in without.stdout and "StartOffset" in without.stdout
    references = tmp_path / "references.txt"
    references.write_text("das ist ein Test\n" * 3)
    done = call(traces, "--metrics", "BLEU", "--references", references)
    assert "100.00" in done.stdout, done.output


def test_a_definition_of_aware_time_by_name(log: Path) -> None:
    def value(*args):
        printed = call(log, "--metrics", "EndOffset_CA", "--json", "-", *args).stdout
        (row,) = json.loads(printed)["corpus"]
        return row["value"], row["signature"]

    assert value()[0] == value("--ca", "simuleval")[0] == pytest.approx(700)
    assert value("--ca", "fbk")[0] == pytest.approx(200)
    live, signature = value("--ca", "live")
    assert live == pytest.approx(200) and "live(from simuleval)" in signature


@pytest.mark.parametrize("args, message", [
    (["--metrics", "LAALL"], "Did you mean 'LAAL'?"),
    (["--metrics", "BLEU_CA"], "no computation-aware variant"),
    (["--references", "/nowhere"], "/nowhere: cannot be read"),
    (["--segments", "/nowhere"], "/nowhere: cannot be read"),
    (["--unit", "syllable"], "is not one of"),
    (["--format", "trace"], "not traces but simuleval"),
    (["--recording-end", "never"], "audio or segments"),
    (["--ca", "simulstream", "--speed", "0"], "--speed 0.0: a positive number"),
    (["--spm-model", "/nowhere"], "is for --unit spm"),
])
def test_mistakes_are_one_message_and_exit_2(log: Path, args: list[str], message: str) -> None:
    done = call(log, *args)
    assert done.exit_code == 2 and message in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_a_log_cut_by_a_crash_is_scored_with_a_word(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-30])
    done = call(log, "--metrics", "AL")
    assert done.exit_code == 0 and "2/2" in done.stdout
    assert "cut off" in done.stderr


def test_what_a_system_said_cannot_move_the_cursor(log: Path) -> None:
    rows = [{**row, "index": f"\x1b[2J{row['index']}", "delays": [], "elapsed": [],
             "prediction": ""} for row in ROWS]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert "\x1b" not in call(log).stdout


def test_convert_there_and_back(log: Path, tmp_path: Path) -> None:
    def convert(*args: object):
        return CliRunner().invoke(app, ["convert", *map(str, args)])

    traces, again = tmp_path / "traces.jsonl", tmp_path / "again.log"
    done = convert(log, "--to", "trace", "--out", traces, "--target-lang", "de")
    assert (done.exit_code, done.stdout.strip()) == (0, str(traces))
    assert convert(traces, "--to", "simuleval", "--out", again).exit_code == 0
    rows = [json.loads(line) for line in again.read_text("utf-8").splitlines()]
    for row, original in zip(rows, ROWS, strict=True):
        assert {k: row[k] for k in ("index", "prediction", "delays", "source_length")} == \
            {k: original[k] for k in ("index", "prediction", "delays", "source_length")}
        assert row["elapsed"] == pytest.approx(original["elapsed"])
    assert call(again, "--metrics", "LAAL_CA", "--json", "-").exit_code == 0
    there = convert(log, "--to", "trace", "--out", traces)
    assert there.exit_code == 2 and "is there already" in there.stderr
    spm = convert(log, "--to", "simuleval", "--out", tmp_path / "x", "--unit", "spm")
    assert spm.exit_code == 2 and "by word or char" in spm.stderr
