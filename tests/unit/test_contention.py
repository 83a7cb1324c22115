"""Contention: what a measurement had to share, from counters and on this machine."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from s2st_bench.contention import Usage, between, usage


def at(seconds: float, ran: float, waited: float, own: float, machine: float | None) -> Usage:
    return Usage(seconds, {"1": (ran, waited)}, own, machine)


def test_shares_by_hand() -> None:
    found = between(at(10.0, 1.0, 0.5, 1.0, 100.0), at(14.0, 4.0, 1.5, 4.0, 109.0))
    assert found is not None
    assert found.waited == pytest.approx(1.0 / 4.0)  # 3 s run, 1 s waited
    assert found.others == pytest.approx(6.0 / 4.0)  # 9 s of processors in 4 s, 3 of them ours
    assert found.disturbed


def test_a_process_that_keeps_itself_waiting_is_not_disturbed() -> None:
    found = between(at(0.0, 0.0, 0.0, 0.0, 0.0), at(1.0, 2.0, 1.0, 2.0, 2.05))
    assert found is not None and found.waited > 0.3 and not found.disturbed


def test_others_at_work_elsewhere_do_not_disturb() -> None:
    found = between(at(0.0, 0.0, 0.0, 0.0, 0.0), at(1.0, 1.0, 0.01, 1.0, 4.0))
    assert found is not None and found.others == pytest.approx(3.0) and not found.disturbed


def test_what_nobody_counts_is_unknown_and_too_little_says_nothing() -> None:
    assert between(at(0.0, 0.0, 0.0, 0.0, None), at(1.0, 1.0, 1.0, 1.0, None)) is None
    assert between(Usage(0.0, {}, 0.0, 0.0), Usage(1.0, {}, 0.0, 1.0)) is None
    found = between(at(0.0, 0.0, 0.0, 0.0, 0.0), at(1.0, 0.001, 0.01, 0.0, 2.0))
    assert found is not None and not found.disturbed


def test_new_threads_count_from_their_start() -> None:
    before = Usage(0.0, {"1": (5.0, 0.0)}, 0.0, 0.0)
    after = Usage(1.0, {"1": (5.5, 0.0), "2": (0.5, 1.0)}, 1.0, 3.0)
    found = between(before, after)
    assert found is not None and found.waited == pytest.approx(0.5)


def test_more_work_than_processors_is_seen_here() -> None:
    if not usage().threads:
        pytest.skip("this system does not count the time threads wait to run")
    import os

    n = len(os.sched_getaffinity(0))
    spin = "import time\nend = time.monotonic() + 5\nwhile time.monotonic() < end: pass"
    crowd = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(3 * n)]
    try:
        time.sleep(0.2)
        before = usage()
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            pass
        found = between(before, usage())
    finally:
        for process in crowd:
            process.kill()
            process.wait()
    assert found is not None and found.disturbed and found.others > 0.25
