"""A large board: built within a minute, opened within two seconds.

Measured on two shared cores of a Xeon: see ``leaderboards/README.md``.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import ModuleType

import pytest

from browsing import Browser
from s2st_bench.leaderboards.site import build

N_SYSTEMS, N_RECORDINGS = 200, 2_500
BUILD_S, OPEN_S = 60.0, 2.0
SPEECH = {f"Heard{name}{suffix}": (1500.0 + 10 * i, 80.0, "ms", False)
          for suffix in ("", "_CA") for i, name in enumerate((
              "LAAL", "AL", "DAL", "YAAL", "ATD", "StartOffset", "EndOffset", "UnitLag@p50",
              "UnitLag@p90", "UnitLag@p95", "UnitLag@p99", "UnitLag@max"))}


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
def test_two_hundred_systems_and_a_large_run(
    browser: Browser, tmp_path: Path, board_runs: ModuleType
) -> None:
    runs = [board_runs.make_run(tmp_path / "runs" / f"{i:03d}", board_runs.RunSpec(
        f"system-{i // 4:02d}", {"k": i % 4}, lag_s=0.3 + 0.02 * i, bleu=10 + 0.1 * i,
        speech=i % 2 == 0, extra=SPEECH), tmp_path / "audio") for i in range(N_SYSTEMS)]
    runs.append(board_runs.make_run(tmp_path / "runs" / "large", board_runs.RunSpec(
        "large", n=N_RECORDINGS, corpus="large", fingerprint="f" * 16, extra=SPEECH,
        ids=lambda i: f"recording-{i:05d}"), tmp_path / "audio-large"))
    start = time.monotonic()
    site = build(runs, tmp_path / "site").parent
    took_s = {"build": time.monotonic() - start}
    for name in ("index.html", "runs/*large*.html", "recordings/large*.html"):
        page = next(site.glob(name))
        browser.get("about:blank")
        start = time.monotonic()
        browser.get(page.as_uri())  # comes back after the load event
        browser.execute_script("return document.body.offsetHeight")
        took_s[name] = time.monotonic() - start
    print(took_s)
    assert took_s.pop("build") < BUILD_S
    assert all(seconds < OPEN_S for seconds in took_s.values()), took_s
