"""The alarm where a run is faster than another because it says less, and worse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from s2st_bench import records
from s2st_bench import trace as trace_file
from s2st_bench.cli import app
from s2st_bench.compare.alarm import Alarm, alarms, kind_of
from s2st_bench.compare.paired import Difference
from s2st_bench.registry import Registry
from s2st_bench.stats import Interval
from s2st_bench.types import (
    AudioSource,
    Job,
    MetricSpec,
    Piece,
    Recording,
    RunRecord,
    Segment,
    Step,
    TimedWrite,
    Trace,
)

LAAL = MetricSpec("LAAL", "ms", False, frozenset({"text"}), ("CU", "CA"))
BLEU = MetricSpec("BLEU", "%", True, frozenset({"text", "reference"}))
WER = MetricSpec("ASR-WER", "%", False, frozenset({"speech", "reference"}))
DURATION = MetricSpec("DurationRatio", "", None, frozenset({"speech"}))


def row(spec: MetricSpec, low: float, high: float) -> tuple[MetricSpec, Difference]:
    middle = (low + high) / 2
    return spec, Difference(spec.name, spec.unit, spec.higher_is_better, middle, 0.0, middle,
                            Interval(low, high, "t"), None, "none", None, None, 9, (9, 9))


def test_faster_worse_and_shorter_is_an_alarm_for_either_side() -> None:
    down = [row(LAAL, -300, -100), row(BLEU, -5, -1), row(DURATION, -0.3, -0.1)]
    assert alarms(down) == (Alarm("A", ("LAAL",), ("BLEU",), ("DurationRatio",)),)
    up = [row(spec, -d.interval.bounds[1], -d.interval.bounds[0])  # type: ignore[union-attr]
          for spec, d in down]
    assert alarms(up) == (Alarm("B", ("LAAL",), ("BLEU",), ("DurationRatio",)),)


def test_a_quality_that_counts_errors_points_the_other_way() -> None:
    rows = [row(LAAL, -300, -100), row(WER, 2, 6), row(DURATION, -0.3, -0.1)]
    assert [a.quality for a in alarms(rows)] == [("ASR-WER",)]
    assert not alarms([row(LAAL, -300, -100), row(WER, -6, -2), row(DURATION, -0.3, -0.1)])


@pytest.mark.parametrize("missing", range(3))
def test_each_of_the_three_must_be_certain(missing: int) -> None:
    rows = [row(LAAL, -300, -100), row(BLEU, -5, -1), row(DURATION, -0.3, -0.1)]
    spec, _ = rows[missing]
    assert not alarms([*rows[:missing], row(spec, -1, 1), *rows[missing + 1 :]])
    assert not alarms([*rows[:missing], *rows[missing + 1 :]])


@pytest.mark.parametrize(("kind", "names"), [
    ("latency", "LAAL YAAL LongYAAL SpeechEndOffset SpeechLag SpeechATD UnitLag@p95 EVS"),
    ("quality", "BLEU chrF TER WER HumanDA HumanMQM"),
    ("duration", "DurationRatio LengthRatio TokenRatio"),
    (None, "DiscontinuityMax FlickerTime SLC-0.2 AP BudgetMet SpeechOverlap SilenceRatio"),
])
def test_what_a_metric_can_say(kind: str | None, names: str) -> None:
    registry = Registry()
    for name in names.split():
        assert kind_of(registry.get("metrics", name).load().spec) == kind, name


WORDS = "das ist ein kleiner Test"


def make_run(folder: Path, words: list[str], lag_s: float, n: int = 8) -> Path:
    """A run of the system named as the folder."""
    folder.mkdir()
    recordings = [Recording(f"r{i}", AudioSource(Path("x.wav"), 0, 6.0), "en", ("de",),
                            (Segment(f"r{i}", 0, 6, references={"de": (WORDS,)}),))
                  for i in range(n)]
    traces = []
    for i in range(n):
        at = [lag_s + 0.5 * j + 0.01 * i for j in range(len(words))]
        steps = tuple(Step(t, t, (Job(j, "system", t, t + 0.1),),
                           (TimedWrite(j, 0.1, word + " ", speech_s=0.4),))
                      for j, (t, word) in enumerate(zip(at, words, strict=True)))
        pieces = tuple(Piece("p", 0, 400 + i, 1000, j) for j in range(len(words)))
        traces.append(Trace(folder.name, f"r{i}", "de", 6.0, steps, pieces,
                            outputs=("speech", "text")))
    record = RunRecord(folder.name, "corpus", "simulated", {}, "en", "de", ("speech", "text"),
                       fingerprint="f00d")
    (folder / "recordings.jsonl").write_text(
        "".join(records.encode_recording(r) + "\n" for r in recordings), "utf-8")
    (folder / "traces.jsonl").write_text(
        "".join(trace_file.encode(t) + "\n" for t in traces), "utf-8")
    (folder / "run.json").write_text(records.encode_run(record), "utf-8")
    return folder


def test_compare_prints_the_alarm(tmp_path: Path) -> None:
    whole = make_run(tmp_path / "whole", WORDS.split(), 2.0)
    short = make_run(tmp_path / "short", ["das", "Test"], 1.0)
    done = CliRunner().invoke(app, ["compare", str(short), "--versus", str(whole)])
    assert done.exit_code == 0, done.output
    (line,) = [text for text in done.stdout.splitlines() if "QualityDurationAlarm" in text]
    assert line.startswith("QualityDurationAlarm: A is faster (") and "DurationRatio" in line
    done = CliRunner().invoke(app, ["compare", str(whole), str(short), "--json"])
    (alarm,) = json.loads(done.stdout)["alarms"]
    assert (alarm["alarm"], alarm["run"]) == ("QualityDurationAlarm", "B")
    assert "BLEU" in alarm["quality"] and alarm["duration"] == ["DurationRatio"]
    assert "SpeechEndOffset" in alarm["latency"]


def test_human_judgements_of_two_runs_are_compared(tmp_path: Path) -> None:
    whole = make_run(tmp_path / "whole", WORDS.split(), 2.0)
    short = make_run(tmp_path / "short", ["das", "Test"], 1.0)
    sheet = tmp_path / "vip.csv"
    sheet.write_text("system,item,rater,score\n" + "".join(
        f"{system},r{i},{rater},{int(i < good)}\n" for system, good in (("whole", 6), ("short", 2))
        for i in range(8) for rater in "ab"), "utf-8")
    options = ["--metrics", "HumanVIP", "--metric-option", f"HumanVIP.sheet={sheet}"]
    done = CliRunner().invoke(app, ["compare", str(short), str(whole), "--json", *options])
    assert done.exit_code == 0, done.output
    (row,) = json.loads(done.stdout)["metrics"]
    assert (row["system"], row["baseline"]) == (25.0, 75.0)
    done = CliRunner().invoke(app, ["compare", str(short), str(whole), *options[:2]])
    assert done.exit_code == 2 and "HumanVIP.sheet is missing" in done.output


def test_compare_of_equals_is_silent(tmp_path: Path) -> None:
    a, b = (make_run(tmp_path / name, WORDS.split(), lag) for name, lag in (("a", 1.0), ("b", 2.0)))
    done = CliRunner().invoke(app, ["compare", str(a), str(b)])
    assert done.exit_code == 0 and "Alarm" not in done.stdout, done.output
    done = CliRunner().invoke(app, ["compare", str(a), str(b), "--json"])
    assert json.loads(done.stdout)["alarms"] == []
