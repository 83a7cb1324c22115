"""The terminal's summary of a run, against lags that are known."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from s2st_bench.reports.summary import as_text, summarise
from s2st_bench.standings.entries import read_entries


def _entry(run: Path):  # type: ignore[no-untyped-def]
    (entry,) = read_entries([run])
    return entry


def test_lags_of_an_interpreter_that_is_one_second_behind(
    tmp_path: Path, board_runs: ModuleType
) -> None:
    run = board_runs.make_run(tmp_path / "steady", board_runs.RunSpec(
        compute_s=0.0, speech=False, n=1))
    entry = _entry(run)
    found = summarise(entry, 2.0)
    (lags,) = found.lags
    (recording,) = entry.folder.recordings()
    words = recording.segments[0].references["de"][0].split()
    length = recording.segments[0].end_s
    # A word is written with the first chunk of 0.32 s that ends at or after 0.3 + 0.4 i + 1.
    chunk = 0.32
    expected = []
    for i in range(len(words)):
        due = min(length, 1.3 + 0.4 * i)
        given = min(length, chunk * -(-(due - 1e-9) // chunk))
        expected.append(given - i * length / len(words))
    assert lags.n == len(words) and lags.mean == pytest.approx(sum(expected) / len(expected))
    assert lags.most == pytest.approx(max(expected))
    assert lags.percentiles[0] == pytest.approx(sorted(expected)[-(-len(expected) // 2) - 1])
    assert found.n_chunks == -(-length // chunk) and found.source_s == pytest.approx(length)


def test_words_and_speech_are_apart_and_the_target_is_judged(
    tmp_path: Path, board_runs: ModuleType
) -> None:
    run = board_runs.make_run(tmp_path / "r", board_runs.RunSpec(n=2, failed=(1,)))
    record = json.loads((run / "run.json").read_text("utf-8"))
    record["finished_at"] = "2026-01-01T00:01:05+00:00"
    (run / "run.json").write_text(json.dumps(record), "utf-8")
    near, far = (as_text(summarise(_entry(run), target)) for target in (0.1, 60.0))
    assert "runtime     1:05 for 0:" in near and "recordings  2, 1 failed" in near
    assert near.count("missed") == 2 and far.count("met: 100.0 %") == 2
    assert "words, computation included" in near and "pieces of speech" in near


def test_a_host_that_was_shared_is_said(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "r", board_runs.RunSpec(n=2, speech=False))
    assert "shared" not in as_text(summarise(_entry(run), 2.0))
    first, *rest = (run / "traces.jsonl").read_text("utf-8").splitlines(keepends=True)
    row = json.loads(first)
    row["load"] = {**row.get("load", {}), "shared": True}
    (run / "traces.jsonl").write_text(json.dumps(row) + "\n" + "".join(rest), "utf-8")
    assert "shared with other work during 1 trace:" in as_text(summarise(_entry(run), 2.0))


def test_nothing_said_and_text_input_have_no_lag(tmp_path: Path, board_runs: ModuleType) -> None:
    runs = [board_runs.make_run(tmp_path / name, spec) for name, spec in (
        ("silent", board_runs.RunSpec("silent", speech=False)),
        ("text", board_runs.RunSpec(from_text=True, speech=False)))]
    for run in runs:
        text = as_text(summarise(_entry(run), 2.0))
        assert "lag         none" in text and "runtime     not finished" in text
