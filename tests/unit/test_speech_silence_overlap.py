"""Silences, overlap with the source and speech still queued: values by hand, and what must hold."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.metrics.speech_timeline.overlap import SpeechOverlap, SpeechQueued
from s2st_bench.metrics.speech_timeline.silences import (
    DiscontinuityMax,
    DiscontinuityP50,
    DiscontinuityP95,
    DiscontinuitySum,
    SilenceRatio,
)
from s2st_bench.metrics.speech_timeline.spans import (
    overlap_s,
    source_activity,
    total_s,
    union,
)
from s2st_bench.timed import PlaybackMetric
from s2st_bench.timeline import playback
from s2st_bench.types import Failure
from talks import Talk, W

EVERY = [SilenceRatio, DiscontinuityP50, DiscontinuityP95, DiscontinuityMax, SpeechOverlap,
         SpeechQueued]

# heard 1-2, 2-2.5, 3-3.25, 3.5-4.5: gaps of 0.5 and 0.25 s; aware all 0.5 s later
GAPPY = Talk((W(1.0, "", 1.0), W(2.0, "", 0.5), W(3.0, "", 0.25), W(3.5, "", 1.0)))


def test_unions_and_what_they_share() -> None:
    assert union([(3, 4), (0, 1), (0.5, 2), (2, 2), (5, float("nan"))]) == ((0, 2), (3, 4))
    assert union([(0, 1), (1.25, 2), (2.5, 3)], bridge_s=0.25) == ((0, 2), (2.5, 3))
    assert overlap_s(((0, 2), (3, 4)), ((1, 3.5),)) == pytest.approx(1.5)
    assert overlap_s((), ((0, 1),)) == 0.0 and total_s(((0, 2), (3, 4))) == 3.0


SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


@given(SPANS, SPANS)
def test_overlap_is_that_of_a_grid(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    held = [{t for a, b in spans for t in range(a, b)} for spans in (one, other)]
    assert overlap_s(union(one), union(other)) == len(held[0] & held[1])
    assert total_s(union(one)) == len(held[0])


def test_silences_by_hand() -> None:
    assert GAPPY.value(DiscontinuityP50()) == pytest.approx(250.0)
    assert GAPPY.value(DiscontinuityP95()) == pytest.approx(500.0)
    assert GAPPY.value(DiscontinuityMax()) == pytest.approx(500.0)
    assert GAPPY.value(SilenceRatio()) == pytest.approx(0.75 / 3.5)
    assert Talk((W(1.0, "", 1.0),)).value(DiscontinuityMax()) == 0.0


def test_the_example_of_the_card() -> None:
    card = (W(1.0, "", 1.0), W(2.0, "", 0.5), W(3.0, "", 0.25))
    assert Talk(card).value(SilenceRatio()) == pytest.approx(0.5 / 2.25)
    assert Talk(card).value(SpeechOverlap()) == 100.0 and Talk(card).value(SpeechQueued()) == 0.0
    more = Talk((card[0], W(1.5, "", 3.0), *card[1:]))
    assert more.value(SpeechQueued()) == pytest.approx(1750.0)


def test_aware_gaps_are_of_aware_playback() -> None:
    slow = Talk((W(1.0, "", 1.0), W(2.0, "", 0.5, compute_s=1.5)))
    assert slow.value(DiscontinuityMax()) == 0.0
    assert slow.value(DiscontinuityMax(aware=True)) == pytest.approx(1000.0)  # 2.5 to 3.5 s


def test_overlap_by_hand_with_each_basis() -> None:
    # 3.0 - 0.25 s of speech of which 1-2, 2-2.5, 3-3.25, 3.5-4 while the source lasts
    assert GAPPY.value(metric := SpeechOverlap()) == pytest.approx(100 * 2.25 / 2.75)
    assert metric.signature() == {"activity": "segments"}
    spoken = Talk(GAPPY.writes, words=(("a", 0.0, 1.2), ("b", 1.4, 1.6), ("c", 2.25, 3.1)))
    # the source speaks 0-1.6 (a pause of 0.2 s is none) and 2.25-3.1: 0.6 + 0.25 + 0.1
    assert spoken.value(metric := SpeechOverlap()) == pytest.approx(100 * 0.95 / 2.75)
    assert metric.signature() == {"activity": "words"}
    whole = Talk(GAPPY.writes, segments=((0.0, 0.0, "", ""),))
    assert whole.value(metric := SpeechOverlap()) == pytest.approx(100 * 2.25 / 2.75)
    assert metric.signature() == {"activity": "source"}


def test_words_of_a_part_of_the_segments_do_not_stand_for_all() -> None:
    talk = Talk((), segments=((0.0, 1.0, "a", ""), (2.0, 4.0, "b", "")), words=(("a", 0.0, 0.5),))
    found = source_activity(talk.items[0].recording, 4.0)
    assert (found.basis, found.spans) == ("segments", ((0.0, 1.0), (2.0, 4.0)))


def test_queued_is_what_was_there_and_not_heard() -> None:
    # written at 1 and 3.5, heard 1-4 and 4-5; what comes with the end is not queued yet
    talk = Talk((W(1.0, "", 3.0), W(3.5, "", 1.0), W(4.0, "", 9.0)))
    assert talk.value(SpeechQueued()) == pytest.approx(1000.0)
    assert talk.value(SpeechQueued(aware=True)) == pytest.approx(500.0)  # 1.5-4.5; 3.5 is late
    assert Talk((W(1.0, "", 0.5),)).value(SpeechQueued()) == 0.0


def test_cancelled_speech_counts_nowhere() -> None:
    talk = Talk((W(1.0, "", 2.0), W(1.0, "", 5.0), W(2.0, "", 1.0, cancel=True)))
    assert talk.value(SilenceRatio()) == 0.0 and talk.value(SpeechOverlap()) == 100.0


WRITES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.001, 0.25, 1.0, 3.0]),
              st.sampled_from([0.001, 0.3, 1.0, 4.0]), st.booleans()),
    min_size=1, max_size=10,
)


@given(WRITES, st.booleans())
def test_what_must_hold_of_any_timeline(
    writes: list[tuple[float, float, bool]], aware: bool
) -> None:
    times = np.cumsum([wait for wait, _, _ in writes])
    length_s = float(times[-1]) + 0.5
    talk = Talk([W(float(at), "", s, cancel=c)
                 for at, (_, s, c) in zip(times, writes, strict=True)],
                length_s=length_s, segments=((0.0, length_s, "", ""),))
    heard = playback(talk.trace, aware)
    span = heard[-1].end_s - heard[0].start_s
    spoken = sum(p.end_s - p.start_s for p in heard)
    silent = talk.value(DiscontinuitySum(aware=aware)) / 1000
    assert silent + spoken == pytest.approx(span)
    if span > 1e-6:
        assert talk.value(SilenceRatio(aware=aware)) == pytest.approx(silent / span)
        assert 0.0 <= talk.value(SpeechOverlap(aware=aware)) <= 100.0 + 1e-9
    assert 0.0 <= talk.value(SpeechQueued(aware=aware)) <= 1000 * spoken + 1e-6
    order = [talk.value(m(aware=aware)) for m in (DiscontinuityP50, DiscontinuityP95,
                                                  DiscontinuityMax)]
    assert order == sorted(order)


@pytest.mark.parametrize(("metric", "aware"), list(product(EVERY, (False, True))))
def test_no_value_has_a_reason(metric: type[PlaybackMetric], aware: bool) -> None:
    def reason(**change: object) -> str:
        return Talk(GAPPY.writes, change=change).reason(metric(aware=aware))

    assert Talk(()).reason(metric(aware=aware)) == "no output"
    assert reason(outputs=("text",)) == "no speech output"
    assert "failed" in reason(error=Failure("died", "exit status 1"))
    assert "no length" in Talk(GAPPY.writes, length_s=float("nan")).reason(metric(aware=aware))
    if aware:
        assert "not measured" in reason(clock="ideal")


def test_word_times_that_are_no_times_are_passed_over() -> None:
    nan = float("nan")
    talk = Talk(GAPPY.writes, words=(("a", nan, 1.0), ("b", 2.0, nan), ("c", 3.0, 1.0)))
    assert talk.value(metric := SpeechOverlap()) == pytest.approx(100 * 2.25 / 2.75)
    assert metric.signature() == {"activity": "segments"}
