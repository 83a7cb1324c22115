"""Zoom of the plots, and both latencies in one, in a real browser."""

from __future__ import annotations

from types import ModuleType

import pytest

from browsing import Browser, shown
from s2st_bench.leaderboards.site import build

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quiet")]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, board_runs: ModuleType) -> str:
    folder = tmp_path_factory.mktemp("plots")
    return build(board_runs.gallery(folder / "runs"), folder / "site", audio_s=0).as_uri()


def ticks(browser: Browser, axis: str) -> list[float]:
    return [float(e.text.replace("−", "-")) for e in shown(browser, f".ticks-{axis} text")]


def drawn(browser: Browser) -> dict[str, tuple[float, float]]:
    """The middle of each point that is shown, in pixels, by system and setting."""
    return {e.get_attribute("aria-label").split("\n")[0]: browser.execute_script(
        "const b = arguments[0].lastElementChild.getBoundingClientRect();"
        "return [b.x + b.width / 2, b.y + b.height / 2]", e) for e in shown(browser, ".point")}


def test_buttons_zoom_and_take_it_back(browser: Browser, page: str) -> None:
    browser.get(page)
    before = (ticks(browser, "x"), ticks(browser, "y"), drawn(browser))
    plus, minus, whole = shown(browser, ".zoom button")
    assert not minus.is_enabled() and not whole.is_enabled()
    plus.click()
    plus.click()
    inside = drawn(browser)
    assert 0 < len(inside) < len(before[2])
    assert ticks(browser, "x")[0] > before[0][0] and ticks(browser, "x")[-1] < before[0][-1]
    steps = [round(b - a, 6) for a, b in zip(ticks(browser, "y"), ticks(browser, "y")[1:],
                                             strict=False)]
    assert len(set(steps)) == 1 and steps[0] < before[1][1] - before[1][0]
    minus.click()
    minus.click()
    assert (ticks(browser, "x"), ticks(browser, "y"), drawn(browser)) == before
    plus.click()
    whole.click()
    assert (ticks(browser, "x"), ticks(browser, "y"), drawn(browser)) == before


def test_keys_zoom_about_the_point_that_has_the_focus(browser: Browser, page: str) -> None:
    browser.get(page)
    point = shown(browser, ".point")[0]
    name = point.get_attribute("aria-label").split("\n")[0]
    before = drawn(browser)
    browser.execute_script("arguments[0].focus()", point)
    point.send_keys("+")
    after = drawn(browser)
    assert after[name] == pytest.approx(before[name], abs=1.0)
    assert browser.switch_to.active_element == point
    others = [other for other in after if other != name]
    assert others and all(abs(after[o][0] - after[name][0]) > abs(before[o][0] - before[name][0])
                          for o in others if abs(before[o][0] - before[name][0]) > 2)
    point.send_keys("0")
    assert drawn(browser) == before


def test_a_drag_chooses_what_is_shown(browser: Browser, page: str) -> None:
    from selenium.webdriver import ActionChains

    browser.get(page)
    points = drawn(browser)
    x, y = points["cascade hold=2"]
    svg = shown(browser, "svg.whole")[0]
    middle = browser.execute_script(
        "const b = arguments[0].getBoundingClientRect();"
        "return [b.x + b.width / 2, b.y + b.height / 2]",
        svg)
    drag = ActionChains(browser).move_to_element_with_offset(
        svg, round(x - 14 - middle[0]), round(y - 14 - middle[1]))
    drag.click_and_hold().move_by_offset(28, 28).release().perform()
    assert list(drawn(browser)) == ["cascade hold=2"]
    assert not browser.find_elements("css selector", ".chosen-area")
    assert shown(browser, "figure.zoomed")


def test_both_latencies_stand_in_one_plot(browser: Browser, page: str) -> None:
    browser.get(page + "#view=both&corpus=conference")
    assert len(shown(browser, "figure.plot")) == 1
    assert len(shown(browser, "table.board")) == 2
    assert len(shown(browser, ".point .ghost")) == len(shown(browser, ".point")) == 8
    lines = shown(browser, ".without")
    assert len(lines) == 2  # two systems have several points
    tip = shown(browser, ".point")[0].get_attribute("aria-label")
    assert "LAAL_CA" in tip and "LAAL_pen " in tip
    assert [h.text for h in shown(browser, ".view > h3")] == [
        "Computation-unaware latency", "Computation-aware latency"]
