"""What the replay makes of systems that break their contract without killing the process."""

import re
from pathlib import Path

import pytest

from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.limits import Limits
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.types import Recording, Segment, TextSource

PLUGINS = Path(__file__).parents[1] / "plugins"
TOKENS = ("eins", "zwei", "drei", "vier")
RECORDING = Recording("r", TextSource(TOKENS), "de", ("en",), (Segment("s", 0, 0),))


@pytest.fixture
def hear(tmp_path):
    for folder in ("pieces", "spool"):
        (tmp_path / folder).mkdir()
    limits = Limits(writes_per_recording=5_000, chars_per_recording=100_000)

    def run(system):
        options = ReplayOptions(clock="ideal", limits=limits)
        return replay(system, RECORDING, "en", options, tmp_path).whole()

    return run


def faulty(mode, nth=1):
    return build_system(Choice("faulty", {"mode": mode, "nth": nth}), Registry([PLUGINS]))


@pytest.mark.parametrize(
    ("mode", "kind", "says"),
    [
        ("raise", "raised", "RuntimeError: broken on purpose"),
        ("raise_open", "raised", "open: RuntimeError: broken on purpose"),
        ("flood_text", "limit", "100000 characters"),
        ("flood_writes", "limit", "5000 writes"),
        ("loop", "limit", "5000 writes"),
        ("ask_again", "limit", "5000 writes"),
        ("exit", "raised", "SystemExit: broken on purpose"),
        ("nan_audio", "invalid_output", "NaN"),
        ("negative_retract", "invalid_output", "took back -1"),
        ("over_retract", "invalid_output", "took back 1000000"),
        ("no_write", "invalid_output", "yielded str"),
        ("surrogate", "invalid_output", "not valid Unicode"),
    ],
)
def test_it_costs_its_recording_and_keeps_what_was_said(hear, mode, kind, says):
    trace = hear(faulty(mode))
    assert trace.error is not None and trace.error.kind == kind
    assert re.search(says, trace.error.message)
    said = "".join(w.text for step in trace.steps for w in step.writes)
    assert said.startswith("" if mode == "raise_open" else "word1 word2 ")
    assert trace.source_length == len(TOKENS)


def test_what_follows_the_final_write_is_not_heard(hear):
    trace = hear(faulty("after_final"))
    assert trace.error is None
    assert [w.text for s in trace.steps for w in s.writes] == ["word1 ", "word2 ", "the end "]


def test_shouting_costs_nothing(hear, capfd):
    trace = hear(faulty("flood_stdout"))
    assert trace.error is None and len(capfd.readouterr().out) > 1_000_000


def test_only_the_recording_it_is_told_to_break_on(hear):
    system = faulty("raise", nth=2)
    assert [hear(system).error is None for _ in range(3)] == [True, False, True]
