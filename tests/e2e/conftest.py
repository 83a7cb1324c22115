"""A headless Chromium for the board's pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from browsing import Browser, chromium, requested


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def quiet(browser: Browser) -> Iterator[None]:
    """Nothing is said on the console, and no request leaves the disk."""
    browser.get("about:blank")
    browser.get_log("browser")
    requested(browser)
    yield
    assert browser.get_log("browser") == []
    asked = requested(browser)
    inside = ("file:", "data:", "about:", "blob:")
    assert asked and not [url for url in asked if not url.startswith(inside)]
