"""Recordings replayed side by side, their sessions asked together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from s2st_bench import runner
from s2st_bench.compose import compose
from s2st_bench.errors import ConfigError
from s2st_bench.store import RunFolder
from s2st_bench.types import Trace

PLUGINS = [Path(__file__).parents[1] / "plugins"]


def run(tmp_path: Path, name: str, *overrides: str) -> tuple[dict[str, Trace], list[int]]:
    """Traces by recording, and how many sessions each question was to."""
    path = runner.run(compose(
        ["system=chorus", "dataset=clips", f"dataset.path={tmp_path / 'clips'}", "dataset.count=7",
         f"out={tmp_path / 'runs'}", f"name={name}", "clock=ideal", "metrics=[BLEU]", *overrides],
        plugin_dirs=PLUGINS), plugin_dirs=PLUGINS)
    traces = list(RunFolder(path).traces())
    assert len(traces) == len({trace.key for trace in traces}) == 7
    logs = "".join(log.read_text() for log in (path / "logs").glob("*.log"))
    return {t.recording_id: t for t in traces}, [int(n) for n in re.findall(r"asked (\d+)", logs)]


def test_a_batch_says_what_each_says_alone(tmp_path: Path) -> None:
    alone, asked = run(tmp_path, "alone")
    assert not asked
    together, asked = run(tmp_path, "together", "executor.batch=4")
    assert max(asked) == 4 and 3 in asked
    assert {k: t.steps for k, t in together.items()} == {k: t.steps for k, t in alone.items()}
    assert (tmp_path / "runs/alone/scores.json").read_bytes() == (
        tmp_path / "runs/together/scores.json").read_bytes()


def test_a_question_to_many_that_raises_is_asked_of_each(tmp_path: Path) -> None:
    traces, asked = run(tmp_path, "raising", "executor.batch=4", "system.fails=raise")
    assert max(asked) == 4 and all(trace.error is None for trace in traces.values())


def test_only_who_kills_the_worker_is_lost_with_it(tmp_path: Path) -> None:
    run(tmp_path, "whole")
    (log,) = (tmp_path / "runs" / "whole" / "logs").glob("*.log")
    third = re.findall(r"heard (\w+)", log.read_text())[2]
    traces, _ = run(tmp_path, "dying", "executor.batch=4", f"system.dies_of='{third}'")
    died = {id_: trace.error.kind for id_, trace in traces.items() if trace.error}
    assert died == {"clip2": "died"}


@pytest.mark.parametrize(("overrides", "message"), [
    (["executor.batch=2", "clock=simulated"], "only under clock=ideal"),
    (["executor.batch=2", "system=echo"], "has no policy_batch"),
    (["executor.batch=0"], "executor.batch: expected a whole number of at least 1"),
    (["executor=ray", "+executor.batch=2"], "executor.batch"),
])
def test_what_cannot_be_is_refused(
    tmp_path: Path, overrides: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        run(tmp_path, "refused", *overrides)
