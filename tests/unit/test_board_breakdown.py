"""Parts of the lag sum to it, measured another way."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.leaderboards.site import build
from s2st_bench.leaderboards.site.breakdown import make_bar
from s2st_bench.standings.lag import lag_curve
from s2st_bench.standings.lag_parts import Tally, lag_parts
from s2st_bench.store import RunFolder
from s2st_bench.timeline import NO_JOB, playback
from s2st_bench.types import AudioSource, Job, Recording, Segment, Step, TimedWrite, Trace

STAGES = ("vad", "asr", "mt", "tts")


def recording(reference: str = "a b c d") -> Recording:
    return Recording(id="r", source=AudioSource(Path("r.wav")), source_lang="en",
                     target_langs=("de",),
                     segments=(Segment("s", 0.0, 4.0, "", {"de": (reference,)}),))


def trace(*steps: Step, **changes: Any) -> Trace:
    return replace(Trace("s", "r", "de", 4.0, tuple(steps)), **changes)


def test_work_is_followed_back_to_the_source() -> None:
    """Step 2's source is there at 2 s; its mt waits for asr, which waits for step 1's mt."""
    made = trace(
        Step(1.0, 1.0, (Job(0, "asr", 1.0, 1.4), Job(1, "mt", 1.4, 2.5, (0,)))),
        Step(2.0, 2.0, (Job(2, "asr", 2.5, 2.9, network_s=0.1), Job(3, "mt", 3.0, 3.3, (2,))),
             (TimedWrite(3, 0.2, "hallo "),)),
    )
    (parts,) = lag_parts(made, recording())
    # due at 0, source at 2; 2.0-2.5 mt, 2.5-2.9 asr with a quarter of it network, 0.1 nothing, mt
    assert parts == pytest.approx(
        {"source": 2.0, "mt": 0.5 + 0.2, "asr": 0.3, "network": 0.1, "other": 0.1})
    assert sum(parts.values()) == pytest.approx(3.2)


def test_speech_waits_for_the_speech_before_it(tmp_path: Path, board_runs: ModuleType) -> None:
    run = RunFolder(board_runs.make_run(tmp_path / "run", board_runs.RunSpec(n=2)))
    for one, heard in zip(run.traces(), run.recordings(), strict=True):
        parts = lag_parts(one, heard)
        played = playback(one)
        pace = one.source_length / len(played)
        assert [sum(p.values()) for p in parts] == pytest.approx(
            [p.start_s - i * pace for i, p in enumerate(played)])
        assert any(p.get("playback", 0) > 0.01 for p in parts)


@pytest.mark.parametrize("change", [{}, {"retract": True}, {"stages": STAGES, "compute_s": 0.9}])
def test_parts_of_words_sum_to_the_lag_curve(
    tmp_path: Path, board_runs: ModuleType, change: dict[str, Any]
) -> None:
    run = RunFolder(board_runs.make_run(
        tmp_path / "run", board_runs.RunSpec(n=4, speech=False, **change)))
    for one, heard in zip(run.traces(), run.recordings(), strict=True):
        sums = [sum(parts.values()) for parts in lag_parts(one, heard)]
        assert sums == pytest.approx([lag.behind_aware_s for lag in lag_curve(one, heard)])


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0), st.integers(0, 4)),
                min_size=1, max_size=12))
def test_parts_sum_for_any_graph_of_jobs(drawn: list[tuple[float, float, int]]) -> None:
    """Jobs in any order, overlapping, with parents anywhere, ids that stand twice."""
    jobs = tuple(Job(i % 7, STAGES[i % 4], start, start + length, (parent,), STAGES[parent % 4],
                     network_s=length / 3)
                 for i, (start, length, parent) in enumerate(drawn))
    made = trace(Step(1.0, 1.0, jobs, tuple(TimedWrite(j.id, 0.1, f"w{i} ")
                                           for i, j in enumerate(jobs))))
    sums = [sum(parts.values()) for parts in lag_parts(made, recording())]
    assert sums == pytest.approx([lag.behind_aware_s for lag in lag_curve(made, recording())])


def test_a_black_box_is_other_and_what_was_not_measured_is_nothing() -> None:
    step = Step(1.0, 1.0, (), (TimedWrite(NO_JOB, 0.7, "hallo"),))
    assert lag_parts(trace(step), recording())[0] == pytest.approx({"source": 1.0, "other": 0.7})
    assert lag_parts(trace(step, clock="ideal"), recording()) == ()
    assert lag_parts(trace(step, source_unit="tokens"), recording()) == ()
    assert lag_parts(trace(), recording()) == ()
    assert make_bar(Tally()) is None


def test_a_stage_cannot_take_a_parts_name() -> None:
    step = Step(1.0, 1.0, (Job(0, "playback", 1.0, 2.0),), (TimedWrite(0, 1.0, "hallo"),))
    assert set(lag_parts(trace(step), recording())[0]) == {"source", "playback (stage)"}


def test_the_bar_is_in_the_order_of_the_work_and_whole() -> None:
    tally = Tally()
    for parts in ({"other": 0.1, "tts": 0.2, "asr": 0.4, "source": 1.0, "playback": 0.3},
                  {"zeta": 0.2, "source": -1.2, "network": 0.2, "asr": 0.2}):
        tally.add(parts)
    bar = make_bar(tally)
    assert bar is not None
    assert [p.name for p in bar.parts] == [
        "source", "network", "asr", "tts", "zeta", "playback", "other"]
    assert bar.total_s == pytest.approx((2.0 - 0.6) / 2) == sum(p.seconds for p in bar.parts)
    assert bar.parts[0].width == 0  # below zero: it is in the table only
    assert bar.parts[-1].start + bar.parts[-1].width == pytest.approx(600, abs=0.2)


def test_the_run_page_shows_parts_that_sum(tmp_path: Path, board_runs: ModuleType) -> None:
    run = board_runs.make_run(tmp_path / "run", board_runs.RunSpec(
        n=3, stages=("asr", "mt", "<b>x"), compute_s=0.8))
    page = next((build([run], tmp_path / "site", audio_s=0).parent / "runs").glob("*"))
    text = page.read_text("utf-8")
    table = text[text.index("Where the lag comes from"):text.index("Where computation went")]
    values = [int(v.replace("−", "-")) for v in
              re.findall(r'<td class="num">([−\d]+)</td><td', table)]
    assert len(values) == 6 and "&lt;b&gt;x" in table and "<b>x" not in table
    assert sum(values[:-1]) == pytest.approx(values[-1], abs=3)  # each is rounded
