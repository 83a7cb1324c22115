"""What the benchmarks make of traces and processes."""

import pytest

pytest.importorskip("benchmarks", reason="benchmarks lie in the checkout: python -m pytest there")
from benchmarks import fidelity, measure, replay, report, scorers, statistics  # noqa: E402
from s2st_bench.types import Job, Step, TimedWrite, Trace  # noqa: E402


def trace(*chunks: tuple[float, float, float, str]) -> Trace:
    """Chunks as (arrived, start, end, text)."""
    steps = tuple(
        Step(
            arrived_s,
            arrived_s,
            (Job(index, "system", start_s, end_s),),
            (TimedWrite(index, end_s - start_s, text),) if text else (),
        )
        for index, (arrived_s, start_s, end_s, text) in enumerate(chunks)
    )
    return Trace("system", "recording", "en", chunks[-1][0], steps)


def test_jitter_counts_only_chunks_that_were_waited_for() -> None:
    heard = trace((1.0, 1.002, 2.5, ""), (2.0, 2.5, 2.6, ""), (3.0, 3.001, 3.1, ""))
    assert fidelity.jitter([heard]) == pytest.approx([0.002, 0.001])


def test_differences_are_set_against_the_lag() -> None:
    simulated = trace((1.0, 1.0, 1.1, "a"), (2.0, 2.0, 6.0, " b"))
    real = trace((1.0, 1.0, 1.2, "a"), (2.0, 2.0, 6.1, " b"))
    apart, allowed = fidelity.differences([simulated], [real])
    assert list(apart) == pytest.approx([0.1, 0.1])
    assert list(allowed) == pytest.approx([0.05, 0.205])


def test_memory_of_a_child_counts() -> None:
    child = "import time; held = bytearray(80 << 20); time.sleep(0.4)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    measured = measure.measure(["-c", parent])
    assert 80 < measured.peak_mb < 200
    assert measured.wall_s >= 0.4


def test_failed_command_says_why() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        measure.measure(["-c", "raise SystemExit('no such thing')"])


def test_gates_compare_equal_loads_and_scale_the_long_one() -> None:
    def row(load: str, tool: str, x_realtime: float, wall_s: float) -> dict[str, object]:
        return {"load": load, "tool": tool, "x_realtime": x_realtime, "wall_s": wall_s,
                "peak_mb": 100.0}

    met = {
        gate["gate"]: gate["met"]
        for gate in replay.gates([
            row("100 clips", "s2st_bench (simulated)", 6000.0, 2.0),
            row("150 min", "s2st_bench (simulated)", 4000.0, 2.0),
            row("100 clips", "SimulEval", 200.0, 1.0),
            row("10 min", "SimulEval", 500.0, 9.0),
        ])
    }
    assert met == {
        "100 clips: x real time": True, "100 clips: peak MB": True,
        "100 clips: replay, times SimulEval's speed": True,
        "100 clips: process, times SimulEval's speed": False,
        "150 min: x real time": False, "150 min: peak MB": True,
        "150 min: replay, times SimulEval's speed": False,
    }


def test_scores_are_compared_at_full_size_and_only_where_the_peer_ran() -> None:
    def row(what: str, tool: str, size: int, seconds: float) -> dict[str, object]:
        return {"what": what, "tool": tool, "size": size, "seconds": seconds, "peak_mb": 200.0}

    rows = [row("latency", "s2st_bench", 2500, 0.01), row("resegment", "s2st_bench", 20_000, 12.0),
            row("bootstrap", "s2st_bench", 2500, 0.1)]
    alone = {gate["gate"]: gate["met"] for gate in statistics.gates(rows)}
    assert alone == {"20,000 words: seconds": False, "20,000 words: peak MB": True,
                     "1,000 x 20 x 2,500: seconds": True}
    beside = statistics.gates([*rows, row("latency", "SimulEval", 2500, 0.2)])
    assert beside[0]["value"] == pytest.approx(20) and beside[0]["met"]


def test_scoring_drivers_do_what_they_time(tmp_path) -> None:
    log = tmp_path / "instances.log"
    scorers.instances_log(log, 5)
    assert set(scorers.score_ours(str(log))) == {"read_s", "items_s", "latency_s", "table_s",
                                                 "bleu_s"}
    assert set(scorers.bootstrap("20", "3", "30")) == {"bootstrap_s", "ranks_s"}
    assert scorers.resegment_ours("100")["resegment_s"] > 0


def test_table_is_aligned() -> None:
    lines = report.table([{"name": "a", "x": 1234.5}, {"name": "bcd", "x": None}]).splitlines()
    assert lines == ["name      x", "----  -----", "a     1,234", "bcd       -"]


def test_resegmenters_are_set_against_ours_of_the_same_task() -> None:
    def row(tool: str, size: int, seconds: float) -> dict[str, object]:
        return {"part": "resegmenting", "tool": tool, "size": size, "seconds": seconds}

    found = statistics.ratios([row("s2st_bench", 1000, 0.1), row("s2st_bench", 9000, 1.0),
                               row("OmniSTEval", 1000, 5.0), row("mweralign", 1000, 0.3),
                               row("s2st_bench min-wer", 1000, 0.2)])
    assert [(each["resegmenting"], each["words"]) for each in found] == [
        ("OmniSTEval / s2st_bench", 1000), ("mweralign / s2st_bench min-wer", 1000)]
    assert [each["ratio"] for each in found] == pytest.approx([50, 1.5])
