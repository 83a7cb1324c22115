"""A test set with more recordings than a board has pages for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from s2st_bench.leaderboards.site import build
from s2st_bench.leaderboards.site.recordings import choose


def test_few_recordings_all_have_a_page() -> None:
    assert choose(["a", "b"], [], 2) == {"a", "b"}


def test_those_that_failed_come_first_and_the_rest_is_spread() -> None:
    ids = [f"{i:03d}" for i in range(100)]
    failed = ["007", "007", "008", "elsewhere", "009", "010", "011", "012"]
    shown = choose(ids, failed, 10)
    assert len(shown) == 10 and {"007", "008", "009", "010", "011"} <= shown
    others = sorted(int(one) for one in shown - set(failed))
    assert others[0] < 10 and others[-1] > 75


def test_every_page_says_what_it_leaves_out(
    tmp_path: Path, board_runs: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [board_runs.make_run(tmp_path / f"run-{i}", board_runs.RunSpec(
        "waitk", {"k": i}, n=12, speech=False, failed=(3, 5, 7, 8) if i else ())) for i in (0, 1)]
    whole = build(runs, tmp_path / "whole").parent
    assert "have a page" not in next(whole.glob("recordings/*.html")).read_text()
    for module in ("build", "recordings"):
        monkeypatch.setattr(
            import_module(f"s2st_bench.leaderboards.site.{module}"), "MAX_LISTED", 6)
    site = build(runs, tmp_path / "site").parent
    assert len(list(site.glob("data/r/*.js"))) == 6 + 2 * 6
    assert "6 of 12 recordings have a page" in next(site.glob("recordings/*.html")).read_text()
    for path in site.glob("runs/*.html"):
        page = path.read_text()
        assert "6 of 12: the run folder" in page and page.count('<tr data-tier="') == 6
    front = (site / "index.html").read_text()
    assert "Recordings that failed (4)" in front
    assert front.count('<li><a href="recording.html#r=') == 3 and "<li><bdi>talk-" in front
