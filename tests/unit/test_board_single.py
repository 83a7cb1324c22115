"""A board in one file: whole or refused, and the same each time."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from s2st_bench.errors import UsageError
from s2st_bench.leaderboards.site import build, single_file


@pytest.fixture
def site(tmp_path: Path, board_runs: ModuleType) -> Path:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=2))
    return build([run], tmp_path / "site").parent


def test_a_larger_one_is_refused(tmp_path: Path, site: Path) -> None:
    for limit in (0.01, 0.1):
        with pytest.raises(UsageError, match=r"0\.\d MB, 0\.\d MB of it sound, over --max"):
            single_file(site, tmp_path / "board.html", limit)
    assert not (tmp_path / "board.html").exists()
    with pytest.raises(UsageError, match="must be above 0"):
        single_file(site, tmp_path / "board.html", float("nan"))


def test_everything_is_in_it(tmp_path: Path, site: Path) -> None:
    text = single_file(site, tmp_path / "new" / "board.html").read_text("utf-8")
    pages = {p.relative_to(site).as_posix() for p in site.rglob("*.html")} - {"index.html"}
    assert set(re.findall(r'<template data-page="([^"]+)"', text)) == pages
    for path in site.glob("data/r/*.js"):
        assert f'data-held="{path.stem}"' in text and path.read_text("ascii") in text
    sounds = list(site.glob("audio/*"))
    assert len(sounds) == 4
    for path in sounds:
        assert base64.b64encode(path.read_bytes()).decode() in text
    for address in re.findall(r'href="([^"]*)"', text):
        page = re.match(r"#page=([^&]+)", address)
        assert address in ("data:,", "#main") or page and page[1] in {*pages, "index.html"}


def test_only_its_own_script_and_style_may_run(tmp_path: Path, site: Path) -> None:
    text = single_file(site, tmp_path / "board.html").read_text("utf-8")
    policy = re.search(r'Security-Policy" content="([^"]*)"', text)
    assert policy and "unsafe" not in policy[1] and "default-src 'none'" in policy[1]
    for inner in (re.search(r"<script>(.*?)</script>", text, re.S),
                  re.search(r"<style>(.*?)</style>", text, re.S)):
        assert inner is not None
        digest = base64.b64encode(hashlib.sha256(inner[1].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    assert not re.search(r"<(script|link|img|iframe)[^>]* (src|href)=\"(?!data:,)", text)


def test_the_same_site_makes_the_same_file(tmp_path: Path, site: Path) -> None:
    files = [single_file(site, tmp_path / name).read_bytes() for name in ("a.html", "b.html")]
    assert files[0] == files[1]
