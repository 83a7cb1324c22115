"""From ``run`` to the page: real runs, one of a system that dies, on one board."""

from __future__ import annotations

from pathlib import Path

from s2st_bench import runner
from s2st_bench.compose import compose
from s2st_bench.leaderboards.site import build
from s2st_bench.standings.entries import read_entries
from s2st_bench.standings.tables import make_groups

PLUGINS = [Path(__file__).parents[1] / "plugins"]


def run(tmp_path: Path, *overrides: str) -> Path:
    config = compose(
        ["dataset=clips", f"dataset.path={tmp_path / 'clips'}", "dataset.count=3",
         f"out={tmp_path / 'runs'}", "metrics=[BLEU,LAAL,LAAL_CA,RTF]", *overrides],
        plugin_dirs=PLUGINS,
    )
    return runner.run(config, plugin_dirs=PLUGINS)


def test_a_system_that_died_is_on_the_board_below_one_that_answered(tmp_path: Path) -> None:
    runs = [
        run(tmp_path, "system=faulty", "system.mode=die", "system.nth=2", "clock=ideal"),
        run(tmp_path, "system=echo", "clock=ideal"),
        run(tmp_path, "system=silent", "clock=ideal"),
    ]
    (group,) = make_groups(read_entries(runs))
    rows = group.unaware[0].rows
    assert [(row.entry.name, row.rank) for row in rows][0] == ("echo", 1)
    assert all(row.rank is None for row in rows[1:])
    page = build(runs, tmp_path / "site").read_text("utf-8")
    assert "not ranked: 1 of 3 recordings failed" in page
    assert "clip1" in page and "exit code 1" in page
