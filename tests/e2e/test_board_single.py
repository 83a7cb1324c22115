"""A board in one file, in a real browser: every page, the player and its sound."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from browsing import Browser, shown, wait
from s2st_bench.leaderboards.site import PUBLISHED, build, single_file

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quiet")]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, board_runs: ModuleType) -> Path:
    folder = tmp_path_factory.mktemp("single")
    site = build(board_runs.gallery(folder / "runs"), folder / "site", audio_s=100,
                 published=PUBLISHED).parent
    return single_file(site, folder / "alone" / "board.html")


def test_one_file_holds_every_page(browser: Browser, file: Path) -> None:
    assert [path.name for path in file.parent.iterdir()] == ["board.html"]
    browser.get(file.as_uri())
    assert len(shown(browser, "table.board")) == 2
    plot = shown(browser, ".zoom button")[0]
    plot.click()
    assert shown(browser, "figure.zoomed")
    shown(browser, "tbody th a")[0].click()
    wait(lambda: browser.title == "cascade on conference", "the run's page")
    assert "Where the lag comes from" in browser.find_element("css selector", "main").text
    shown(browser, "tbody th.system a")[2].click()
    wait(lambda: shown(browser, "#play"), "the player")
    assert browser.find_element("css selector", "h1").text == "talk-03"
    browser.find_element("css selector", "body").send_keys("]")
    wait(lambda: browser.find_element("css selector", "h1").text == "talk-04", "the next one")
    next(a for a in shown(browser, ".caption a") if a.text == "run").click()
    wait(lambda: "cascade on conference" in browser.title, "back at the run's page")
    browser.find_element("css selector", ".crumbs a").click()
    wait(lambda: shown(browser, "#filters"), "the front page")
    next(a for a in shown(browser, "a") if a.text == "Published results").click()
    wait(lambda: browser.title == "Published results", "the published rows")


def test_its_sound_plays(browser: Browser, file: Path) -> None:
    browser.get(file.as_uri())
    shown(browser, "section.group .facts a")[0].click()
    wait(lambda: browser.title.startswith("Recordings of"), "the recordings")
    shown(browser, "tbody th a")[0].click()
    play = wait(lambda: shown(browser, "#play"), "the player")[0]
    play.click()
    wait(lambda: browser.find_element("id", "time").text >= "0:01.0", "the clock moves")
    assert not shown(browser, "#problem")


def test_its_filters_stand_in_the_address(browser: Browser, file: Path) -> None:
    browser.get(file.as_uri() + "#pair=en→es")
    assert len(shown(browser, "section.group")) == 1
    browser.get("about:blank")
    browser.get(file.as_uri() + "#page=../../etc/passwd")
    assert "no such page" in browser.find_element("css selector", "main").text


def test_it_is_read_without_scripts(browser: Browser, file: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(file.as_uri())
        assert len(shown(browser, "table.board")) == 4
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_hostile_text_is_inert(browser: Browser, tmp_path: Path, board_runs: ModuleType) -> None:
    site = build([board_runs.hostile(tmp_path)], tmp_path / "site").parent
    keys = sorted(p.stem for p in (site / "data" / "r").glob("*.js") if "." not in p.stem)
    pages = [p.relative_to(site).as_posix() for p in site.rglob("*.html")]
    file = single_file(site, tmp_path / "board.html")
    addresses = [f"page={page}" for page in pages if page != "recording.html"]
    addresses += [f"page=recording.html&r={key}" for key in keys]
    assert len(addresses) == 3 + 4
    for address in addresses:
        browser.get("about:blank")
        browser.get(f"{file.as_uri()}#{address}")
        if "recording.html&" in address:
            wait(lambda: shown(browser, "#play"), "the player")
            assert "</script><script>" in browser.find_element("id", "captions").text
        assert browser.execute_script("return window.broken") is None
        assert not browser.find_elements("css selector", "img")
