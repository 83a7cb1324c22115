"""Systems that cheat, and honest ones that look odd, each judged rightly; no processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from in_process import GUARD, PLUGIN_DIR, RATE, Live, examined, talk, texts
from s2st_bench.config import Choice, RunConfig
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions
from s2st_bench.trust.examine import STREAM_SLACK_S, Settings, examine
from s2st_bench.trust.marks import overall
from s2st_bench.trust.probe import WorkerProber

HABITS = {"babbling", "hallucination", "all_at_end"}


def verdicts(folder: Path, mode: str) -> dict[str, str]:
    return {mark.name: mark.verdict for mark in examined(folder, mode).marks}


@pytest.mark.parametrize("mode", ["honest", "buffer", "revise", "speak", "pipeline"])
def test_an_honest_system_passes_every_mark(tmp_path: Path, mode: str) -> None:
    found = examined(tmp_path, mode)
    assert {mark.verdict for mark in found.marks} == {"pass"}, found.marks
    assert found.n_recordings == 3 and found.n_cuts >= 6


@pytest.mark.parametrize("mode", ["peek", "peek_speech", "peek_long", "peek_length"])
def test_hearing_ahead_is_found_and_told(tmp_path: Path, mode: str) -> None:
    marks = {mark.name: mark for mark in examined(tmp_path, mode).marks}
    assert marks["peeking"].verdict == "fail"
    where = "joined" if mode == "peek_long" else ": before the cut at "
    assert where in marks["peeking"].evidence
    rest = {name for name, mark in marks.items() if mark.verdict == "fail"} - {"peeking"}
    assert not rest, marks


def test_hearing_ahead_by_less_than_the_guard_is_left_open(tmp_path: Path) -> None:
    marks = {mark.name: mark for mark in examined(tmp_path, "peek_chunk").marks}
    assert marks["peeking"].verdict == "inconclusive"
    assert "within the guard" in marks["peeking"].evidence


@pytest.mark.parametrize(
    ("mode", "failing", "telling"),
    [
        ("canned", "canned", "get the same words"),
        ("memorised", "canned", "still says the end that was not spoken"),
        ("leak", "state_leak", "is answered otherwise"),
        ("first", "state_leak", "is answered otherwise"),
        ("shared", "state_leak", "is answered otherwise"),
        ("early", "time_travel", "stamped"),
        ("stray", "time_travel", "stands at"),
        ("offline", "all_at_end", "before the end"),
        ("babble", "babbling", "as much per second"),
        ("hum", "hallucination", "'thanks"),
    ],
)
def test_each_fault_fails_its_mark(
    tmp_path: Path, mode: str, failing: str, telling: str
) -> None:
    marks = {mark.name: mark for mark in examined(tmp_path, mode).marks}
    assert marks[failing].verdict == "fail" and telling in marks[failing].evidence, marks
    others = {name for name, mark in marks.items() if mark.verdict == "fail"} - {failing} - HABITS
    assert not others, marks


def test_a_session_that_moves_another_is_no_peeking(tmp_path: Path) -> None:
    found = verdicts(tmp_path, "leak")
    assert found["peeking"] != "fail" and found["deterministic"] == "pass"


@pytest.mark.parametrize("mode", ["slight", "shaky"])
@pytest.mark.slow
def test_chance_is_inconclusive_and_never_a_failure(tmp_path: Path, mode: str) -> None:
    found = examined(tmp_path, mode)
    assert overall(found.marks) == "inconclusive", found.marks
    assert {m.name: m.verdict for m in found.marks}["deterministic"] == "inconclusive"


def test_text_is_cut_in_tokens(tmp_path: Path) -> None:
    found = examined(tmp_path, "honest", texts())
    verdict = {mark.name: mark.verdict for mark in found.marks}
    assert verdict.pop("babbling") == verdict.pop("hallucination") == "not tested"
    assert set(verdict.values()) == {"pass"}, found.marks


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "verdict"), [("honest", "pass"), ("peek_length", "fail")])
def test_a_service_is_examined_in_real_time(tmp_path: Path, mode: str, verdict: str) -> None:
    prober = Live(Choice("untrusty_stream", {"mode": mode}), tmp_path)
    found = examine(prober, [talk(1, 4.0), talk(2, 5.0), talk(3, 6.0)], GUARD + STREAM_SLACK_S,
                    Settings(cuts=3, quiet_s=3.0, workers=3), stream=True)
    marks = {mark.name: mark for mark in found.marks}
    assert marks["peeking"].verdict == verdict, marks
    assert marks["state_leak"].verdict == "not tested"
    assert marks["time_travel"].verdict == "pass"
    assert marks["deterministic"].verdict == "pass", marks


def test_a_service_is_heard_through_worker_processes(tmp_path: Path) -> None:
    config = RunConfig(Choice("untrusty_stream"), Choice("conference"), score=False)
    options = ReplayOptions("realtime", 0.1, sample_rate_hz=RATE, outputs=("text",))
    prober = WorkerProber(config, Registry([PLUGIN_DIR]), tmp_path, options, "en", "de")
    (heard,) = prober.heard([talk(1, 0.5)])
    assert heard.error == "" and heard.length == 0.5
