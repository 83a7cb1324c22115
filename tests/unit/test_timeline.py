"""What a listener got: units and their times, retractions, playback."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.errors import InputError, NotComparable, TraceError
from s2st_bench.timeline import (
    NO_JOB,
    Played,
    emissions,
    final_text,
    logged_times,
    playback,
    text_events,
)
from s2st_bench.types import Job, Piece, Step, TimedWrite, Trace

Said = tuple[float, int, str]
"""(source_s, retract_chars, text): one write a step."""


def trace_of(said: Sequence[Said], *, compute_s: float = 0.25, clock: str = "simulated") -> Trace:
    steps = []
    for i, (source_s, retract, text) in enumerate(said):
        job = Job(i, "system", source_s, source_s + compute_s)
        write = TimedWrite(i, compute_s, text=text, retract_chars=retract)
        steps.append(Step(source_s, source_s, (job,), (write,)))
    return Trace("s", "r", "en", 10.0, tuple(steps), clock=clock)  # type: ignore[arg-type]


def rows(trace: Trace, unit: str = "word") -> list[tuple[str, float]]:
    return [(e.unit, e.delay) for e in emissions(trace, unit)]  # type: ignore[arg-type]


def test_each_word_has_the_time_of_its_write() -> None:
    got = emissions(trace_of([(1.0, 0, "guten Tag"), (2.0, 0, " alle")]))
    assert [(e.unit, e.delay, e.elapsed, e.first_shown_s, e.final_s) for e in got] == [
        ("guten", 1.0, 1.25, 1.25, 1.25),
        ("Tag", 1.0, 1.25, 1.25, 1.25),
        ("alle", 2.0, 2.25, 2.25, 2.25),
    ]


def test_word_split_over_two_writes_is_one_unit_of_the_second() -> None:
    trace = trace_of([(1.0, 0, "Donau"), (2.0, 0, "dampf schiff")])
    assert rows(trace) == [("Donaudampf", 2.0), ("schiff", 2.0)]


def test_space_written_later_leaves_the_word_its_time() -> None:
    assert rows(trace_of([(1.0, 0, "a"), (2.0, 0, " b")])) == [("a", 1.0), ("b", 2.0)]


def test_word_taken_back_and_said_again_is_late_but_was_shown_early() -> None:
    trace = trace_of([(1.0, 0, "a b"), (2.0, 2, " x"), (3.0, 2, " b c")])
    b = emissions(trace)[1]
    assert (b.unit, b.delay, b.first_shown_s, b.final_s) == ("b", 3.0, 1.25, 3.25)


def test_same_word_at_another_index_was_not_shown() -> None:
    trace = trace_of([(1.0, 0, "b"), (2.0, 1, "a b")])
    assert [e.first_shown_s for e in emissions(trace)] == [2.25, 2.25]


def test_word_cut_short_is_of_the_retraction() -> None:
    trace = trace_of([(1.0, 0, "a would"), (2.0, 3, "")])
    assert rows(trace) == [("a", 1.0), ("wo", 2.0)]
    assert rows(trace, "char") == [("a", 1.0), ("w", 1.0), ("o", 1.0)]


def test_retraction_of_a_whole_word_leaves_the_one_before_alone() -> None:
    assert rows(trace_of([(1.0, 0, "a bc"), (2.0, 3, "")])) == [("a", 1.0)]
    assert rows(trace_of([(1.0, 0, "a bc"), (2.0, 2, "")])) == [("a", 1.0)]


def test_everything_taken_back_leaves_nothing() -> None:
    trace = trace_of([(1.0, 0, "a"), (2.0, 1, "")])
    assert emissions(trace) == () and final_text(trace) == ""


def test_units_part_at_any_white_space_and_chars_leave_it_out() -> None:
    trace = trace_of([(1.0, 0, "a\u00a0b\t\tc  d\u3000e\n")])
    assert [u for u, _ in rows(trace)] == list("abcde")
    assert [u for u, _ in rows(trace, "char")] == list("abcde")


def test_pieces_in_the_text_are_units_by_white_space() -> None:
    trace = trace_of([(1.0, 0, "▁Hel lo"), (2.0, 0, " ▁you")])
    assert rows(trace, "spm") == [("▁Hel", 1.0), ("lo", 1.0), ("▁you", 2.0)]


def test_tokenizer_pieces_get_the_times_of_their_letters() -> None:
    trace = trace_of([(1.0, 0, "hel"), (2.0, 0, "lo ①x")])

    def tokenize(text: str) -> list[str]:
        assert text == "hello ①x"
        return ["▁he", "l", "lo", "▁", "1x"]

    got = emissions(trace, "spm", tokenizer=tokenize)
    assert [(e.unit, e.delay) for e in got] == [
        ("▁he", 1.0), ("l", 1.0), ("lo", 2.0), ("▁", 2.0), ("1x", 2.0)
    ]


def test_tokenizer_that_rewrites_letters_gives_pieces_their_word() -> None:
    trace = trace_of([(1.0, 0, "Ab"), (2.0, 0, " cd")])
    got = emissions(trace, "spm", tokenizer=lambda _: ["▁<A>", "b", "▁CD"])
    assert [e.delay for e in got] == [1.0, 1.0, 2.0]
    with pytest.raises(InputError, match="2 words into 1"):
        emissions(trace, "spm", tokenizer=lambda _: ["▁abXcd"])


def test_taking_back_more_than_was_said_names_the_recording() -> None:
    with pytest.raises(TraceError, match=r"'r'.*write 1"):
        emissions(trace_of([(1.0, 0, "ab"), (2.0, 3, "")]))


def test_ideal_clock_has_no_live_times() -> None:
    trace = trace_of([(1.0, 0, "a"), (2.0, 1, "a b")], clock="ideal")
    assert logged_times(trace) is None
    assert [(e.elapsed, e.first_shown_s, e.final_s) for e in emissions(trace)] == [
        (None, 1.0, 2.0), (None, 2.0, 2.0)
    ]
    assert [e.live_s for e in text_events(trace)] == [None, None]
    with pytest.raises(NotComparable, match="clock=simulated"):
        playback(trace)


def test_write_without_a_job_counts_from_its_arrival() -> None:
    trace = Trace("s", "r", "en", 5.0, (Step(1.0, 1.5, (), (TimedWrite(NO_JOB, 0.5, "a"),)),))
    assert logged_times(trace) == (2.0,)


def test_write_of_an_unknown_job_is_a_damaged_trace() -> None:
    trace = Trace("s", "r", "en", 5.0, (Step(1.0, 1.0, (), (TimedWrite(7, 0.5, "a"),)),))
    with pytest.raises(TraceError, match="job 7"):
        logged_times(trace)


def test_inner_writes_are_not_heard_and_live_counts_output_writes_only() -> None:
    step = Step(1.0, 1.0, (Job(0, "asr", 1.0, 1.5),), (
        TimedWrite(0, 0.1, "source words", output=False),
        TimedWrite(0, 0.5, "target"),
    ))
    trace = Trace("s", "r", "en", 5.0, (step,))
    assert final_text(trace) == "target"
    assert emissions(trace, live=[9.0])[0].elapsed == 9.0
    with pytest.raises(ValueError, match="zip"):
        emissions(trace, live=[1.0, 2.0])


def test_latest_letter_wins_where_times_run_backwards() -> None:
    trace = trace_of([(1.0, 0, "ab"), (2.0, 0, "c d")])
    got = emissions(trace, live=[5.0, 3.0])
    assert [e.elapsed for e in got] == [5.0, 3.0]


edits = st.lists(
    st.tuples(st.integers(0, 6), st.text(alphabet="ab \t", max_size=6)), max_size=25
)


@given(edits)
def test_agrees_with_looking_at_the_whole_text_after_each_write(
    wanted: list[tuple[int, str]],
) -> None:
    said: list[Said] = []
    states: list[str] = []
    text = ""
    for i, (retract, new) in enumerate(wanted):
        retract = min(retract, len(text))
        text = text[: len(text) - retract] + new
        if retract or new:
            said.append((float(i), retract, new))
            states.append(text)
    trace = trace_of(said, compute_s=0.0)
    assert final_text(trace) == text
    for unit in ("word", "char"):
        def cut(state: str, unit: str = unit) -> list[str]:
            return state.split() if unit == "word" else [c for c in state if not c.isspace()]

        got = emissions(trace, unit)
        assert [e.unit for e in got] == cut(text)
        for index, emission in enumerate(got):
            stood = [cut(s)[index : index + 1] == [emission.unit] for s in states]
            assert emission.first_shown_s == said[stood.index(True)][0]
            # From its final time on it stood, unchanged.
            final = [s[0] for s in said].index(emission.final_s)
            assert all(stood[final:])


def test_long_talk_with_retranslation_keeps_what_each_write_left() -> None:
    """2.5 hours of writes that each take back all but the first word of the one before."""
    n = 28_000
    got = emissions(trace_of([(float(i), 42 if i else 0, "word " * 9 + "x ") for i in range(n)]))
    assert [e.unit for e in got] == ["word"] * (n + 8) + ["x"]
    assert [e.delay for e in got[:n]] == [float(i) for i in range(n)]
    assert got[100].first_shown_s == pytest.approx(92.25)


# --- speech -----------------------------------------------------------------------------------


def speech_trace(
    said: Sequence[tuple[float, float, bool]], compute_s: float = 0.5
) -> Trace:
    """(source_s, seconds of speech, cancel_audio) per write."""
    steps, pieces = [], []
    for i, (source_s, seconds, cancel) in enumerate(said):
        job = Job(i, "system", source_s, source_s + compute_s)
        write = TimedWrite(i, compute_s, cancel_audio=cancel, speech_s=seconds)
        steps.append(Step(source_s, source_s, (job,), (write,)))
        if seconds:
            pieces.append(Piece("p.wav", 0, int(seconds * 1000), 1000, i))
    return Trace("s", "r", "en", 10.0, tuple(steps), tuple(pieces), outputs=("speech",))


def spans(played: Sequence[Played]) -> list[tuple[int, float, float]]:
    return [(p.write, p.start_s, p.end_s) for p in played]


def test_pieces_queue_behind_each_other_and_gaps_stay() -> None:
    trace = speech_trace([(1.0, 2.0, False), (2.0, 1.0, False), (6.0, 1.0, False)])
    assert spans(playback(trace, aware=False)) == [(0, 1, 3), (1, 3, 4), (2, 6, 7)]
    assert spans(playback(trace)) == [(0, 1.5, 3.5), (1, 3.5, 4.5), (2, 6.5, 7.5)]
    assert spans(playback(trace, live=[1.0, 9.0, 9.5])) == [(0, 1, 3), (1, 9, 10), (2, 10, 11)]


def test_cancel_drops_the_queue_and_cuts_what_plays() -> None:
    trace = speech_trace([(1.0, 3.0, False), (2.0, 1.0, False), (3.0, 1.0, True)])
    assert spans(playback(trace, aware=False)) == [(0, 1, 3), (2, 3, 4)]


def test_cancel_after_the_end_or_of_nothing_changes_nothing() -> None:
    trace = speech_trace([(1.0, 1.0, True), (5.0, 0.0, True)])
    assert spans(playback(trace, aware=False)) == [(0, 1, 2)]


def test_piece_cancelled_as_it_would_begin_is_not_heard() -> None:
    trace = speech_trace([(1.0, 1.0, False), (1.0, 0.0, True)])
    assert playback(trace, aware=False) == ()


def test_text_input_is_played_from_when_its_words_had_arrived() -> None:
    step = Step(3.0, 1.2, (), (TimedWrite(NO_JOB, 0.3, speech_s=1.0),))
    trace = Trace("s", "r", "en", 9.0, (step,), (Piece("p", 0, 10, 10, 0),), source_unit="tokens")
    assert spans(playback(trace, aware=False)) == [(0, 1.2, 2.2)]
