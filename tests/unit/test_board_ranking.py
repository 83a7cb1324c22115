"""Ranks of the board are those of paired tests on the runs themselves."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from s2st_bench import scoring
from s2st_bench.compare import ranks
from s2st_bench.errors import InputError
from s2st_bench.leaderboards.site import build
from s2st_bench.sample import Joint
from s2st_bench.standings.columns import Column
from s2st_bench.standings.entries import read_entries
from s2st_bench.standings.ranking import places, winner
from s2st_bench.standings.tables import make_groups
from s2st_bench.store import RunFolder

METRICS = ["BLEU", "chrF", "LAAL", "LAAL_pen", "UnitLag@p95"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, point_runs: ModuleType) -> list[Path]:
    """Two alike, one clearly better in quality, one clearly faster and silent once."""
    tmp_path = tmp_path_factory.mktemp("runs")
    made = [
        point_runs.make_run(tmp_path / "a", 1.6, 0.80, seed=1, n=24, name="a"),
        point_runs.make_run(tmp_path / "b", 1.6, 0.80, seed=2, n=24, name="b"),
        point_runs.make_run(tmp_path / "c", 1.6, 0.99, seed=3, n=24, name="c"),
        point_runs.make_run(tmp_path / "d", 0.6, 0.60, seed=4, n=24, name="d", silent=(5,)),
    ]
    for path in made:
        scoring.score_run(path, METRICS)
    return made


def joint(runs: list[Path], metric: str) -> Joint:
    samples = []
    for path in runs:
        run = RunFolder(path)
        scorer = scoring.scorer(run.traces(), run.recordings(), [metric])
        samples.append(scorer.sample(scorer.metrics[0]))
    return Joint(samples)


@pytest.mark.parametrize("metric, up", [("BLEU", True), ("chrF", True), ("LAAL", False)])
def test_ranks_are_those_of_the_paired_tests(runs: list[Path], metric: str, up: bool) -> None:
    entries = read_entries(runs)
    whole = joint(runs, metric)
    wanted = [(rank.best, rank.worst) for rank in ranks.rank_ranges(whole)]
    assert list(places(entries, metric, up).values()) == wanted
    # and so are the p values, though d has no latency for one recording
    stored = [entry.left_out[metric] for entry in entries]
    assert stored[3].n_items.sum() == (23 if metric == "LAAL" else 24)
    values = np.array([entry.scores[metric].value for entry in entries])
    deviations = np.stack([one.values for one in stored], axis=1) - values
    sizes = np.max([one.n_items for one in stored], axis=0)
    assert ranks.p_of_left_out(values, deviations, sizes) == pytest.approx(
        ranks.pairwise_p(whole), abs=1e-12)


def test_ties_stand_in_the_table_and_bold_is_found_better_than_all(
    runs: list[Path], tmp_path: Path
) -> None:
    (group,) = make_groups(read_entries(runs))
    rows = {row.entry.name: row for row in group.unaware[0].rows}
    assert {name: row.rank_range for name, row in rows.items()} == {
        "c": (1, 1), "a": (2, 3), "b": (2, 3), "d": (4, 4)}
    assert rows["c"].best == {"BLEU", "chrF"} and "UnitLag@p95" in rows["d"].best
    assert not rows["a"].best and not rows["b"].best
    page = build(runs, tmp_path / "site").read_text("utf-8")
    assert "<small>2–3</small>" in page and "ranks 2 to 3 are open" in page
    assert "corrected by Holm" in page


def test_on_the_same_recordings_more_is_found_than_from_intervals(runs: list[Path]) -> None:
    entries = read_entries(runs)
    paired = places(entries, "LAAL", False)
    alone = [replace(entry, left_out={}) for entry in entries]
    apart = places(alone, "LAAL", False)
    for entry in entries:
        (low, high), (lowest, highest) = paired[entry.key], apart[entry.key]
        assert lowest <= low <= high <= highest
    # one run of an older release: its pairs are from intervals, the others' are not
    mixed = places([alone[0], *entries[1:]], "LAAL", False)
    assert mixed[entries[3].key] == (1, 1)


def test_percentiles_have_ranks_from_their_intervals(runs: list[Path]) -> None:
    entries = read_entries(runs)
    assert all("UnitLag@p95" not in entry.left_out for entry in entries)
    assert places(entries, "UnitLag@p95", False)[entries[3].key] == (1, 1)


def test_silence_does_not_win_a_column(runs: list[Path]) -> None:
    entries = read_entries(runs)
    column = Column("LAAL", "ms", False, "latency")
    assert winner(entries, column) == entries[3]
    # its one silent recording costs its length: no longer found the fastest
    assert winner(entries, replace(column, ranks_by="LAAL_pen")) is None
    assert winner(entries[:1], column) is None
    assert winner(entries, replace(column, higher_is_better=None)) is None
    assert winner(entries, Column("x", "", True, "other")) is None


def test_intervals_alone_by_hand() -> None:
    # halves of 2.0 with 4 degrees of freedom: standard errors 2 / 2.776
    p = ranks.p_of_intervals(np.array([0.0, 3.0, 3.0]), np.array([2.0, 2.0, np.nan]),
                             np.array([5.0, 5.0, 5.0]))
    t = 3 / (np.sqrt(2) * 2 / 2.7764451)
    assert t == pytest.approx(2.945, abs=1e-3)
    assert p[0, 1] == pytest.approx(0.0422, abs=1e-4)  # 2 * scipy.stats.t.sf(2.945, 4)
    assert p[0, 2] == p[1, 2] == 1.0
    one = ranks.p_of_intervals(np.array([0.0, 9.0]), np.array([1.0, 1.0]), np.array([1.0, 30.0]))
    assert one[0, 1] == 1.0


@pytest.mark.parametrize("change", [
    {"values": [1.0]}, {"values": [None] * 24}, {"n": "x"}, {"n": [1] * 23}])
def test_damaged_values_are_named(
    runs: list[Path], tmp_path: Path, change: dict[str, object]
) -> None:
    run = shutil.copytree(runs[0], tmp_path / "damaged")
    path = run / "scores.json"
    table = json.loads(path.read_text("utf-8"))
    assert set(table["left_out"]["metrics"]) == {"BLEU", "chrF", "LAAL", "LAAL_pen"}
    table["left_out"]["metrics"]["BLEU"].update(change)
    path.write_text(json.dumps(table), "utf-8")
    with pytest.raises(InputError, match=r"scores\.json: not scores of this release"):
        read_entries([run])


@pytest.mark.parametrize("n, p", [(4, 0.125), (12, 2.0 ** -11)])
def test_a_difference_without_spread_is_as_sure_as_its_signs(n: int, p: float) -> None:
    """Four recordings that all differ by the same chunk are no proof."""
    values = np.array([1.0, 2.0, 2.0])
    stored = ranks.p_of_left_out(values, np.zeros((n, 3)), np.ones(n))
    bare = ranks.p_of_intervals(values, np.zeros(3), np.full(3, float(n)))
    for found in (stored, bare):
        assert found[0, 1] == pytest.approx(p) and found[1, 2] == 1.0
