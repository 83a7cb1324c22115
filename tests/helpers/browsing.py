"""A real browser's pages: what is shown, and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

Browser = Any


def wait(condition: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s: {what}")


def shown(browser: Browser, selector: str) -> list[Any]:
    return [e for e in browser.find_elements("css selector", selector) if e.is_displayed()]
