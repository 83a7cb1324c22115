"""Offline, eager, local agreement and hold around systems whose hypotheses are known."""

import pytest

from s2st_bench.build import build_system
from s2st_bench.config import Choice
from s2st_bench.errors import ConfigError
from s2st_bench.registry import Registry
from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.system import HypothesisSession, HypothesisSystem, Observation
from s2st_bench.systems.eager.eager import Eager
from s2st_bench.systems.hold.hold import HoldSystem
from s2st_bench.systems.interpreter.interpreter import Interpreter
from s2st_bench.systems.local_agreement.local_agreement import LocalAgreementSystem
from s2st_bench.systems.offline.offline import Offline
from s2st_bench.systems.oracle.oracle import Oracle
from s2st_bench.timeline import final_text
from s2st_bench.types import Read, Recording, Segment, TextChunk, TextSource

TOKENS = ("eins", "zwei", "drei", "vier")
DECODED = ["A", "A B C", "A X", "A X Y Z"]


class Scripted(HypothesisSystem):
    """Decodes n tokens as ``DECODED[n - 1]``."""

    sources = frozenset({"text"})

    def open(self, task):
        return ScriptedSession()

    def open_hypothesis(self, task, recording=None):
        assert recording is None  # only a control is shown it
        return ScriptedSession()


class ScriptedSession(HypothesisSession):
    def __init__(self):
        self.heard = 0
        self.closed = 0

    def accept(self, chunk):
        with self.meter.stage("hearing"):
            self.heard += len(chunk.tokens)

    def hypothesis(self, is_last):
        assert is_last == (self.heard == len(TOKENS))
        return DECODED[self.heard - 1]

    def close(self):
        self.closed += 1


@pytest.fixture
def hear(tmp_path):
    for folder in ("pieces", "spool"):
        (tmp_path / folder).mkdir()
    words = tuple(f"w{i}" for i in range(12))
    segment = Segment("s", 0, 0, " ".join(words), {"en": ("a b c d e f g h i j k l",)})

    def run(system, tokens=words, clock="ideal"):
        recording = Recording("r", TextSource(tokens), "de", ("en",), (segment,))
        system.load()
        trace = replay(system, recording, "en", ReplayOptions(clock=clock), tmp_path).whole()
        assert trace.error is None
        return trace

    return run


def said(trace):
    return [(s.source_s, w.retract_chars, w.text) for s in trace.steps for w in s.writes]


def test_eager_shows_every_change(hear):
    assert said(hear(Eager(Scripted()), TOKENS)) == [
        (1, 0, "A"), (2, 0, " B C"), (3, 4, " X"), (4, 0, " Y Z"),
    ]  # fmt: skip


def test_eager_append_only_takes_nothing_back(hear):
    trace = hear(Eager(Scripted(), append_only=True), TOKENS)
    assert said(trace) == [(1, 0, "A"), (2, 0, " B C"), (4, 0, " Z")]
    assert final_text(trace) == "A B C Z"


def test_offline_decodes_once_at_the_end(hear):
    assert said(hear(Offline(Scripted()), TOKENS)) == [(4, 0, "A X Y Z")]
    assert said(hear(Scripted(), TOKENS)) == [(4, 0, "A X Y Z")]  # a bare decoder is offline


@pytest.mark.parametrize(("policy", "n", "expected"), [
    (LocalAgreementSystem, 1, [(1, "A"), (2, " B C"), (4, " Z")]),
    (LocalAgreementSystem, 2, [(2, "A"), (4, " X Y Z")]),
    (LocalAgreementSystem, 9, [(4, "A X Y Z")]),
    (HoldSystem, 0, [(1, "A"), (2, " B C"), (4, " Z")]),
    (HoldSystem, 1, [(2, "A B"), (4, " Y Z")]),  # X stands where B does: said
    (HoldSystem, 9, [(4, "A X Y Z")]),
])  # fmt: skip
def test_local_agreement_and_hold_take_nothing_back(hear, policy, n, expected):
    trace = hear(policy(Scripted(), n=n), TOKENS)
    assert said(trace) == [(at, 0, text) for at, text in expected]


def test_an_empty_call_is_no_second_hypothesis():
    session = LocalAgreementSystem(Scripted(), n=2).open(None)
    first = TextChunk(TOKENS[:1], 0, None, False)
    assert isinstance(session.policy(Observation(first)), Read)
    assert isinstance(session.policy(Observation()), Read)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_around_the_oracle_words_come_late_by_what_the_rule_waits_for(hear, n):
    """One word a chunk is decoded: LA-n and hold-(n - 1) both wait n - 1 chunks."""
    alone = said(hear(Oracle()))
    late = [(min(at + n - 1, 12), text) for at, _, text in alone]
    for system in (LocalAgreementSystem(Oracle(), n=n), HoldSystem(Oracle(), n=n - 1)):
        trace = hear(system)
        at_each = {at: "".join(t for when, t in late if when == at) for at, _ in late}
        assert {at: text for at, _, text in said(trace)} == at_each
        assert trace.privileged


def test_stages_of_the_inner_system_are_measured(hear):
    trace = hear(Eager(Scripted()), TOKENS, clock="simulated")
    assert {job.stage for step in trace.steps for job in step.jobs} >= {"hearing", "other"}


def test_eager_around_the_interpreter_stands_where_it_does_itself(hear):
    parameters = {"lag_s": 1.0, "revision": 0.4, "revision_delay_s": 2.0, "omission": 0.2}
    alone, around = hear(Interpreter(**parameters)), hear(Eager(Interpreter(**parameters)))
    assert standing(alone) == standing(around)
    assert any(retract for _, retract, _ in said(around)) and around.privileged
    assert final_text(hear(Offline(Interpreter(**parameters)))) == final_text(alone)


def test_eager_and_eager_append_around_the_oracle_are_the_oracle(hear):
    alone = said(hear(Oracle()))
    assert alone == said(hear(Eager(Oracle()))) == said(hear(Eager(Oracle(), append_only=True)))


def standing(trace):
    """The text after each step."""
    text, texts = "", []
    for step in trace.steps:
        for write in step.writes:
            text = text[: len(text) - write.retract_chars] + write.text
        texts.append(text)
    return texts


def test_the_session_inside_is_closed():
    inner = ScriptedSession()
    Offline(Scripted()).around(inner).close()
    assert inner.closed == 1


def test_a_system_that_decodes_no_hypotheses_is_refused():
    registry = Registry()
    with pytest.raises(ConfigError, match="system: inner system 'silent' writes as it likes"):
        build_system(Choice("offline", {"inner": {"name": "silent"}}), registry)
    with pytest.raises(ConfigError, match=r"system\.inner is missing: give system\.inner="):
        build_system(Choice("eager", {}), registry)
    for name, n in (("local_agreement", 0), ("hold", -1)):
        with pytest.raises(ConfigError, match=f"{name}: n={n}: at least"):
            build_system(Choice(name, {"inner": {"name": "oracle"}, "n": n}), registry)
    nested = build_system(
        Choice("eager", {"inner": {"name": "interpreter", "lag_s": 3}}), registry
    )
    assert isinstance(nested, Eager) and nested.privileged
