"""Reruns: which runs are of one system, and how much it differs from itself."""

from __future__ import annotations

import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from s2st_bench.reports.paper.reruns import as_markdown
from s2st_bench.standings.entries import read_entries
from s2st_bench.standings.reruns import find_reruns, measure


def test_noise_is_what_a_pair_of_reruns_exceeds_one_time_in_twenty() -> None:
    four = measure("BLEU", "", [1.0, 2.0, 3.0, 4.0])
    values = np.random.default_rng(5).normal(20.0, 0.3, (20_000, 6))
    noise = values[:, :4].std(axis=1, ddof=1) * four.noise / four.deviation
    exceeded = np.abs(values[:, 4] - values[:, 5]) > noise
    assert exceeded.mean() == pytest.approx(0.05, abs=0.005)


def test_the_statistics_by_hand() -> None:
    one = measure("LAAL", "ms", [1000.0, 1010.0, 1020.0])
    assert (one.mean, one.deviation) == (1010.0, 10.0)
    # Student's t for 2 degrees of freedom, two-sided 5 %: 4.303 (any table of t)
    assert one.noise == pytest.approx(4.30265 * 10.0 * math.sqrt(2.0), rel=1e-5)
    assert not one.identical and measure("BLEU", "", [3.0, 3.0]).identical


def test_reruns_agree_in_all_but_seeds(tmp_path: Path, board_runs: ModuleType) -> None:
    make, spec = board_runs.make_run, board_runs.RunSpec
    runs = [make(tmp_path / f"night-{i}", spec("waitk", {"k": 3, "seed": i}, bleu=20.0 + i,
                                               speech=False)) for i in range(3)]
    runs.append(make(tmp_path / "other", spec("waitk", {"k": 5}, speech=False)))
    runs.append(make(tmp_path / "elsewhere", spec(
        "waitk", {"k": 3}, speech=False, host={"cpu": "Another", "cores": 2})))
    (found,) = find_reruns(read_entries(runs))
    assert (found.name, found.of, found.n) == ("waitk", "runs", 3)
    by_name = {one.metric: one for one in found.metrics}
    assert by_name["BLEU"].values == (20.0, 21.0, 22.0)
    assert by_name["BLEU"].half_width == pytest.approx(1.6)
    assert by_name["LAAL"].identical
    text = as_markdown([found])
    assert "**waitk** on conference: 3 runs" in text and "| BLEU | 21 | 1 | 20 | 22 |" in text
    assert "Identical in every rerun:" in text and "LAAL" in text


def test_repeats_inside_a_run_are_reruns(tmp_path: Path, board_runs: ModuleType) -> None:
    import json

    run = board_runs.make_run(tmp_path / "r", board_runs.RunSpec(speech=False))
    scores = json.loads((run / "scores.json").read_text("utf-8"))
    again = [{**row, "repeat": 1, "scores": {**row["scores"], "LAAL_CA": row["scores"]["LAAL_CA"]
                                             + 8.0}} for row in scores["recordings"]]
    scores["recordings"] += again
    (run / "scores.json").write_text(json.dumps(scores), "utf-8")
    (found,) = find_reruns(read_entries([run]))
    assert (found.of, found.n) == ("repeats", 2)
    changed = [one for one in found.metrics if not one.identical]
    assert [one.metric for one in changed] == ["LAAL_CA"]
    assert changed[0].deviation == pytest.approx(8.0 / math.sqrt(2.0))
