"""`compare --matched`: two systems given as several runs, at the same latency."""

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from s2st_bench import records
from s2st_bench import trace as trace_file
from s2st_bench.cli import app
from s2st_bench.cli.several_values import spread
from s2st_bench.store import RunFolder


def call(*args: object):
    return CliRunner().invoke(app, ["compare", *map(str, args)])


def as_json(*args: object):
    done = call(*args, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_two_curves_where_both_reach(tmp_path: Path, point_runs: ModuleType) -> None:
    a = point_runs.make_curve(tmp_path / "a", [0.8, 1.6, 2.4], [0.85, 0.93, 0.99])
    b = point_runs.make_curve(tmp_path / "b", [0.5, 1.2, 2.0], [0.4, 0.5, 0.6])
    found = as_json(*a, "--versus", *b, "--matched", "LAAL,BLEU")
    assert found["kind"] == "matched" and found["corpus"] == "f00d" and found["unit"] == "ms"
    first, second = ([p["latency"] for p in s["points"]] for s in found["systems"])
    assert [p["run"] for p in found["systems"][1]["points"]] == [str(path) for path in b]
    assert found["overlap"] == [max(min(first), min(second)), min(max(first), max(second))]
    assert found["n_clusters"] == 16 and found["method"].startswith("matched-bootstrap-t")
    for row in found["rows"]:
        low, high = row["pointwise"]
        lowest, highest = row["simultaneous"]
        assert lowest <= low < row["difference"] < high <= highest and lowest > 0
    assert found["overlap"][0] <= found["rows"][0]["latency"]
    assert found["signatures"]["BLEU"].startswith("metric:BLEU|")
    assert "interval" not in found["signatures"]["BLEU"]
    swapped = as_json(*b, "--versus", *a, "--matched", "LAAL,BLEU")
    assert [r["difference"] for r in swapped["rows"]] == pytest.approx(
        [-r["difference"] for r in found["rows"]])
    shown = call(*a, f"--versus={b[0]}", *b[1:], "--matched", "LAAL, BLEU")
    assert shown.exit_code == 0, shown.output
    (head,) = (line for line in shown.stdout.splitlines() if "pointwise" in line)
    assert head.split()[:2] == ["LAAL", "ms"] and "95 % for all latencies" in head
    assert "Both curves span LAAL" in shown.stdout and "tok:13a" in shown.stdout
    rows = [line for line in shown.stdout.splitlines() if " … " in line]
    assert len(rows) == len(found["rows"]) and all(row.endswith("  A") for row in rows)


def test_a_single_point_dominates_or_not(tmp_path: Path, point_runs: ModuleType) -> None:
    a = point_runs.make_curve(tmp_path / "a", [1.0, 2.0], [0.5, 0.6])
    fast = point_runs.make_run(tmp_path / "b", 0.5, 0.99, seed=9)
    found = as_json(*a, "--versus", fast, "--matched", "LAAL,BLEU")
    assert found["kind"] == "dominance"
    assert [row["verdict"] for row in found["rows"]] == ["dominated"] * 2
    assert [(row["a"], row["b"]) for row in found["rows"]] == [(str(p), str(fast)) for p in a]
    assert all(row["latency"] > 400 and row["quality"] < -10 for row in found["rows"])
    turned = as_json(fast, "--versus", *a, "--matched", "LAAL,BLEU")
    assert [row["verdict"] for row in turned["rows"]] == ["dominates"] * 2
    assert [r["quality"] for r in turned["rows"]] == [-r["quality"] for r in found["rows"]]
    shown = call(*a, "--versus", fast, "--matched", "LAAL,BLEU").stdout
    assert shown.count("B dominates") == 2 and "single point" in shown


def test_the_best_point_within_a_latency_is_chosen_on_dev(
    tmp_path: Path, point_runs: ModuleType
) -> None:
    lags, hits = [0.6, 1.2, 2.4], [0.5, 0.8, 0.99]
    a, a_dev = (point_runs.make_curve(tmp_path / name, lags, hits, fingerprint=name)
                for name in ("t", "d"))
    b, b_dev = (point_runs.make_run(tmp_path / f"b{name}", 1.3, 0.5, fingerprint=name, seed=7)
                for name in ("t", "d"))
    common = (*a, "--versus", b, "--matched", "LAAL,BLEU", "--dev", *a_dev, b_dev)
    found = as_json(*common)
    assert found["kind"] == "budget"
    # the latency of the system with one point is kept, so that the slowest is out
    assert found["budget"] == found["dev"][1]["points"][0]["latency"]
    assert found["chosen"] == [str(a[1]), str(b)]
    quality, latency = found["metrics"]
    assert (quality["metric"], latency["metric"]) == ("BLEU", "LAAL")
    assert quality["difference"] > 10 and quality["p"] < 0.05 and latency["difference"] < 0
    assert as_json(*common, "--at-most", 9000)["chosen"][0] == str(a[2])
    shown = call(*common).stdout
    assert "On dev, chosen for BLEU at LAAL <=" in shown and f"A {a[1]}" in shown
    for args, said in [
        ((*common, "--at-most", -900), "keeps LAAL <= -900: the fastest has"),
        ((*common[:-1],), "4 runs need as many dev runs"),
        ((*common[:-4], *a_dev[::-1], b_dev), "is no dev run of"),
        ((*common[:-4], *a, b), "same test set as"),
        ((*a, "--versus", *a[:2], "--matched", "LAAL,BLEU", "--dev", *a_dev, *a_dev[:2]),
         "name the latency to keep (--at-most, in ms of LAAL)"),
        ((*a, "--versus", b, "--matched", "LAAL,BLEU", "--at-most", 900), "dev run of every run"),
    ]:
        done = call(*args)
        assert done.exit_code == 2 and said in done.stderr, done.output


def test_what_cannot_be_matched_is_said(tmp_path: Path, point_runs: ModuleType) -> None:
    early = point_runs.make_curve(tmp_path / "a", [0.3, 0.6], [0.5, 0.6])
    late = point_runs.make_curve(tmp_path / "b", [2.4, 3.0], [0.5, 0.6])
    other = point_runs.make_curve(tmp_path / "c", [0.3, 0.6], [0.5, 0.6], fingerprint="beef")
    clock = point_runs.make_run(tmp_path / "d", 1.0, 0.5)
    record = RunFolder(clock).record()
    (clock / "run.json").write_text(records.encode_run(replace(record, clock="realtime")))
    traces = [replace(t, clock="realtime") for t in RunFolder(clock).traces()]
    (clock / "traces.jsonl").write_text("".join(trace_file.encode(t) + "\n" for t in traces))
    axes = ("--matched", "LAAL,BLEU")
    for args, said in [
        ((*early, "--versus", *late, *axes), "the curves share no latency"),
        ((*early, "--versus", *other, *axes), "same test set"),
        ((*early, "--versus", clock, *axes), "clock 'simulated' and 'realtime'"),
        ((*early, *axes), "name the other system's runs with --versus"),
        ((*early, *late), "two runs are compared, not 4"),
        ((early[0],), "two runs are compared, not 1"),
        ((*early, "--dev", *late), "are for --matched"),
        ((*early, "--versus", *late, "--matched", "LAAL"), "a latency and a quality are wanted"),
        ((*early, "--versus", *late, "--matched", "BLEU,LAAL"), "BLEU is no latency"),
        ((*early, "--versus", *late, "--matched", "LAAL,AL"), "AL is no quality"),
        ((*early, "--versus", *late, "--matched", "LAAL,BLEW"), "BLEW"),
        ((*early, "--versus", *late, *axes, "--metrics", "AL"), "leave --metrics out"),
    ]:
        done = call(*args)
        assert done.exit_code == 2 and said in done.stderr, done.output
        assert "Traceback" not in done.output and done.stdout == ""
    two = call(early[0], "--versus", early[1], "--metrics", "LAAL")
    assert two.exit_code == 0 and two.stdout == call(*early, "--metrics", "LAAL").stdout


@pytest.mark.parametrize("given, meant", [
    ("a --versus b c --json", "a --versus b --versus c --json"),
    ("--versus=b c --matched x,y d", "--versus=b --versus c --matched x,y d"),
    ("--dev b --dev c d -- --versus e f", "--dev b --dev c --dev d -- --versus e f"),
    ("--versus", "--versus"),
])
def test_an_option_takes_all_words_up_to_the_next(given: str, meant: str) -> None:
    assert list(spread(given.split())) == meant.split()
