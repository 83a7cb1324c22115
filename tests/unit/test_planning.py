"""The plan of a campaign adds up, and synthetic run folders are real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("benchmarks", reason="benchmarks lie in the checkout: python -m pytest there")
from benchmarks import synthetic  # noqa: E402
from benchmarks.planning import Campaign, Overheads, main, plan  # noqa: E402
from s2st_bench import scoring  # noqa: E402
from s2st_bench.store import RunFolder  # noqa: E402

FREE = Overheads(**dict.fromkeys(Overheads.__dataclass_fields__, 0.0))


def test_without_overheads_it_is_audio_times_rtf() -> None:
    campaign = Campaign(systems=3, pairs=2, points=2, hours=10.0, rtf=0.25, load_s=0.0, price=2.0)
    one = plan(campaign, 1, FREE)
    assert one.gpu_hours == one.wall_hours == pytest.approx(3 * 2 * 2 * 10 * 0.25)
    assert one.cost == pytest.approx(60.0) and one.harness_share == one.loading_share == 0.0
    five = plan(campaign, 5, FREE)  # twelve runs on five: three rounds
    assert five.wall_hours == pytest.approx(3 * 2.5) and five.cost == one.cost


def test_one_recording_is_not_split() -> None:
    campaign = Campaign(systems=1, pairs=1, hours=5.0, rtf=0.5, load_s=0.0, longest_s=7200.0)
    assert plan(campaign, 4, FREE).wall_hours == pytest.approx(1.0)  # of the longest, not 0.625
    assert plan(replace(campaign, longest_s=900.0), 4, FREE).wall_hours == pytest.approx(0.625)
    assert plan(replace(campaign, recording_s=18_000.0), 64, FREE).wall_hours == pytest.approx(2.5)


def test_overheads_and_real_time_are_added() -> None:
    campaign = Campaign(systems=1, pairs=1, hours=1.0, recording_s=10.0, rtf=0.5, load_s=60.0)
    costs = replace(FREE, run_s=3.0, recording_s=0.5, chunk_s=0.001)
    work_s = plan(campaign, 1, costs).gpu_hours * 3600
    assert work_s == pytest.approx(60 + 3 + 360 * 0.5 + 3600 / 0.96 * 0.001 + 1800)
    slow = plan(replace(campaign, realtime=True), 1, costs).gpu_hours * 3600
    assert slow == pytest.approx(work_s + 1800)


def test_the_command_prints_a_row_for_each_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--gpus", "1", "8", "--price", "2.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[2].split()[0] == "1" and lines[3].split()[0] == "8"
    with pytest.raises(SystemExit):
        main(["--gpus", "0"])


def test_synthetic_runs_are_scored_like_real_ones(tmp_path: Path) -> None:
    corpus = synthetic.Corpus(40)
    first = synthetic.write_run(tmp_path / "a", corpus, 0)
    second = synthetic.write_run(tmp_path / "b", corpus, 15, like=first)
    assert (first / "recordings.jsonl").samefile(second / "recordings.jsonl")
    bleu = []
    for run in (first, second):
        assert len(list(RunFolder(run).traces())) == 40
        table = scoring.score_run(run, ["BLEU", "LAAL_CA", "RTF"])
        assert table.get("LAAL_CA").value is not None and 0 < (table.get("RTF").value or 0) < 1
        bleu.append(table.get("BLEU").value)
    assert bleu[0] < bleu[1]
