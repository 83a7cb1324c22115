"""The page in a real browser, with a recording as its microphone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("websockets", reason="needs the extra serve")

from browsing import Browser, chromium, requested, wait
from s2st_bench.audio import read_audio, write_wav
from s2st_bench.build import build_system
from s2st_bench.compose import compose_serve
from s2st_bench.registry import Registry
from s2st_bench.serve.bounds import Bounds
from s2st_bench.system import Observation
from s2st_bench.types import Speech, Write
from scripted import Policy, Scripted
from serving import Served, serving

HOSTILE = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>'
SENTENCE = Path(__file__).parents[2] / "datasets/conference/audio/en/en-hand-test-001.opus"
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser hears: a sentence, once."""
    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    write_wav(path, read_audio(SENTENCE, rate_hz=RATE_HZ), RATE_HZ)
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, microphone: Path) -> Iterator[Browser]:
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
             f"--use-file-for-fake-audio-capture={microphone}%noloop")
    with chromium(tmp_path_factory.mktemp("profile"), *flags) as browser:
        yield browser


def visit(browser: Browser, served: Served) -> None:
    browser.get("about:blank")
    browser.get_log("browser")
    requested(browser)
    browser.get(f"http://127.0.0.1:{served.port}/")
    wait(lambda: text(browser, "status") == "Ready", "the page is ready")


def text(browser: Browser, name: str) -> str:
    return str(browser.find_element("id", name).text)


def press(browser: Browser) -> None:
    browser.find_element("id", "go").click()


def number(browser: Browser, meter: str) -> str:
    return str(browser.find_element("css selector", f"[data-meter={meter}] output").text)


def seconds(browser: Browser, meter: str) -> float:
    """What a meter shows; 0 before it shows anything."""
    shown = number(browser, meter)
    return 0.0 if shown == "–" else float(shown.removesuffix(" s"))


def stayed_inside(browser: Browser, served: Served) -> None:
    """Nothing on the console, no request but to the service."""
    assert browser.get_log("browser") == []
    inside = f"127.0.0.1:{served.port}/"
    own = ("about:", "chrome:", "data:")
    asked = [url for url in requested(browser) if not url.startswith(own)]
    assert any(url.startswith("ws:") for url in asked)
    assert [url for url in asked if url.partition("://")[2].startswith(inside)] == asked


def test_captions_come_are_revised_and_cannot_harm(browser: Browser) -> None:
    """One session from start to end: text that vanishes when taken back, the meters, the end."""
    may_revise = threading.Event()

    def make() -> Policy:
        def policy(observation: Observation) -> Iterator[Write]:
            if observation.chunk is not None and observation.chunk.start_s == 0:
                yield Write("guten Tag")
            elif observation.is_last:
                yield Write(", " + HOSTILE)
            elif may_revise.is_set():
                may_revise.clear()
                yield Write("Abend", retract_chars=3)
        return policy

    with serving(Scripted(make), chunk_s=0.1) as served:
        visit(browser, served)
        assert text(browser, "empty")
        press(browser)
        wait(lambda: text(browser, "text") == "guten Tag", "the first words")
        assert text(browser, "status") == "Listening" and not text(browser, "problem")
        assert not browser.find_element("id", "target-lang").is_enabled()
        may_revise.set()
        wait(lambda: text(browser, "text").startswith("guten Abend"), "the revision")
        wait(lambda: browser.find_element("id", "gone").get_property("textContent") == "Tag"
             and number(browser, "behind").endswith(" s") and number(browser, "sent") >= "0:01",
             "what was taken back, and the meters")
        press(browser)
        wait(lambda: text(browser, "status") == "Done", "the end")
        standing = browser.find_element("id", "settled").get_property("textContent") \
            + browser.find_element("id", "fresh").get_property("textContent")
        assert standing == "guten Abend, " + HOSTILE
        assert browser.execute_script("return window.broken") is None
        assert browser.find_element("id", "captions").get_attribute("lang") == "de"
        stayed_inside(browser, served)


