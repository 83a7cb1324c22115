"""When the cascade commits a word, and what the stages make of hypotheses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.errors import ConfigError
from s2st_bench.policy import Committer, LocalAgreement, common_prefix, continuation
from s2st_bench.speech.stage import END
from s2st_bench.system import Observation, Session
from s2st_bench.systems.cascade.apertium import Apertium
from s2st_bench.systems.cascade.cascade import Cascade
from s2st_bench.systems.cascade.sphinx import PocketSphinx
from s2st_bench.systems.cascade.stages import AsrStage, MtStage, plain, polished
from s2st_bench.systems.cascade.vad import RATE_HZ
from s2st_bench.types import Samples, Speech, Write

words = st.lists(st.sampled_from("abc"), max_size=6).map(tuple)


def test_common_prefix_of_none_and_of_one() -> None:
    assert common_prefix([]) == ()
    assert common_prefix([("a", "b")]) == ("a", "b")


@pytest.mark.parametrize(("said", "heard", "rest"), [
    ("", "a b", "a b"),
    ("a b", "a b c", "c"),
    ("the big house", "a big house stands", "stands"),
    ("a b c", "a c d", "d"),
    ("a b", "", ""),
    ("he was", "he was not", "not"),
])
def test_continuation_is_what_lies_beyond_the_nearest_prefix(
    said: str, heard: str, rest: str
) -> None:
    assert continuation(said.split(), heard.split()) == tuple(rest.split())


@given(st.lists(words, min_size=1, max_size=8), st.integers(1, 4), st.integers(0, 3))
def test_what_grows_without_change_is_said_once_and_whole(
    steps: list[tuple[str, ...]], agreement: int, hold: int
) -> None:
    """Hypotheses that only grow come out word for word, whatever the policy."""
    committer = Committer(LocalAgreement(agreement, hold))
    hypothesis: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    for step in steps:
        hypothesis += step
        said += committer.push(hypothesis)
        assert hypothesis[: len(said)] == said
        assert len(said) <= max(0, len(hypothesis) - hold)
    assert said + committer.finish(hypothesis) == hypothesis


def test_an_utterance_starts_anew() -> None:
    committer = Committer(LocalAgreement(2))
    committer.push(("a",))
    assert committer.push(("a",)) == ("a",)
    assert committer.finish(("a", "b")) == ("b",)
    assert committer.push(("a",)) == ()
    assert committer.finish(("a",)) == ("a",)


@pytest.mark.parametrize(("agreement", "hold"), [(0, 0), (1, -1)])
def test_impossible_policies_are_refused(agreement: int, hold: int) -> None:
    with pytest.raises(ConfigError, match=f"system.mt_agreement={agreement}"):
        Cascade(asr=PocketSphinx(), mt=Apertium(), mt_agreement=agreement, mt_hold=hold)


class Heard:
    """A recogniser whose partials are given; a step is 0.1 s."""

    def __init__(self, partials: Iterable[str], final: str) -> None:
        self._partials = iter(partials)
        self._final = final

    def accept(self, samples: Samples) -> tuple[str, ...]:
        return tuple(next(self._partials).split())

    def finish(self) -> tuple[str, ...]:
        return tuple(self._final.split())

    def close(self) -> None:
        pass


class Shout:
    """Translates every word to capitals; "flip" turns the order round."""

    def translate(self, text: str, is_over: bool = True) -> str:
        out = text.upper().split()
        return " ".join(reversed(out) if "FLIP" in out else out)

    def close(self) -> None:
        pass


def feed(stage: Session, observations: Sequence[Observation]) -> list[Write]:
    written: list[Write] = []
    for observation in observations:
        answer = stage.policy(observation)
        assert isinstance(answer, Iterable)
        written += answer
    return written


def after(writes: Iterable[Write]) -> str:
    text = ""
    for write in writes:
        text = text[: len(text) - write.retract_chars] + write.text
    return text


SPEECH = Write(audio=Speech(np.zeros(RATE_HZ // 2, np.float32), RATE_HZ))  # five partials


def test_recognition_commits_what_stood_and_the_rest_at_the_end() -> None:
    partials = ["he", "he was", "he was", "he is", "he is not"]
    stage = AsrStage(Heard(partials, "he is not well"), Committer(LocalAgreement(2)), 0.1)
    writes = feed(stage, [Observation(write=SPEECH), Observation(write=END)])
    assert [w.text for w in writes] == ["he", " was", " not well", ""]
    assert writes[-1] == END


def test_recognition_ends_an_utterance_once() -> None:
    stage = AsrStage(Heard(["a"] * 5, "a"), Committer(LocalAgreement(2)), 0.1)
    writes = feed(stage, [Observation(write=SPEECH), Observation(write=END),
                          Observation(is_last=True)])
    assert [w == END for w in writes] == [False, True]


def test_recognition_takes_back_when_it_may() -> None:
    stage = AsrStage(Heard(["he", "he was", "he is", "", "she"], "she is"), None, 0.1)
    writes = feed(stage, [Observation(write=SPEECH), Observation(write=END)])
    assert [(w.retract_chars, w.text) for w in writes] == [
        (0, "he"), (0, " was"), (4, " is"), (5, ""), (0, "she"), (0, " is"), (0, "")]


def said(*texts: str) -> list[Observation]:
    return [Observation(write=Write(text) if text else END) for text in texts]


def test_translation_commits_the_prefix_on_which_two_agree() -> None:
    stage = MtStage(Shout(), Committer(LocalAgreement(2)), plain)
    writes = feed(stage, said("a", " b", " c", "", " d", ""))
    assert [w.text for w in writes] == ["A", " B", " C", "", " D", ""]


def test_translation_of_a_changed_order_is_never_taken_back() -> None:
    stage = MtStage(Shout(), Committer(LocalAgreement(1)), plain)
    writes = feed(stage, said("a", " b", " flip", ""))
    assert all(write.retract_chars == 0 for write in writes)
    assert after(writes).startswith("A B")


def test_retranslation_ends_with_the_last_translation() -> None:
    stage = MtStage(Shout(), None, polished)
    sources = [Observation(write=w) for w in
               (Write("a"), Write(" b"), Write(" flip", retract_chars=2), END, Write(" c"), END)]
    assert after(feed(stage, sources)) == "FLIP A. C."


def test_the_end_of_the_source_ends_the_utterance() -> None:
    stage = MtStage(Shout(), Committer(LocalAgreement(2)), polished)
    writes = feed(stage, [Observation(write=Write("a b")), Observation(is_last=True)])
    assert after(writes) == "A B."


@given(st.lists(st.text("ab,", max_size=4), max_size=5))
def test_polished_keeps_the_words(parts: list[str]) -> None:
    text = " ".join(" ".join(parts).split())
    assert polished(text, is_over=True).lower().rstrip(".") == text.lower()
