"""The board in a real browser, opened from disk: it sorts, filters, switches, plays, stays inert.

Needs Chromium and its driver (Debian: ``chromium chromium-driver``) and selenium.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType

import pytest

from browsing import Browser, shown, wait
from s2st_bench.leaderboards.site import PUBLISHED, build, read_definition, single_file


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, board_runs: ModuleType) -> Path:
    folder = tmp_path_factory.mktemp("board")
    return build(board_runs.gallery(folder / "runs"), folder / "site", audio_s=300).parent


def column(browser: Browser, name: str) -> list[str]:
    """Systems of the first table shown, top down, as sorted by a click on ``name``."""
    table = shown(browser, "table.board")[0]
    button = next(b for b in table.find_elements("css selector", "thead button")
                  if b.text.split("\n")[0].rstrip("↑↓") == name)
    button.click()
    return [row.text.replace("\n", " ") for row in table.find_elements("css selector",
                                                                       "tbody th")]


@pytest.mark.usefixtures("quiet")
def test_the_tables_sort_within_ranked_and_unranked(browser: Browser, site: Path) -> None:
    browser.get((site / "index.html").as_uri())
    up = column(browser, "LAAL")
    assert up[:3] == ["eager", "waitk k=1", "waitk k=3"]
    down = column(browser, "LAAL")
    assert down[:8] == up[:8][::-1]
    assert [name.split(" ")[0] for name in down[8:]] == ["flaky", "silent", "offline", "oracle"]
    head = next(th for th in shown(browser, "th[aria-sort]"))
    assert head.get_attribute("aria-sort") == "descending"


@pytest.mark.usefixtures("quiet")
def test_the_latency_switches_and_filters_hide(browser: Browser, site: Path) -> None:
    browser.get((site / "index.html").as_uri())
    assert "RTF" not in shown(browser, "table.board")[0].text
    unaware = shown(browser, "figure.plot svg")[0].text
    browser.find_element("css selector", "input[value=aware]").find_element(
        "xpath", "..").click()
    assert "RTF" in shown(browser, "table.board")[0].text
    assert "computation-aware" in shown(browser, "figure.plot svg")[0].text != unaware
    assert len(shown(browser, "section.group")) == 2
    browser.find_element("css selector", "select[name=pair]").send_keys("en→es")
    wait(lambda: len(shown(browser, "section.group")) == 1, "one test set is left")
    browser.find_element("css selector", "select[name=corpus]").send_keys("conference")
    wait(lambda: shown(browser, "#nothing"), "no test set is left, and the page says so")


@pytest.mark.usefixtures("quiet")
def test_numbers_explain_themselves_on_hover_and_by_keyboard(browser: Browser, site: Path) -> None:
    from selenium.webdriver import ActionChains, Keys

    browser.get((site / "index.html").as_uri())
    cell = shown(browser, "td.num[tabindex='0']")[0]
    ActionChains(browser).move_to_element(cell).perform()
    tip = browser.find_element("id", "tip")
    assert "n 8 of 8" in tip.text and "metric:BLEU|sacrebleu:2.6.0" in tip.text
    ActionChains(browser).move_to_element(browser.find_element("css selector", "h1")).perform()
    cell.send_keys(Keys.ARROW_RIGHT)
    assert tip.text.startswith("chrF")
    browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert "49.3" in tip.text
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not tip.is_displayed()


@pytest.mark.usefixtures("quiet")
def test_a_recording_plays_and_its_text_arrives_in_time(browser: Browser, site: Path) -> None:
    browser.get((site / "index.html").as_uri())
    shown(browser, "section.group a[href^=recordings]")[0].click()
    shown(browser, "tbody th a")[2].click()
    play = wait(lambda: shown(browser, "#play"), "the player")[0]
    assert browser.find_element("css selector", "h1").text == "talk-03"
    play.click()
    clock = browser.find_element("id", "time")
    wait(lambda: clock.text >= "0:01.0", "the clock moves")
    state = browser.execute_script(
        "return [...document.querySelectorAll('.caption .text span')].map(e => e.dataset.state)")
    assert "ahead" in state and state[0] != "ahead"
    browser.find_element("css selector", "body").send_keys(" ")
    assert play.text == "Play"
    stopped = clock.text
    time.sleep(0.3)
    assert clock.text == stopped
    wait(lambda: browser.find_elements("css selector", ".lane.source svg path"), "a waveform")
    assert browser.find_elements("css selector", ".lane.speech svg path")


@pytest.mark.usefixtures("quiet")
def test_two_systems_stand_side_by_side_and_keys_work(browser: Browser, site: Path) -> None:
    from selenium.webdriver.support.select import Select

    (first,) = [p.stem for p in (site / "data" / "r").glob("0001-conference-en-de*.js")
                if "." not in p.stem]
    browser.get(f"{(site / 'recording.html').as_uri()}#r={first}")
    wait(lambda: shown(browser, "#play"), "the player")
    Select(browser.find_element("id", "system-a")).select_by_visible_text("cascade hold=2")
    wait(lambda: "cascade hold=2" in browser.find_element("id", "lanes").text, "the first")
    Select(browser.find_element("id", "system-b")).select_by_visible_text("waitk k=5")
    wait(lambda: len(browser.find_elements("css selector", ".system-block")) == 2, "two systems")
    assert browser.find_elements("css selector", "#captions del")
    body = browser.find_element("css selector", "body")
    where = "return document.querySelector('.system-block .write').getAttribute('d')"
    heard = browser.execute_script(where)
    body.send_keys("u")
    assert browser.execute_script(where) != heard
    body.send_keys("]")
    wait(lambda: browser.find_element("css selector", "h1").text == "talk-02", "the next one")


@pytest.mark.usefixtures("quiet")
def test_a_failed_recording_says_why(browser: Browser, site: Path) -> None:
    browser.get((site / "index.html").as_uri())
    next(a for a in shown(browser, ".failures li a") if a.text == "talk-02").click()
    wait(lambda: shown(browser, "#captions .apart"), "the failure")
    assert "Failed (raised): the decoder ran out of memory" in browser.find_element(
        "id", "captions").text


@pytest.mark.usefixtures("quiet")
def test_hostile_text_is_inert(browser: Browser, tmp_path: Path, board_runs: ModuleType) -> None:
    site = build([board_runs.hostile(tmp_path)], tmp_path / "site").parent
    keys = sorted(p.stem for p in (site / "data" / "r").glob("*.js") if "." not in p.stem)
    pages = [*site.glob("*.html"), *site.glob("*/*.html")]
    addresses = [path.as_uri() for path in pages if path.name != "recording.html"]
    addresses += [f"{(site / 'recording.html').as_uri()}#r={key}" for key in keys]
    for address in addresses:
        browser.get("about:blank")
        browser.get(address)
        if "#" in address:
            wait(lambda: shown(browser, "#play"), "the player")
            assert "</script><script>" in browser.find_element("id", "captions").text
        assert browser.execute_script("return window.broken") is None
        assert not browser.find_elements("css selector", "img")
    assert len(addresses) == 3 + 4


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
def test_a_hostile_definition_and_hostile_rows_are_inert(
    browser: Browser, tmp_path: Path, board_runs: ModuleType
) -> None:
    attack = "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>"
    long = "x" * 100_000
    (tmp_path / "board.toml").write_text(
        f'title = "{attack}\u202e"\nsummary = "{attack}"\n[proxies]\n"LAAL" = "{attack}"\n'
        f'[regimes]\nmetrics = ["LAAL"]\nsplit = true\nbounds = {{ "{attack}" = [0, 9] }}\n',
        "utf-8")
    head = PUBLISHED.read_text("utf-8").splitlines()[0]
    cells = [f"javascript:window.broken=1//{attack}", f"\u202e{attack}", attack, f"corpus{attack}",
             attack, "dev", "long", "en", "de", f"BLEU=1 </script><img/src>=2 {long}=3",
             attack, f"javascript:window.broken=1//{attack}{long}", attack, "primary", attack,
             f"corpus{attack}", "BLEU"]
    cells[4] = ""  # no version: what the run states
    (tmp_path / "rows.csv").write_text(f"{head}\n{','.join(cells)}\n", "utf-8")
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(
        f"evil{attack}", corpus=f"corpus{attack}", n=1, stages=(attack, "asr"),
        dataset={"form": "long"}, card={"licence": attack, "cost_per_hour": 1, "currency": attack}))
    site = build([run], tmp_path / "site", published=tmp_path / "rows.csv",
                 definition=read_definition(str(tmp_path / "board.toml"))).parent
    pages = [site / "index.html", site / "published.html", next((site / "runs").iterdir())]
    single = single_file(site, tmp_path / "board.html")
    addresses = [page.as_uri() for page in pages] + [
        f"{single.as_uri()}#page={page.relative_to(site).as_posix()}" for page in pages]
    for address in addresses:
        browser.get("about:blank")
        browser.get(address)
        text = browser.find_element("css selector", "main").text
        assert "<script>" in text or "published" in address
        assert browser.execute_script("return window.broken") is None
        assert not browser.find_elements("css selector", "img, main script, main a[href^=java]")
        assert len(browser.page_source) < 1_500_000 or "board.html" in address
    browser.get(pages[0].as_uri())
    row = shown(browser, "tr.published")[0]
    assert row.text.startswith("–") and "published" in row.text


@pytest.mark.usefixtures("quiet")
def test_an_address_cannot_name_a_file_outside(browser: Browser, site: Path) -> None:
    browser.get(f"{(site / 'recording.html').as_uri()}#r=../../x&a=javascript:alert(1)")
    wait(lambda: shown(browser, "#problem"), "the refusal")
    assert "No recording is named" in browser.find_element("id", "problem").text


def test_pages_fit_a_phone(
    browser: Browser, site: Path, tmp_path: Path, board_runs: ModuleType
) -> None:
    wide = build(board_runs.wide(tmp_path / "runs"), tmp_path / "site", audio_s=0,
                 published=PUBLISHED, definition=read_definition("speech")).parent
    phone = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        for path in (site / "index.html", next(site.glob("runs/*cascade*")),
                     next(site.glob("recordings/*conference*")), wide / "index.html",
                     wide / "published.html"):
            browser.get(path.as_uri())
            wide = browser.execute_script("return document.documentElement.scrollWidth")
            assert wide <= 390, path
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