@pytest.mark.slow
def test_speech_is_played_in_order_and_dropped_when_cancelled(browser: Browser) -> None:
    may_cancel = threading.Event()

    def make() -> Policy:
        def policy(observation: Observation) -> Iterator[Write]:
            if observation.chunk is not None and observation.chunk.start_s == 0:
                for _ in range(10):
                    yield Write(audio=Speech(np.zeros(22_050, np.float32), 22_050))
            elif may_cancel.is_set():
                may_cancel.clear()
                yield Write(audio=Speech(np.zeros(44_100, np.float32), 22_050), cancel_audio=True)
        return policy

    with serving(Scripted(make), chunk_s=0.1) as served:
        visit(browser, served)
        browser.find_element("id", "speak").click()
        press(browser)
        wait(lambda: seconds(browser, "waiting") > 8, "ten seconds wait to be heard")
        may_cancel.set()
        wait(lambda: 0.5 < seconds(browser, "waiting") < 2.2, "two seconds wait")
        press(browser)
        wait(lambda: text(browser, "status") == "Done", "the end")
        wait(lambda: seconds(browser, "waiting") == 0, "all is heard")
        stayed_inside(browser, served)


@pytest.mark.slow
def test_a_file_is_given_as_it_would_be_spoken_and_languages_are_passed_on(
    browser: Browser, microphone: Path
) -> None:
    def make() -> Policy:
        heard = 0.0

        def policy(observation: Observation) -> list[Write]:
            nonlocal heard
            heard += len(observation.samples) / 16_000
            return [Write(f"{heard:.1f}")] if observation.is_last else []
        return policy

    length_s = len(read_audio(microphone, rate_hz=RATE_HZ)) / RATE_HZ
    with serving(Scripted(make)) as served:
        visit(browser, served)
        browser.find_element("css selector", "label[for=by-file]").click()
        press(browser)
        wait(lambda: text(browser, "problem") == "Choose a recording first.", "the hint")
        browser.find_element("id", "file").send_keys(str(microphone))
        browser.find_element("css selector", "#source-lang option[value=fr]").click()
        browser.find_element("css selector", "#target-lang option[value=ja]").click()
        press(browser)
        wait(lambda: text(browser, "status") == "Playing", "it plays")
        wait(lambda: text(browser, "status") == "Done", "the end", 30)
        assert abs(float(text(browser, "text")) - length_s) < 0.15
        assert any("fr to ja" in line for line in served.said)
        stayed_inside(browser, served)


@pytest.mark.slow
def test_what_goes_wrong_is_said(browser: Browser) -> None:
    def make() -> Policy:
        return lambda observation: 1 / 0

    with serving(Scripted(make), Bounds(sessions=1)) as served:
        visit(browser, served)
        press(browser)
        wait(lambda: "ZeroDivisionError" in text(browser, "problem"), "the system's failure")
        assert text(browser, "status") == "Stopped"
        with served.connect():
            press(browser)
            wait(lambda: "all 1 sessions are taken" in text(browser, "problem"), "no seat")
    with serving(Scripted(make), token="s3cret") as served:
        browser.get(f"http://127.0.0.1:{served.port}/")
        wait(lambda: "a token is needed" in text(browser, "problem"), "no token")
        browser.get(f"http://127.0.0.1:{served.port}/?token=s3cret")
        wait(lambda: text(browser, "status") == "Ready", "a token")
        assert "s3cret" not in browser.current_url
        press(browser)
        wait(lambda: "ZeroDivisionError" in text(browser, "problem"), "it was let in")


@pytest.mark.slow
def test_the_cascade_translates_the_microphone_and_speaks(browser: Browser) -> None:
    registry = Registry()
    config = compose_serve(["system=cascade_conference", "dataset.pair=en-de"], registry=registry)
    if missing := registry.get("systems", "cascade").missing():
        pytest.skip(f"the cascade needs {', '.join(missing)}")
    system = build_system(config.system, registry)
    with serving(system, chunk_s=0.32) as served:
        visit(browser, served)
        browser.find_element("id", "speak").click()
        press(browser)
        wait(lambda: len(text(browser, "text").split()) >= 3, "three words", 30)
        wait(lambda: seconds(browser, "waiting") > 0, "speech", 30)
        press(browser)
        wait(lambda: text(browser, "status") == "Done", "the end", 30)
        stayed_inside(browser, served)
