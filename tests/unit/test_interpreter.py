"""The simulated interpreter against hand-made numbers, and replays of it against closed forms."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from s2st_bench.replay import ReplayOptions, replay
from s2st_bench.systems.interpreter import expected
from s2st_bench.systems.interpreter.interpreter import Interpreter
from s2st_bench.systems.interpreter.plan import Behaviour, after, plan
from s2st_bench.systems.interpreter.work import Work
from s2st_bench.timeline import final_text
from s2st_bench.types import AudioSource, Recording, Segment, Task, TextSource, Word

SPOKEN = "ich habe das Buch gelesen"
REFERENCE = "I have read the book"
ALIGNMENT = ((0, 0), (1, 1), (4, 2), (2, 3), (3, 4))  # the verb comes last


def a_segment(name="s", start_s=0.0):
    words = tuple(
        Word(text, start_s + 0.5 * i, start_s + 0.5 * i + 0.4)
        for i, text in enumerate(SPOKEN.split())
    )
    return Segment(name, start_s, start_s + 2.5, SPOKEN, {"en": (REFERENCE,)}, words=words,
                   alignment={"en": ALIGNMENT})


def a_recording(source, *segments):
    return Recording("r", source, "de", ("en",), segments or (a_segment(),))


@pytest.fixture
def spoken(tmp_path):
    """Recordings of n segments, three seconds each, as files of noise."""

    def make(n=1):
        path = tmp_path / f"{n}.wav"
        noise = np.random.default_rng(0).normal(0, 0.01, round(3.0 * n * 16_000))
        soundfile.write(path, noise, 16_000)
        return a_recording(
            AudioSource(path), *(a_segment(f"s{i}", 3.0 * i) for i in range(n))
        )

    return make


@pytest.fixture
def heard(tmp_path):
    """Replay a recording to a system; returns the whole trace."""
    run = tmp_path / "run"
    for folder in ("pieces", "spool"):
        (run / folder).mkdir(parents=True)

    def hear(system, recording, **options):
        system.load()
        trace = replay(system, recording, "en", ReplayOptions(**options), run).whole()
        assert trace.error is None and trace.privileged
        return trace

    return hear


def text_writes(trace):
    """(unaware delay, live time, retract, text) of each write."""
    return [
        (step.source_s, next(j for j in step.jobs if j.id == write.job).start_s + write.at_s,
         write.retract_chars, write.text)
        for step in trace.steps for write in step.writes
    ]


LENGTH_S = 3.0
LONG = Behaviour(lag_s=1.0, drift_s_per_min=2.0, omission=0.2, error=0.1, revision=0.3)


def test_each_word_is_written_a_lag_after_its_aligned_source_word():
    made = plan(a_recording(TextSource(())), "en", Behaviour(lag_s=0.0))
    # text source: positions in tokens, "read" waits for the fifth and holds back what follows
    assert [event.at for event in made.events] == [1, 2, 5, 5, 5]
    assert made.text == REFERENCE
    assert (made.omitted, made.substituted, made.revised) == ((), (), ())


def test_lag_and_drift(spoken):
    made = plan(spoken(), "en", Behaviour(lag_s=1.0, drift_s_per_min=6.0))
    assert [e.at for e in made.events] == pytest.approx([1.44, 1.99, 3.64, 3.64, 3.64])


def test_unaligned_words_go_with_the_word_before():
    segment = replace(a_segment(), alignment={"en": ((2, 1), (3, 4))})
    made = plan(a_recording(AudioSource("x"), segment), "en", Behaviour(lag_s=0.0))
    assert [e.at for e in made.events] == pytest.approx([0.4, 1.4, 1.4, 1.4, 1.9])


def test_without_alignment_or_times_the_diagonal_stands_in():
    segment = replace(a_segment(), alignment={}, words=())
    made = plan(a_recording(AudioSource("x"), segment), "en", Behaviour(lag_s=0.0))
    assert [e.at for e in made.events] == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.5])


def test_revision_takes_back_the_tail_and_puts_it_right():
    behaviour = Behaviour(lag_s=0.0, revision=1.0, revision_delay_s=0.6)
    segment = Segment("s", 0, 2, "a b", {"en": ("A B",)},
                      words=(Word("a", 0.0, 0.5), Word("b", 0.5, 1.0)))
    made = plan(a_recording(AudioSource("x"), segment), "en", behaviour)
    assert [(round(e.at, 9), e.retract_chars, e.text, e.spoken) for e in made.events] == [
        (0.5, 0, "unA", ""),
        (1.0, 0, " unB", ""),
        (1.1, 7, "A unB", "A"),
        (1.6, 4, " B", "B"),
    ]
    assert made.text == "A B" and made.revised == (0, 1)


def test_rates_are_met_and_nested(spoken):
    recording = spoken(60)
    few, many = (plan(recording, "en", Behaviour(omission=rate), 3) for rate in (0.1, 0.3))
    assert set(few.omitted) < set(many.omitted)
    for made, rate in ((few, 0.1), (many, 0.3)):
        mean, deviation = expected.expected_omissions(made.n_reference, rate)
        assert abs(len(made.omitted) - mean) < 4 * deviation
        assert len(made.text.split()) == made.n_reference - len(made.omitted)
    assert plan(recording, "en", Behaviour(omission=0.3), 4).omitted != many.omitted
    wrong = plan(recording, "en", Behaviour(error=0.5))
    reference = (REFERENCE + " ") * 60
    differing = sum(
        a != b for a, b in zip(wrong.text.split(), reference.split(), strict=True)
    )
    assert differing / wrong.n_reference == wrong.word_error_rate > 0.4


@pytest.mark.parametrize("chunk_s", [0.1, 0.32, 1.0, 100.0])
def test_ideal_replay_of_a_long_form_recording_matches_the_closed_form(spoken, heard, chunk_s):
    recording = spoken(8)
    system = Interpreter(lag_s=1.0, drift_s_per_min=2.0, omission=0.2, error=0.1, revision=0.3)
    made = plan(recording, "en", LONG)
    assert made.revised and made.substituted and made.omitted
    trace = heard(system, recording, clock="ideal", chunk_s=chunk_s)
    ends = expected.chunk_ends(24.0, chunk_s)
    writes = text_writes(trace)
    assert [w[0] for w in writes] == list(expected.delays(made, ends))
    assert [w[2:] for w in writes] == [(e.retract_chars, e.text) for e in made.events]
    assert final_text(trace) == made.text
    assert writes[0][0] == expected.start_offset(made, ends)


def test_exact_reads_reach_the_very_sample(spoken, heard):
    recording = spoken(2)
    made = plan(recording, "en", Behaviour(lag_s=0.7))
    trace = heard(Interpreter(lag_s=0.7, exact=True), recording, clock="ideal")
    delays = [w[0] for w in text_writes(trace)]
    assert delays == pytest.approx(expected.exact_delays(made, 6.0), abs=1e-9)
    assert delays[0] == pytest.approx(1.1, abs=1e-4) and trace.chunking == "fixed"


def test_text_input_counts_tokens(heard):
    recording = a_recording(TextSource(tuple(SPOKEN.split())))
    trace = heard(Interpreter(lag_s=1.0), recording, clock="ideal")
    assert [w[0] for w in text_writes(trace)] == [2, 3, 5, 5, 5]


def test_computation_is_real_and_lands_where_the_closed_form_says(spoken, heard):
    recording = spoken()
    system = Interpreter(lag_s=0.2, compute=0.05, burst_every_s=1.5, burst_compute_s=0.2)
    work = Work(0.05, 1.5, 0.2)
    trace = heard(system, recording, clock="simulated", chunk_s=0.5)
    ends = expected.chunk_ends(3.0, 0.5)
    made = plan(recording, "en", Behaviour(lag_s=0.2))
    live = [w[1] for w in text_writes(trace)]
    # a host at work may be late, never early
    wanted = expected.live_times(made, ends, work)
    assert all(w <= t < w + 1.0 for t, w in zip(live, wanted, strict=True))
    assert expected.job_ends(ends, work)[2] == pytest.approx(1.5 + 0.025 + 0.2)


def test_work_that_outlasts_its_chunk_queues():
    assert expected.job_ends((1.0, 2.0, 3.0), Work(1.5)) == pytest.approx((2.5, 4.0, 5.5))
    assert Work(0.0, 0.3, 1.0).cost_s(0.0, 0.9) == pytest.approx(3.0)
    assert Work(0.0, 0.3, 1.0).cost_s(0.3, 0.5) == 0.0


def test_all_available_reads_what_arrived_meanwhile(spoken, heard):
    system = Interpreter(lag_s=0.0, burst_every_s=1.0, burst_compute_s=0.35, all_available=True)
    trace = heard(system, spoken(), clock="simulated", chunk_s=0.1)
    given = np.diff([step.source_s for step in trace.steps])
    assert trace.chunking == "adaptive" and trace.steps[-1].source_s == 3.0
    # after the burst at 1.0 the next read finds the 0.35 s that passed
    after_burst = next(g for g, s in zip(given[1:], trace.steps[1:], strict=False)
                       if s.source_s == 1.0)
    assert 0.35 <= after_burst < 1.0


def test_tone_speech_says_settled_words_once_in_order(spoken, heard):
    recording = spoken(4)
    system = Interpreter(revision=0.4, omission=0.1, voice="tone", speech_rate=300)
    trace = heard(system, recording, clock="ideal")
    said = [w.text for step in trace.steps for write in step.writes for w in write.words]
    assert said == final_text(trace).split()
    assert sum(p.length for p in trace.pieces) == round(0.2 * 16_000) * len(said)
    alone = heard(system, recording, clock="ideal", outputs=("speech",))
    assert final_text(alone) == "" and alone.pieces[-1].length == trace.pieces[-1].length


def test_hypotheses_are_what_stands(spoken):
    recording = a_recording(TextSource(tuple(SPOKEN.split())))
    task = Task("de", "en", source="text")
    made = plan(recording, "en", Behaviour(lag_s=0.0, revision=1.0))
    session = Interpreter(lag_s=0.0, revision=1.0).open_hypothesis(task, recording)
    assert session.hypothesis(False) == ""
    assert session.hypothesis(True) == made.text == after("", made.events) == REFERENCE


@pytest.mark.parametrize(
    "wrong",
    [{"lag_s": -1.0}, {"lag_s": float("inf")}, {"omission": 1.5}, {"error": float("nan")},
     {"drift_s_per_min": -60.0}, {"compute": -1.0}, {"speech_rate": 5, "voice": "tone"},
     {"exact": True, "all_available": True}],
)  # fmt: skip
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Interpreter(**wrong)
