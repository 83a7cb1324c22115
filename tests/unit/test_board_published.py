"""Rows of others: read strictly, shown apart, compared only where the same was measured."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from s2st_bench.errors import InputError
from s2st_bench.leaderboards.site import PUBLISHED, build
from s2st_bench.leaderboards.site.published import blocks, comparable, read_published
from s2st_bench.standings.columns import Column
from s2st_bench.standings.entries import read_entries
from s2st_bench.standings.tables import make_groups

HEAD = PUBLISHED.read_text("utf-8").splitlines()[0]
LINE = ('S,p,S2T,MuST-C,v1,tst-COMMON,long,en,es,BLEU=28.5 StreamLAAL=2350,tool 1,paper,table 2,'
        'primary,g,mustc,"BLEU[tok:13a,reseg:min-wer/mweralign] StreamLAAL[unit:word]"')


def write(folder: Path, *lines: str) -> Path:
    path = folder / "rows.csv"
    path.write_text("\n".join((HEAD, *lines)) + "\n", "utf-8")
    return path


def test_every_shipped_row_names_its_source_and_stands_once() -> None:
    rows = read_published()
    assert len(rows) == 442 and len(blocks(rows)) == 39
    assert len({row.key for row in rows}) == len(rows)
    for row in rows:
        assert re.search(r"arXiv \d{4}\.\d{5}|github\.com/\S+|iwslt\.org/", row.source), row
        assert row.metrics and row.scorer and row.place
        assert row.evidence == "primary" or "arXiv" in row.source
        if row.same:
            assert row.corpus and set(row.same) <= set(row.metrics)
    one = next(r for r in rows if r.system == "SeamlessM4T StreamAtt"
               and r.target_lang == "es" and r.point.startswith("w/f/t=2,"))
    # examples/must_results/README.md of simulstream 86e0f1e, section en-es
    assert (one.metrics["COMET"], one.metrics["StreamLAAL"]) == (0.7655, 1740.0)
    assert not next(r for r in rows if r.dataset == "MuST-C" and r.target_lang == "de"
                    and r.form == "long").same


@pytest.mark.parametrize(("change", "said"), [
    (("BLEU=28.5", "BLEU=nan"), "metrics: 'BLEU=nan'"),
    (("BLEU=28.5", "BLEU"), "metrics: 'BLEU' is not NAME=NUMBER"),
    (("StreamLAAL=2350", "BLEU=2"), "stands twice"),
    (("primary", "hearsay"), "evidence: must be primary or secondary"),
    (("paper", ""), "source: empty"),
    (("[tok:13a,", "[tok,"), "same: 'tok' is not field:value"),
    (("paper,", ""), "not as many cells"),
])
def test_a_wrong_line_is_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = write(tmp_path, LINE, LINE.replace(*change))
    with pytest.raises(InputError) as found:
        read_published(path)
    assert f"{path}:3: " in str(found.value) and said in str(found.value)


def test_another_head_or_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_published(tmp_path / "rows.csv")
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="the columns must be system,point"):
        read_published(tmp_path / "rows.csv")


@pytest.mark.parametrize(("signature", "value"), [
    ("metric:BLEU|tok:13a|reseg:mweralign(1.3)", 28.5), ("m:BLEU|t:13a|rs:min-wer", 28.5),
    ("metric:BLEU|tok:zh|reseg:min-wer", None), ("metric:BLEU|tok:13a", None),
    ("", None), ("no signature at all", None),
])
def test_only_the_same_definition_is_compared(
    tmp_path: Path, signature: str, value: float | None
) -> None:
    (row,) = read_published(write(tmp_path, LINE))
    assert row.beside(Column("BLEU", "%", True, "quality", signature)) == value
    assert row.beside(Column("chrF", "%", True, "quality", signature)) is None


@pytest.mark.parametrize(("change", "n"), [
    ({}, 1), ({"split": "tst-HE"}, 0), ({"pair": ("en", "fr")}, 0), ({"corpus": "must_c"}, 1),
    ({"dataset": {"form": "short", "version": "v1"}}, 0),
    ({"dataset": {"form": "long", "version": None}}, 0),
    ({"dataset": {"form": "long", "version": "v1", "limit": 5}}, 0),
])
def test_only_the_whole_same_test_set_is_compared(
    tmp_path: Path, board_runs: ModuleType, change: dict[str, Any], n: int
) -> None:
    spec = {"corpus": "mustc", "split": "tst-COMMON", "pair": ("en", "es"), "n": 1,
            "dataset": {"form": "long", "version": "v1", "limit": None}, "speech": False, **change}
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(**spec))
    (group,) = make_groups(read_entries([run]))
    assert len(comparable(read_published(write(tmp_path, LINE)), group)) == n


def test_published_rows_stand_below_and_are_never_ranked_or_drawn(
    tmp_path: Path, board_runs: ModuleType
) -> None:
    runs = [board_runs.make_run(tmp_path / f"{i}", board_runs.RunSpec(
        f"s{i}", corpus="mustc", split="tst-COMMON", pair=("en", "es"), n=1, speech=False,
        lag_s=1.0 + i, bleu=10.0 + i, signature="tok:13a|reseg:min-wer",
        dataset={"form": "long", "version": "v1"})) for i in range(2)]
    page = build(runs, tmp_path / "site", audio_s=0, published=PUBLISHED).read_text("utf-8")
    unaware, aware = page.split('<div class="view" data-view="aware">')
    assert unaware.count('<tr class="published"') == 20 and 'tr class="published"' not in aware
    rows = re.findall(r'<tr class="published".*?</tr>', unaware, re.S)
    assert all('<span class="dash">–</span>' in row and ">published</span>" in row for row in rows)
    assert all(re.search(r'data-v="\d\d\.\d', row) for row in rows)
    plot = unaware[unaware.index("<svg"):unaware.index("</svg>")]
    assert plot.count('class="point"') == 2 and "Seamless" not in plot
    others = (tmp_path / "site" / "published.html").read_text("utf-8")
    for key in re.findall(r'published.html#(p-[a-z0-9-]+)', unaware):
        assert f'id="{key}"' in others
    plain = build(runs, tmp_path / "site", audio_s=0)
    assert not (tmp_path / "site" / "published.html").exists()
    assert "published" not in plain.read_text("utf-8")
