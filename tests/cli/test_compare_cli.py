"""`compare`: two runs as a table and as JSON; what must not be compared is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from s2st_bench import records
from s2st_bench import trace as trace_file
from s2st_bench.cli import app
from s2st_bench.compare import matched
from s2st_bench.compare.runs import curve
from s2st_bench.errors import NotComparable
from s2st_bench.types import (
    AudioSource,
    Job,
    Recording,
    RunRecord,
    Segment,
    Step,
    TimedWrite,
    Trace,
)

TEXT = "das ist ein kleiner Test"


def make_run(folder: Path, *, text=TEXT, lag_s=1.0, n=8, talk=None, clock="simulated",
             fingerprint="f00d", silent=()) -> Path:
    folder.mkdir()
    recordings = [
        Recording(f"r{i}", AudioSource(Path("x.wav"), 0, 6.0), "en", ("de",),
                  (Segment(f"r{i}", 0, 6, references={"de": (f"{TEXT} {i}",)}),), cluster=talk)
        for i in range(n)
    ]
    words = text.split()
    traces = [
        Trace("sys", f"r{i}", "de", 6.0, () if i in silent else tuple(
            Step(at, at, (Job(j, "system", at, at + 0.1),), (TimedWrite(j, 0.1, word + " "),))
            for j, word in enumerate([*words, str(i)]) for at in [lag_s + 0.5 * j + 0.01 * i]
        ), clock=clock)
        for i in range(n)
    ]
    record = RunRecord("sys", "corpus", clock, {}, "en", "de", ("text",), fingerprint=fingerprint)
    (folder / "recordings.jsonl").write_text(
        "".join(records.encode_recording(r) + "\n" for r in recordings), "utf-8")
    (folder / "traces.jsonl").write_text(
        "".join(trace_file.encode(t) + "\n" for t in traces), "utf-8")
    (folder / "run.json").write_text(records.encode_run(record), "utf-8")
    return folder


def call(*args: object):
    return CliRunner().invoke(app, ["compare", *map(str, args)])


def test_the_difference_with_its_interval_and_p(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a")
    b = make_run(tmp_path / "b", text="das war ein Test", lag_s=1.5)
    done = call(a, b, "--metrics", "BLEU, LAAL, LAAL_CA", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["corpus"] == "f00d" and found["no_value"] == []
    rows = {row["metric"]: row for row in found["metrics"]}
    assert list(rows) == ["BLEU", "LAAL", "LAAL_CA"]
    bleu = rows["BLEU"]
    assert bleu["system"] == pytest.approx(100) and bleu["difference"] > 30
    assert bleu["ci95"][0] <= bleu["difference"] <= bleu["ci95"][1]
    assert bleu["p"] == 2 / 2**8 == bleu["smallest_p"] and bleu["test"] == "exact-sign-flip"
    assert bleu["p_holm"] == pytest.approx(3 * bleu["p"])
    assert rows["LAAL"]["difference"] < 0 and bleu["n_scored"] == [8, 8]
    assert bleu["signature"].startswith("metric:BLEU|") and "corpus:f00d" in bleu["signature"]


def test_as_a_table_with_what_limits_it(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a", n=4, silent=(2,))
    b = make_run(tmp_path / "b", n=4, lag_s=2.0)
    done = call(a, b)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"A {a}\nB {b}\n")
    (laal,) = (line for line in done.stdout.splitlines() if line.startswith("LAAL "))
    assert "3 / 4" in laal
    assert "4 clusters: no p can be below 0.125" in done.stdout
    assert "scored on different items" in done.stdout and "tok:13a" in done.stdout


def test_one_talk_is_marked(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a", n=12, talk="t")
    b = make_run(tmp_path / "b", n=12, talk="t", lag_s=2.0)
    done = call(a, b, "--metrics", "LAAL")
    assert done.exit_code == 0, done.output
    assert "conditional on this talk" in done.stdout and "one cluster: no test" in done.stdout
    scored = CliRunner().invoke(app, ["score", str(a), "--metrics", "LAAL"])
    assert "conditional on this talk" in scored.stdout


@pytest.mark.parametrize("changes, said", [
    ({"fingerprint": "beef"}, "same test set"),
    ({"fingerprint": ""}, "names no corpus fingerprint"),
    ({"clock": "realtime"}, "clock 'simulated' and 'realtime'"),
])
def test_what_must_not_be_compared(tmp_path: Path, changes, said) -> None:
    a, b = make_run(tmp_path / "a"), make_run(tmp_path / "b", **changes)
    done = call(a, b, "--metrics", "LAAL")
    assert done.exit_code == 2 and said in done.output and "Traceback" not in done.output


def test_mistakes_are_one_message(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a")
    for args, said in [
        ((a, tmp_path / "none"), "not a run folder"),
        ((a, a, "--metrics", "BLUE"), "BLUE"),
        ((a, a, "--metrics", ","), "names none"),
    ]:
        done = call(*args)
        assert done.exit_code == 2 and said in done.output, done.output


def test_repeats_are_no_other_setting(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a"), make_run(tmp_path / "b", lag_s=2.0)
    traces = list(trace_file.read(b / "traces.jsonl"))
    again = [replace(t, repeat=1) for t in traces]
    (b / "traces.jsonl").write_text(
        "".join(trace_file.encode(t) + "\n" for t in [*traces, *again]), "utf-8")
    done = call(a, b, "--metrics", "LAAL", "--json")
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)["metrics"]
    assert row["n_scored"] == [8, 16] and row["n_clusters"] == 8


def test_runs_are_points_of_a_curve(tmp_path: Path) -> None:
    paths = [make_run(tmp_path / str(i), lag_s=lag, text=text, n=10)
             for i, (lag, text) in enumerate([(0.5, "das war"), (1.0, "das war ein"), (2.0, TEXT)])]
    found = matched.matched(curve(paths, "LAAL", "BLEU"), curve(paths[::2], "LAAL", "BLEU"))
    # both span the same latencies; with its middle point the first bends
    assert found.overlap[0] <= found.latency[0] < found.latency[-1] <= found.overlap[1]
    assert abs(found.difference).max() > 1 and found.n_clusters == 10
    other = make_run(tmp_path / "other", clock="realtime")
    with pytest.raises(NotComparable, match="clock"):
        curve([paths[0], other], "LAAL", "BLEU")
    silent = make_run(tmp_path / "silent", n=2, silent=(0, 1))
    with pytest.raises(NotComparable, match="no value of LAAL"):
        curve([silent], "LAAL", "BLEU")
