"""Latency over recordings."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from s2st_bench.leaderboards.site.spread import MAX_DOTS, make_spread
from s2st_bench.standings.entries import read_entries


def test_strips_share_a_scale_and_mark_median_and_tail(
    tmp_path: Path, board_runs: ModuleType
) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=3, speech=False))
    table = json.loads((run / "scores.json").read_text())
    for row, value in zip(table["recordings"], (1000.0, 2000.0, 4000.0), strict=True):
        row["scores"] |= {"LAAL": value, "LAAL_CA": value + 500}
    (run / "scores.json").write_text(json.dumps(table))
    (entry,) = read_entries([run])
    spread = make_spread(entry)
    assert spread is not None
    assert [strip.metric for strip in spread.strips] == ["LAAL", "LAAL_CA"]
    unaware, aware = spread.strips
    assert [(q, v) for q, v, _ in unaware.marks] == [(50, 2000.0), (95, pytest.approx(3800.0))]
    assert unaware.dots == tuple(spread.x(v) for v in (1000.0, 2000.0, 4000.0))
    assert aware.dots[0] > unaware.dots[0]


def test_many_recordings_are_thinned_and_one_makes_no_strip(
    tmp_path: Path, board_runs: ModuleType
) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=1, speech=False))
    (entry,) = read_entries([run])
    assert make_spread(entry) is None
    table = json.loads((run / "scores.json").read_text())
    row = table["recordings"][0]
    table["recordings"] = [{**row, "id": str(i), "scores": {"LAAL": float(i)}}
                           for i in range(2500)]
    (run / "scores.json").write_text(json.dumps(table))
    (entry,) = read_entries([run])
    spread = make_spread(entry)
    assert spread is not None
    (strip,) = spread.strips
    assert len(strip.dots) <= MAX_DOTS and strip.n == 2500
