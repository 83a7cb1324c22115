"""Who may stand beside whom, who ranks, and what a number looks like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from s2st_bench.errors import InputError
from s2st_bench.leaderboards.site.plot import make_plot, scale
from s2st_bench.standings.columns import Column
from s2st_bench.standings.entries import read_entries
from s2st_bench.standings.tables import Group, make_groups


@pytest.fixture
def groups(tmp_path: Path, board_runs: ModuleType) -> Any:
    """Make groups of runs given as keyword arguments of RunSpec."""

    def make(*specs: dict[str, Any]) -> tuple[Group, ...]:
        paths = [
            board_runs.make_run(tmp_path / f"{i}",
                                board_runs.RunSpec(**{"n": 2, "speech": False, **spec}))
            for i, spec in enumerate(specs)
        ]
        return make_groups(read_entries(paths))

    return make


def names(group: Group, view: str = "unaware") -> list[list[str]]:
    return [[row.entry.name for row in table.rows] for table in getattr(group, view)]


def test_other_test_sets_and_languages_are_other_groups(groups: Any) -> None:
    made = groups({}, {"pair": ("en", "es")}, {"fingerprint": "other"}, {"corpus": "talks"}, {})
    assert [len(group.entries) for group in made] == [2, 1, 1, 1]


def test_other_signatures_are_other_tables_and_say_why(groups: Any) -> None:
    (group,) = groups({"system": "a"}, {"system": "b", "signature": "sacrebleu:2.4.3"},
                      {"system": "c"})
    assert sorted(names(group)) == [["a", "c"], ["b"]]
    assert group.unaware[0].apart == ""
    assert "sacrebleu:2.4.3" in group.unaware[1].apart


def test_how_often_a_run_was_repeated_does_not_part_it(groups: Any) -> None:
    (group,) = groups({"signature": "sacrebleu:2.6.0"},
                      {"signature": "sacrebleu:2.6.0|repeats:3|interval:bootstrap|seed:1"})
    assert len(group.unaware) == 1


def test_another_host_parts_what_was_measured_only(groups: Any) -> None:
    (group,) = groups({"system": "a"}, {"system": "b", "host": {"cpu": "Other", "cores": 64}})
    assert names(group, "unaware") == [["a", "b"]]
    assert names(group, "aware") == [["a"], ["b"]]
    assert "Other, 64 cores" in group.aware[1].apart


def test_failed_silent_and_privileged_systems_have_no_rank_and_stand_below(groups: Any) -> None:
    (group,) = groups(
        {"system": "low", "bleu": 10.0}, {"system": "high", "bleu": 30.0},
        {"system": "flaky", "bleu": 40.0, "failed": (1,)},
        {"system": "mute", "bleu": 50.0, "coverage": 0.79},
        {"system": "oracle", "bleu": 99.0, "privileged": True},
        {"system": "babble", "bleu": 70.0, "card": {"control": True}},
        {"system": "offline", "bleu": 60.0},
    )
    rows = group.unaware[0].rows
    assert [(row.entry.name, row.rank) for row in rows] == [
        ("high", 1), ("low", 2), ("mute", None), ("flaky", None), ("oracle", None),
        ("babble", None), ("offline", None)]
    assert [row.unranked.split(" ")[0] for row in rows[2:]] == [
        "coverage", "1", "control:", "control:", "offline:"]


def test_a_disturbed_measurement_ranks_unaware_only(groups: Any) -> None:
    (group,) = groups({"system": "calm", "bleu": 10.0},
                      {"system": "busy", "bleu": 30.0, "load": {"shared": True}})
    assert [row.rank for row in group.unaware[0].rows] == [1, 2]
    busy = group.aware[0].rows[1]
    assert (busy.entry.name, busy.rank) == ("busy", None)
    assert "shared the host" in busy.unranked


def test_rank_ranges_and_bold_follow_the_intervals(groups: Any) -> None:
    # intervals of BLEU are ± 1.6
    (group,) = groups({"bleu": 30.0}, {"bleu": 28.0}, {"bleu": 20.0})
    rows = group.unaware[0].rows
    assert [row.rank_range for row in rows] == [(1, 2), (1, 2), (3, 3)]
    assert not any("BLEU" in row.best for row in rows)


def test_only_a_clear_winner_is_bold(groups: Any) -> None:
    (group,) = groups({"system": "a", "bleu": 30.0}, {"system": "b", "bleu": 20.0},
                      {"system": "c", "bleu": 90.0, "privileged": True})
    assert [(row.entry.name, "BLEU" in row.best) for row in group.unaware[0].rows] == [
        ("a", True), ("b", False), ("c", False)]


def test_operating_points_are_what_differs_in_a_family(groups: Any) -> None:
    (group,) = groups({"params": {"k": 3, "beam": 5}}, {"params": {"k": 5, "beam": 5}},
                      {"system": "alone", "params": {"k": 9}})
    assert sorted(row.point for row in group.unaware[0].rows) == ["", "k=3", "k=5"]


def test_runs_that_look_alike_carry_their_folders_names(groups: Any) -> None:
    (group,) = groups({"params": {"k": 3}}, {"params": {"k": 3}}, {"params": {"k": 5, "b": 1}})
    assert sorted(row.point for row in group.unaware[0].rows) == ["k=3 (0)", "k=3 (1)", "k=5"]


def test_views_hold_their_own_latency(groups: Any) -> None:
    (group,) = groups({"clock": "ideal"})
    unaware = [column.metric for column in group.unaware[0].columns]
    aware = [column.metric for column in group.aware[0].columns]
    assert unaware == ["BLEU", "chrF", "LAAL", "AL", "DAL", "AP", "StartOffset", "EndOffset"]
    assert aware == ["BLEU", "chrF", "LAAL_CA", "AL_CA", "DAL_CA", "AP_CA", "StartOffset",
                     "EndOffset", "RTF"]


@pytest.mark.parametrize(("metric", "unit", "value", "text"), [
    ("BLEU", "", 31.24, "31.2"), ("BLEU", "", 0.0, "0.0"), ("LAAL_CA", "ms", 1234.4, "1234"),
    ("EndOffset", "ms", -0.2, "0"), ("AL", "ms", -61.0, "−61"), ("RTF", "", 0.2, "0.200"),
    ("COMET", "", 0.81234, "0.812"), ("AP", "", None, "–"),
])
def test_numbers_are_written_to_what_they_can_say(
    metric: str, unit: str, value: float | None, text: str
) -> None:
    assert Column(metric, unit, True, "other").text(value) == text


def test_the_plot_joins_families_and_leaves_out_with_a_reason(groups: Any) -> None:
    (group,) = groups(
        {"params": {"k": 1}, "lag_s": 1.0, "bleu": 20.0},
        {"params": {"k": 3}, "lag_s": 2.0, "bleu": 25.0},
        {"system": "worse", "lag_s": 2.0, "bleu": 15.0},
        {"system": "offline", "lag_s": 9.0, "bleu": 30.0},
        {"system": "flaky", "failed": (0,)},
        {"system": "oracle", "bleu": 99.0, "privileged": True},
    )
    plot = make_plot(group.unaware[0])
    assert plot is not None
    assert [family.name for family in plot.families] == ["waitk", "worse"]
    waitk = plot.families[0]
    assert waitk.points[0].x < waitk.points[1].x and waitk.points[0].y > waitk.points[1].y
    assert waitk.line and waitk.band and not plot.families[1].line
    assert [line.label for line in plot.offline] == ["offline 30.0"]
    assert plot.x.high < 9000
    assert len(plot.left_out) == 2
    front = [tuple(map(float, corner.split(","))) for corner in plot.front.split()]
    assert [front[0], front[2]] == [(p.x, p.y) for p in waitk.points]


def test_a_system_keeps_its_colour_whoever_is_left_out(groups: Any) -> None:
    (group,) = groups({"system": "first"}, {"system": "second"}, {"system": "third"},
                      {"system": "a", "privileged": True})
    (table,) = group.unaware
    fewer = replace(table, rows=tuple(
        replace(row, unranked="shared") if row.entry.name == "first" else row
        for row in table.rows))
    drawn = []
    for view in (table, fewer):
        plot = make_plot(view)
        assert plot is not None
        drawn.append({family.name: (family.colour, family.shape) for family in plot.families})
    assert len(set(drawn[0].values())) == 4 and "first" not in drawn[1]
    assert drawn[1] == {name: looks for name, looks in drawn[0].items() if name != "first"}


def test_one_entry_makes_no_plot(groups: Any) -> None:
    (group,) = groups({})
    assert make_plot(group.unaware[0]) is None


@pytest.mark.parametrize("values", [[5.0], [0.0, 1e-12], [-3.0, 4000.0], [0.61, 0.62]])
def test_scales_hold_their_values_between_round_ticks(values: list[float]) -> None:
    made = scale(values, 0, 100)
    assert all(made.low <= v <= made.high and 0 <= made(v) <= 100 for v in values)
    assert 2 <= len(made.ticks) <= 8


def test_bad_run_folders_are_named(tmp_path: Path, board_runs: ModuleType) -> None:
    with pytest.raises(InputError, match="no run folder was given"):
        read_entries([])
    with pytest.raises(InputError, match="not a run folder"):
        read_entries([tmp_path])
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=1))
    (run / "scores.json").write_text('{"corpus": [{"metric": "BLEU"}]}')
    with pytest.raises(InputError, match=r"scores\.json: not scores of this release"):
        read_entries([run])
    (run / "scores.json").unlink()
    with pytest.raises(InputError, match="not scored yet.*s2st-bench score"):
        read_entries([run])


def test_a_number_that_must_not_rank_orders_no_table(groups: Any) -> None:
    floor = {"BLEU": "the ASR errs on 30 % of clear words"}
    (group,) = groups({"system": "a", "unranked": floor, "bleu": 30.0},
                      {"system": "b", "unranked": floor, "bleu": 20.0})
    (table,) = group.unaware
    assert table.quality is not None and table.quality.metric == "chrF"
    (bleu,) = [column for column in table.columns if column.metric == "BLEU"]
    assert bleu.unranked == floor["BLEU"] and not any("BLEU" in row.best for row in table.rows)


def test_a_system_whose_own_number_must_not_rank_is_listed_below(groups: Any) -> None:
    (group,) = groups({"system": "echo", "unranked": {"BLEU": "it echoes"}, "bleu": 90.0},
                      {"system": "b", "bleu": 20.0}, {"system": "c", "bleu": 10.0})
    (table,) = group.unaware
    assert [(row.entry.name, row.rank) for row in table.rows] == [("b", 1), ("c", 2),
                                                                  ("echo", None)]
    assert table.rows[2].unranked == "BLEU: it echoes"


def test_marks_that_all_numbers_carry_are_the_columns(groups: Any) -> None:
    (group,) = groups({"system": "a", "marks": {"BLEU": ["circular", "own text"]}},
                      {"system": "b", "marks": {"BLEU": ["circular"]}})
    (bleu,) = [c for c in group.unaware[0].columns if c.metric == "BLEU"]
    assert bleu.marks == ("circular",)


def test_controls_without_the_latency_are_not_drawn(groups: Any) -> None:
    """A silent control has quality and no latency; where only controls are left, it stays out."""
    (group,) = groups({"system": "silent", "privileged": True, "bleu": 0.0},
                      {"system": "oracle", "privileged": True}, {"system": "offline"})
    plot = make_plot(group.unaware[0])
    assert plot is not None and [f.name for f in plot.families] == ["oracle"]
    assert plot.left_out == ("silent: no LAAL",)
