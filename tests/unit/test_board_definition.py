"""``board.toml``: what a board shows, in which order, by what it ranks, into which regimes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from s2st_bench.errors import InputError, UsageError
from s2st_bench.leaderboards.site import build, presets, read_definition
from s2st_bench.leaderboards.site.filters import make_filters
from s2st_bench.standings.entries import read_entries
from s2st_bench.standings.tables import Group, make_groups


def write(folder: Path, text: str) -> str:
    path = folder / "board.toml"
    path.write_text(text, "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, board_runs: ModuleType) -> list[Path]:
    runs: list[Path] = board_runs.gallery(tmp_path_factory.mktemp("runs"))
    return runs


def first(groups: tuple[Group, ...]) -> Group:
    return next(group for group in groups if group.corpus == "conference")


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_read_and_builds(name: str, tmp_path: Path, board_runs: ModuleType) -> None:
    page = build(board_runs.wide(tmp_path / "runs", 2), tmp_path / "site",
                 definition=read_definition(name), audio_s=0)
    assert read_definition(name).title in page.read_text("utf-8")


def test_the_presets_are_those_of_the_issue() -> None:
    assert presets() == ("iwslt2026", "procurement", "research", "speech")


def test_columns_come_in_the_order_named_and_the_rest_behind(
    tmp_path: Path, gallery: list[Path]
) -> None:
    definition = read_definition(write(tmp_path, 'columns = ["LAAL", "chr*"]'))
    table = first(make_groups(read_entries(gallery), definition.choice)).unaware[0]
    layout = definition.lay_out(table)
    # What ranks the table is there although it was not named.
    assert [c.name for c, more in layout if not more] == ["BLEU", "LAAL", "chrF"]
    assert [c.name for c, more in layout if more] == ["AL", "DAL", "AP", "StartOffset",
                                                      "EndOffset"]
    bare = read_definition(write(tmp_path, 'columns = ["LAAL"]\nrest = "none"'))
    assert [c.name for c, _ in bare.lay_out(table)] == ["BLEU", "LAAL"]


def test_a_latency_can_rank(tmp_path: Path, gallery: list[Path]) -> None:
    definition = read_definition(write(tmp_path, 'rank_by = ["Nonesuch", "LAAL"]'))
    group = first(make_groups(read_entries(gallery), definition.choice))
    ranked = [row for row in group.unaware[0].rows if row.rank]
    assert [row.entry.name for row in ranked[:2]] == ["eager", "waitk"]
    values = [row.entry.scores["LAAL"].value or 0.0 for row in ranked]
    assert values == sorted(values)
    assert [table.ranking and table.ranking.metric for table in group.aware] == ["LAAL_CA"]


def test_regimes_part_a_table_and_each_has_ranks_of_its_own(
    tmp_path: Path, gallery: list[Path]
) -> None:
    definition = read_definition(write(tmp_path, (
        '[regimes]\nmetrics = ["LongYAAL", "LAAL"]\nsplit = true\n'
        'bounds = {low = [0, 1], high = [1, 2]}')))
    group = first(make_groups(read_entries(gallery), definition.choice))
    assert group.regime_metric == "LAAL"
    for tables in (group.unaware, group.aware):
        assert [table.regime for table in tables] == ["low", "high", "above", ""]
        for table in tables:
            ranks = [row.rank for row in table.rows if row.rank]
            assert ranks == list(range(1, len(ranks) + 1))
            assert {row.regime for row in table.rows if not row.entry.anchor} == {table.regime}
            assert [row.entry.name for row in table.rows if row.entry.anchor] == [
                "oracle", "offline"]
    latencies = [row.entry.scores["LAAL"].value for row in group.unaware[1].rows
                 if not row.entry.anchor]
    assert latencies and all(1000 < (v or 0) <= 2000 for v in latencies)


def test_iwslt_regimes_are_the_years_rules(tmp_path: Path, board_runs: ModuleType) -> None:
    runs = [board_runs.make_run(tmp_path / f"{i}", board_runs.RunSpec(
        f"s{i}", n=2, speech=False, pair=pair,
        extra={"LongYAAL": (1000.0 * i, 50.0, "ms", False)}))
        for i, pair in enumerate([("en", "de"), ("en", "de"), ("en", "de"), ("en", "es")], 1)]
    groups = make_groups(read_entries(runs), read_definition("iwslt2026").choice)
    by_pair = {group.pair: group for group in groups}
    # 2 s is still low: a bound is taken in by the regime below it
    assert [(t.regime, [r.entry.name for r in t.rows]) for t in by_pair["en→de"].unaware] == [
        ("low", ["s1", "s2"]), ("high", ["s3"])]
    assert by_pair["en→es"].regimes == () and len(by_pair["en→es"].unaware) == 1


def test_filters_offer_what_the_runs_differ_in(gallery: list[Path]) -> None:
    groups = make_groups(read_entries(gallery), read_definition("research").choice)
    filters = make_filters(groups)
    assert {s.name: [value for value, _ in s.options] for s in filters.selects} == {
        "pair": ["en→de", "en→es"], "corpus": ["conference", "talks"],
        "regime": ["low", "high", "above"], "output": ["speech", "text"]}
    assert [name for name, _ in filters.hide] == ["unranked", "failed", "control", "synthetic"]


@pytest.mark.parametrize(("text", "said"), [
    ('colums = ["BLEU"]', "colums: no such key; did you mean columns?"),
    ('columns = "BLEU"', "columns: must be a list of names"),
    ('columns = [""]', "columns: must be a list of names"),
    ("title = 3", "title: must be a text"),
    ('view = "both"', "view: must be unaware or aware"),
    ('facts = ["price"]', "facts: must be cost"),
    ("proxies = 1", "proxies: must be a table"),
    ('[regimes]\nbounds = {low = [0, 2]}', "regimes.metrics: name the latency"),
    ('[regimes]\nmetrics = ["LAAL"]', "regimes.bounds: name at least one"),
    ('[regimes]\nmetrics = ["LAAL"]\nbounds = {low = [2, 0]}', "regimes.bounds.low: must be two"),
    ('[regimes]\nmetrics = ["LAAL"]\nbounds = {low = [nan, 1]}', "regimes.bounds.low"),
    ('[regimes]\nmetrics = ["LAAL"]\nbounds = {low = [true, 2]}', "regimes.bounds.low"),
    ('[regimes]\nrules = "iwslt2026"\nmetrics = ["LAAL"]', "either rules, or metrics"),
    ('[regimes]\nsplit = 2\nmetrics = ["LAAL"]', "regimes.split: must be true or false"),
    ("title = ", "not TOML"),
])
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match="board.toml") as found:
        read_definition(write(tmp_path, text))
    assert said in str(found.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--board fancy: no such preset; iwslt2026, procurement"):
        read_definition("fancy")
    with pytest.raises(InputError, match="nowhere.toml: cannot be read"):
        read_definition(str(tmp_path / "nowhere.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        read_definition(str(tmp_path / "bytes.toml"))
    with pytest.raises(UsageError, match="no such rules"):
        read_definition(write(tmp_path, '[regimes]\nrules = "iwslt1999"'))


def test_slips_and_unscored_runs_are_told(tmp_path: Path, board_runs: ModuleType) -> None:
    runs = [board_runs.make_run(tmp_path / name, board_runs.RunSpec(n=1)) for name in ("a", "b")]
    (runs[1] / "scores.json").unlink()
    told: list[str] = []
    page = build(runs, tmp_path / "site", note=told.append, audio_s=0,
                 definition=read_definition(write(tmp_path, 'columns = ["BLUE", "LAAL"]')))
    assert page.is_file()
    assert [text.replace(str(tmp_path), "") for text in told] == [
        "left out: /b: not scored yet (it holds no scores.json); "
        f"run: s2st-bench score {tmp_path}/b".replace(str(tmp_path), ""),
        "board: no run has the metrics BLUE (did you mean BLEU?)"]
    (runs[0] / "scores.json").unlink()
    with pytest.raises(InputError, match="not scored yet"):
        build(runs, tmp_path / "site", note=told.append)


def test_what_the_card_says_of_cost_and_what_is_a_proxy_is_shown(
    tmp_path: Path, board_runs: ModuleType
) -> None:
    runs = board_runs.wide(tmp_path / "runs", 2)
    text = build(runs, tmp_path / "a", definition=read_definition("procurement"),
                 audio_s=0).read_text("utf-8")
    assert "cost per hour" in text and "1.50 USD" in text
    text = build(runs, tmp_path / "b", definition=read_definition("speech"),
                 audio_s=0).read_text("utf-8")
    assert text.count('<span class="unit mark">proxy</span>') == 4
