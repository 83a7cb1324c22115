"""Filters, columns and presets of the front page, in a real browser."""

from __future__ import annotations

from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest

from browsing import Browser, shown, wait
from s2st_bench.leaderboards.site import build, read_definition

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory, board_runs: ModuleType) -> dict[str, str]:
    """Addresses of front pages by preset."""
    folder = tmp_path_factory.mktemp("boards")
    gallery, wide = board_runs.gallery(folder / "runs"), board_runs.wide(folder / "wide")
    runs = {"research": gallery, "speech": [*gallery, *wide], "procurement": wide,
            "iwslt2026": gallery}
    return {name: build(found, folder / name, audio_s=0,
                        definition=read_definition(name)).as_uri()
            for name, found in runs.items()}


def systems(browser: Browser) -> list[str]:
    return [e.text.split("\n")[0] for e in shown(browser, "table.board tbody th a")]


def choose(browser: Browser, name: str, value: str) -> None:
    from selenium.webdriver.support.select import Select

    Select(browser.find_element("name", name)).select_by_value(value)


def leave_out(browser: Browser, name: str) -> None:
    from selenium.webdriver import Keys

    box = browser.find_element("css selector", f"input[value={name}]")
    box.send_keys(Keys.SPACE)


def address(browser: Browser) -> str:
    return unquote(str(browser.current_url).partition("#")[2])


def test_filters_combine_and_stand_in_the_address(browser: Browser, boards: dict[str, str]) -> None:
    browser.get(boards["research"])
    assert len(systems(browser)) == 13
    choose(browser, "regime", "low")
    leave_out(browser, "failed")
    choose(browser, "output", "speech")
    left = systems(browser)
    # Controls and anchors are there for scale in every regime; the oracle speaks no speech.
    assert left == ["cascade", "cascade", "waitk", "waitk", "waitk", "offline", "waitk"]
    assert address(browser) == "regime=low&output=speech&hide=failed"
    status = browser.find_element("id", "nothing")
    assert status.text == "6 of 11 systems in 2 test sets."
    assert status.get_attribute("role") == "status"
    leave_out(browser, "control")
    choose(browser, "pair", "en→de")
    assert systems(browser) == left[:5]
    drawn = [p.get_attribute("data-entry") for p in shown(browser, ".point[data-entry]")]
    assert len(drawn) == 5
    browser.find_element("id", "all").click()
    wait(lambda: len(systems(browser)) == 13, "all are back")
    assert address(browser) == ""


def test_an_address_is_a_view_of_the_board(browser: Browser, boards: dict[str, str]) -> None:
    browser.get(boards["research"] + "#view=aware&hide=synthetic&hide=control")
    assert systems(browser) == ["waitk"]
    assert "RTF" in shown(browser, "table.board thead")[0].text
    browser.execute_script("location.hash = 'regime=above'")
    wait(lambda: shown(browser, "#nothing"), "the address was read again")
    assert browser.find_element("id", "nothing").text == "No test set fits these filters."
    assert not shown(browser, "section.group")
    browser.execute_script("location.hash = 'regime=</script>&view=javascript:1&hide=&pair=x'")
    wait(lambda: len(systems(browser)) == 13, "what is unknown is no filter")


@pytest.mark.slow
def test_the_other_columns_are_one_key_away(browser: Browser, boards: dict[str, str]) -> None:
    from selenium.webdriver import Keys

    def heads() -> list[str]:
        return [e.text.split("\n")[0].rstrip("↑↓")
                for e in shown(browser, "table.board")[0].find_elements(
                    "css selector", "thead th") if e.is_displayed()]

    browser.get(boards["speech"])
    first = heads()
    assert "HeardLAAL" in first and "HeardDAL" not in first
    button = shown(browser, "button.columns")[0]
    assert "more columns" in button.text
    button.send_keys(Keys.ENTER)
    assert set(first) < set(heads()) and "HeardDAL" in heads()
    assert address(browser) == "columns=all"
    assert button.get_attribute("aria-pressed") == "true"
    browser.get("about:blank")
    browser.get(boards["speech"] + "#columns=all")
    assert "HeardDAL" in heads()
    shown(browser, "button.columns")[0].click()
    assert heads() == first


@pytest.mark.slow
def test_without_scripts_everything_is_there(browser: Browser, boards: dict[str, str]) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(boards["speech"])
        assert not shown(browser, "#filters") and not shown(browser, "button.columns")
        text = browser.find_element("css selector", "main").text
        assert "HeardDAL" in text and "RTF" in text and "Computation-aware latency" in text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.slow
def test_presets_choose_title_view_and_rank(browser: Browser, boards: dict[str, str]) -> None:
    seen: dict[str, Any] = {}
    for name, page in boards.items():
        browser.get(page)
        seen[name] = (browser.find_element("css selector", "h1").text,
                      browser.execute_script("return document.documentElement.dataset.view"),
                      shown(browser, "th[aria-sort]")[0].text.split("\n")[0])
    assert seen == {
        "research": ("Simultaneous interpretation", "unaware", "BLEU↑"),
        "speech": ("Simultaneous speech-to-speech translation", "unaware", "ASR-BLEU↑"),
        "procurement": ("Choosing an interpretation service", "aware", "COMET-Kiwi↑"),
        "iwslt2026": ("IWSLT 2026, simultaneous track", "unaware", "chrF↑"),
    }
    browser.get(boards["iwslt2026"])
    assert "IWSLT 2026, simultaneous track has none for en→es" in browser.find_element(
        "css selector", "main").text


def test_filters_are_reached_and_named(browser: Browser, boards: dict[str, str]) -> None:
    """Every field has a name to be read out, and the tab key reaches it."""
    browser.get(boards["research"])
    named = browser.execute_script(
        "return [...document.querySelectorAll('#filters select, #filters input')]"
        ".map((e) => e.labels.length && e.labels[0].textContent.trim().length > 0"
        " && e.tabIndex === 0)")
    assert len(named) == 11 and all(named)
    groups = browser.find_elements("css selector", "#filters fieldset")
    assert all(g.find_element("css selector", "legend").text for g in groups)
