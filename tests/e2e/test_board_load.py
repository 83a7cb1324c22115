"""The load curve in a real browser: what a point says, by pointer and by keys."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from browsing import Browser, shown, wait
from s2st_bench.leaderboards.site import build
from s2st_bench.load.curve import Curve, Level, write_curve

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quiet")]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, board_runs: ModuleType) -> str:
    folder = tmp_path_factory.mktemp("load")
    run = board_runs.make_run(folder / "run", board_runs.RunSpec("waitk", clock="realtime"))
    write_curve(run, Curve(2.0, planned=(1, 2, 4), levels=tuple(
        Level(n, 8, n_writes=40, p50_s=lag, p95_s=2 * lag, p99_s=3 * lag, max_s=4 * lag,
              misses=0.1, drift=drift)
        for n, lag, drift in ((1, 0.1, 0.0), (2, 0.2, 0.0), (4, 4.0, 0.8)))))
    index: Path = build([run], folder / "site", audio_s=0)
    return index.as_uri()


def test_a_point_says_its_numbers_and_keys_reach_all(browser: Browser, page: str) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    browser.get(page)
    dots = shown(browser, ".load .dot")
    assert len(dots) == 9
    ActionChains(browser).move_to_element(dots[3]).perform()
    tip = wait(lambda: shown(browser, "#tip"), "a tip")[0]
    assert tip.text.split("\n")[:2] == ["1 listener", "p95 0.20 s of lag"]
    assert [dot.get_attribute("tabindex") for dot in dots] == ["0"] + ["-1"] * 8
    browser.execute_script("arguments[0].focus()", dots[0])
    for _ in range(4):
        browser.switch_to.active_element.send_keys("\ue014")  # arrow right
    assert browser.switch_to.active_element == dots[4]
    assert "p95 0.40 s" in shown(browser, "#tip")[0].text


def test_the_drawing_stays_inside_a_narrow_page(browser: Browser, page: str) -> None:
    size = browser.get_window_size()
    browser.set_window_size(500, 900)
    try:
        browser.get(page)
        width = browser.execute_script("return document.documentElement.clientWidth")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        box = shown(browser, ".load svg")[0].rect
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
    finally:
        browser.set_window_size(size["width"], size["height"])
