"""Words of spoken translations, and what is counted and timed by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2st_bench.errors import ConfigError
from s2st_bench.metric import Metric, Unscored
from s2st_bench.metrics.speech_timeline.lag import SpeechDrift, SpeechLag
from s2st_bench.metrics.speech_timeline.length import SLC02, SLC04, DurationRatio, TokenRatio
from s2st_bench.metrics.speech_timeline.rate import (
    SpeechRate,
    SpeechRateCompliance,
    band,
    stretches,
)
from s2st_bench.metrics.speech_timeline.syllables import syllables
from s2st_bench.metrics.speech_timeline.words import own_words, spread
from s2st_bench.parts import Recogniser, RecogniserModel
from s2st_bench.scoring import score
from s2st_bench.sound import Sound
from s2st_bench.types import Failure, Samples, Word
from talks import Talk, W


def words_of(talk: Talk) -> list[tuple[str, float, float]]:
    found = own_words(Sound(talk.trace))
    assert not isinstance(found, Unscored), found
    return [(w.text, round(w.start_s, 6), round(w.end_s, 6)) for w in found]


# --- whose words they are ---------------------------------------------------------------------


def test_words_with_times_stand_where_their_piece_does() -> None:
    talk = Talk((W(1.0, "eins", 0.5, [("eins", 0.1, 0.4)]), W(3.0, " zwei", 0.5,
                                                              [("zwei", 0.0, 0.5)])))
    assert words_of(talk) == [("eins", 0.1, 0.4), ("zwei", 0.5, 1.0)]


def test_text_is_spread_by_letters_over_the_speech_that_came_with_it() -> None:
    talk = Talk((W(1.0, "ab cdef ", 0.6), W(2.0, "gh", 0.4)))
    assert words_of(talk) == [("ab", 0.0, 0.2), ("cdef", 0.2, 0.6), ("gh", 0.6, 1.0)]
    assert [w.text for w in spread("今天 好", 1.0, "zh-CN")] == ["今", "天", "好"]


def test_text_without_speech_is_said_with_the_next_and_slices_share_theirs() -> None:
    talk = Talk((W(1.0, "ab "), W(1.0, "cd", 0.2), W(1.5, "", 0.2), W(2.0, " ef", 0.5)))
    assert words_of(talk) == [("ab", 0.0, 0.2), ("cd", 0.2, 0.4), ("ef", 0.4, 0.9)]


def test_a_word_written_in_two_goes_is_one() -> None:
    assert words_of(Talk((W(1.0, "Hal", 0.3), W(1.5, "lo du", 0.4)))) == [
        ("Hallo", 0.0, 0.5), ("du", 0.5, 0.7)]


def test_what_was_taken_back_before_it_was_spoken_is_not_said() -> None:
    talk = Talk((W(1.0, "eins zwei"), W(1.5, "drei", 0.9, retract=4)))
    assert [w for w, _, _ in words_of(talk)] == ["eins", "drei"]


def test_words_cut_off_or_dropped_were_not_heard() -> None:
    # unaware 1-3 is cut at 2: the words that end by then stay; the queued piece goes
    cut = Talk((W(1.0, "a b c d", 2.0), W(1.0, " e", 5.0), W(2.0, " f", 1.0, cancel=True)),
               change={"clock": "ideal"})
    assert words_of(cut) == [("a", 0.0, 0.5), ("b", 0.5, 1.0), ("f", 1.0, 2.0)]


def test_times_that_are_no_times_are_left_out() -> None:
    nan = float("nan")
    talk = Talk((W(1.0, "a b c d", 1.0, [("a", nan, 0.1), ("b", 0.3, 0.2), ("c", -5.0, 9.0),
                                         ("d", 0.5, 1.0)]),))
    assert words_of(talk) == [("c", 0.0, 1.0), ("d", 0.5, 1.0)]


def test_speech_without_words_asks_for_a_recogniser() -> None:
    found = own_words(Sound(Talk((W(1.0, "", 1.0),)).trace))
    assert isinstance(found, Unscored) and "asr" in found.reason


class Dictation(RecogniserModel):
    """Hears two words in anything."""

    languages = frozenset({"de"})

    def load(self) -> None: ...

    def signature(self) -> Mapping[str, str]:
        return {"asr": "dictation"}

    def open(self, lang: str) -> Recogniser:
        raise NotImplementedError

    def transcribe(self, samples: Samples, rate_hz: int, lang: str) -> tuple[Word, ...]:
        half = len(samples) / rate_hz / 2
        return Word("eins", 0.0, half), Word("zwei", half, 2 * half)


def test_a_named_recogniser_hears_the_words(tmp_path) -> None:  # type: ignore[no-untyped-def]
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(tmp_path / "p.wav", np.full(1000, 0.1, np.float32), 1000)
    talk = Talk((W(1.0, "", 1.0),))
    trace = replace(talk.trace, pieces=(replace(talk.trace.pieces[0], path="p.wav"),))
    item = replace(talk.items[0], trace=trace, sound=Sound(trace, tmp_path))
    metric = SpeechRate(asr=Dictation(), unit="word")
    metric.prepare([item])
    assert metric.value(np.asarray(metric.stats(item))) == pytest.approx(2.0)
    assert metric.signature() == {"words": "asr", "asr": "dictation", "rate": "word"}


# --- rate -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "word", "expected"), [
    ("en", "conference", 3), ("en", "made", 1), ("en", "table", 2), ("en", "the", 1),
    ("en", "Berger's", 2), ("en", "wanted", 2), ("en", "asked", 1), ("en", "2026", 4),
    ("en", "hmm", 1), ("en", "—", 0), ("de", "Theater", 3), ("de", "beginnen", 3),
    ("de", "Häuser", 2), ("de", "Quelle", 2), ("de", "Straße", 2), ("es", "ciudades", 3),
    ("es", "días", 2), ("es", "guerra", 2), ("es", "buenos", 2), ("it", "grazie", 2),
    ("fr", "bonjour", 2), ("fr", "l'homme", 1), ("zh", "今天", 2), ("zh-CN", "好。", 1),
])
def test_syllables(lang: str, word: str, expected: int) -> None:
    assert syllables(word, lang) == expected


def test_rate_by_hand_leaves_out_the_silence_between_pieces() -> None:
    # "eine Rede" 4 syllables in 0.8 s, then after a long wait "heute" 2 in 0.4 s
    talk = Talk((W(1.0, "eine Rede", 0.8), W(3.9, " heute", 0.4)))
    assert talk.value(SpeechRate()) == pytest.approx(6 / 1.2)
    assert talk.value(SpeechRate(unit="word")) == pytest.approx(3 / 1.2)
    assert talk.value(SpeechRate(unit="char")) == pytest.approx(13 / 1.2)
    assert "unit word or char" in Talk(talk.writes, lang="fi").reason(SpeechRate())
    assert Talk(talk.writes, lang="fi").value(SpeechRate(unit="word")) == pytest.approx(2.5)


def test_compliance_counts_stretches_inside_the_band() -> None:
    low, high = band("de")
    assert (low, high) == pytest.approx((5.97 * 0.7, 5.97 * 1.3))
    # three stretches: 10 syllables in 2 s (in), 20 in 2 s (too fast), 4 in 2 s (too slow)
    talk = Talk((W(1.0, "da " * 10, 2.0), W(1.0, "da " * 20, 2.0), W(1.0, "da " * 4, 2.0)))
    assert talk.value(SpeechRateCompliance()) == pytest.approx(100 / 3)
    assert talk.value(SpeechRateCompliance(low=9, high=11)) == pytest.approx(100 / 3)
    assert talk.value(SpeechRateCompliance(low=0, high=99, unit="char")) == 100.0


def test_a_band_must_be_one() -> None:
    for options in ({"low": 3.0}, {"low": 5.0, "high": 3.0}, {"unit": "word"},
                    {"stretch_s": 0.0}, {"low": float("nan"), "high": 3.0}):
        with pytest.raises(ConfigError, match="SpeechRateCompliance"):
            SpeechRateCompliance(**options)  # type: ignore[arg-type]


@given(st.lists(st.floats(0.01, 3.0), min_size=1, max_size=30), st.floats(0.1, 4.0))
def test_stretches_hold_every_word_once_and_are_long_enough(
    lengths: list[float], shortest: float
) -> None:
    ends = np.cumsum(lengths)
    words = [Word(str(i), float(e - n), float(e)) for i, (e, n) in
             enumerate(zip(ends, lengths, strict=True))]
    cut = [list(part) for part in stretches(words, shortest)]
    assert [w for part in cut for w in part] == words
    if len(cut) > 1:
        assert all(p[-1].end_s - p[0].start_s >= shortest for p in cut)


# --- length -----------------------------------------------------------------------------------


def test_durations_by_hand() -> None:
    # 2.5 s heard of a segment of 2 s in 4 s of audio, gaps not counted
    talk = Talk((W(1.0, "eins zwei", 1.5), W(3.5, " drei", 1.0)),
                segments=((1.0, 3.0, "", "one two three four"),))
    assert talk.value(DurationRatio()) == pytest.approx(1.25)
    assert (talk.value(SLC02()), talk.value(SLC04())) == (0.0, 100.0)
    assert talk.value(TokenRatio()) == pytest.approx(3 / 4)


@pytest.mark.parametrize("metric", [DurationRatio, SLC02, SLC04])
def test_durations_need_no_words(metric: type[Metric]) -> None:
    expected = 1.0 if metric is DurationRatio else 100.0
    assert Talk((W(1.0, "", 4.0),)).value(metric()) == expected


@pytest.mark.parametrize(("seconds", "complies"), [(0.8, 1), (1.2, 1), (0.799, 0), (1.201, 0)])
def test_the_bounds_of_compliance_are_inside(seconds: float, complies: int) -> None:
    talk = Talk((W(1.0, "", seconds),), length_s=1.0, segments=((0.0, 1.0, "", ""),))
    assert talk.value(SLC02()) == 100.0 * complies


def test_silence_and_failure_do_not_comply_but_text_is_not_asked() -> None:
    assert Talk(()).value(SLC04()) == 0.0
    assert Talk((), change={"error": Failure("died", "x")}).value(SLC04()) == 0.0
    assert Talk((), change={"outputs": ("text",)}).reason(SLC04()) == "no speech output"
    assert Talk(()).value(DurationRatio()) == 0.0
    assert "failed" in Talk((), change={"error": Failure("died", "x")}).reason(DurationRatio())


EVERY = [SpeechLag, SpeechRate, SpeechRateCompliance, TokenRatio, DurationRatio, SLC02, SLC04]
HOSTILE = {
    "one sample": Talk((W(1.0, "eins", 0.001),)),
    "half an hour": Talk([W(float(i), "eins zwei drei ", 1.0) for i in range(1800)],
                         length_s=1800.0, segments=((0.0, 1800.0, "", "a b"),)),
    "half an hour in one piece": Talk((W(1.0, "eins " * 5000, 1800.0),)),
    "words of no length": Talk((W(1.0, "a b", 1.0, [("a", 0.5, 0.5), ("b", 0.5, 0.5)]),)),
    "words in disorder": Talk((W(1.0, "a b", 3.0, [("a", 2.0, 3.0), ("b", 0.0, 0.1)]),)),
    "controls": Talk((W(1.0, "\x00\x1b[2J \u202e\ud7ff", 1.0),)),
    "no segments": Talk((W(1.0, "eins", 1.0),), segments=()),
    "backwards": Talk((W(3.0, "eins", 1.0), W(1.0, " zwei", 1.0))),
    "no source": Talk((W(1.0, "eins", 1.0),), length_s=0.0, segments=((0.0, 0.0, "", ""),)),
    "infinite words": Talk((W(1.0, "a", 1.0, [("a", 0.0, float("inf"))]),)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_speech_has_a_value_or_a_reason(case: str) -> None:
    talk = HOSTILE[case]
    for metric in (*(m() for m in EVERY), SpeechLag(aware=True)):
        found = talk.value(metric)
        assert np.isfinite(found) or talk.reason(metric), metric.name


# --- talks ------------------------------------------------------------------------------------

TEXTS = ("alpha beta gamma", "delta epsilon zeta", "eta theta iota", "kappa lambda my",
         "ny xi omikron", "pi rho sigma", "tau ypsilon phi", "chi psi omega")


def drifting(drift_s_per_min: float, lag_s: float = 1.0, compute_s: float = 0.0) -> Talk:
    """A sentence every 30 s, 10 s long; its translation of 2 s ends ``lag_s`` + drift behind."""
    starts = [30.0 * i for i in range(len(TEXTS))]
    writes = [W(start + 10 + lag_s - 2 + drift_s_per_min * start / 60, text + " ", 2.0,
                compute_s=compute_s)
              for start, text in zip(starts, TEXTS, strict=True)]
    segments = [(start, start + 10, text, "a b c") for start, text in
                zip(starts, TEXTS, strict=True)]
    return Talk(writes, length_s=300.0, segments=segments)


@pytest.mark.parametrize("drift", [0.0, 1.0, -0.25])
def test_a_known_drift_is_recovered(drift: float) -> None:
    talk = drifting(drift, compute_s=0.25)
    mean_start_min = 30.0 * (len(TEXTS) - 1) / 2 / 60
    assert talk.value(SpeechLag()) == pytest.approx(1000 * (1 + drift * mean_start_min))
    assert talk.value(SpeechDrift()) == pytest.approx(1000 * drift, abs=1e-6)
    assert talk.value(SpeechDrift(aware=True)) == pytest.approx(1000 * drift, abs=1e-6)
    assert talk.value(SpeechLag(aware=True)) - talk.value(SpeechLag()) == pytest.approx(250.0)


def test_a_sentence_that_was_not_said_costs_in_the_penalised_lag() -> None:
    talk = drifting(0.0)
    table = score([replace(talk, writes=talk.writes[:-1]).trace], [talk.items[0].recording],
                  ["SpeechLag", "SpeechLag_pen"])
    plain, penalised = table.corpus
    assert (plain.value, plain.n_scored) == (pytest.approx(1000.0), len(TEXTS) - 1)
    assert penalised.value == pytest.approx((1000.0 * (len(TEXTS) - 1) + 10_000) / len(TEXTS))


def test_sentences_of_a_talk_have_their_own_lengths() -> None:
    talk = drifting(0.0)
    assert talk.value(DurationRatio()) == pytest.approx(0.2)
    assert len(talk.rows(SLC02())) == len(TEXTS) and talk.value(SLC04()) == 0.0
    assert talk.value(TokenRatio()) == pytest.approx(1.0)
    long = replace(drifting(0.0), writes=[replace(w, speech_s=10.0) for w in drifting(0.0).writes])
    assert long.value(SLC02()) == 100.0


def test_a_talk_that_says_more_than_there_is_time_for_drifts() -> None:
    """12 s of speech every 10 s: each sentence ends 2 s later than the one before."""
    starts = [10.0 * i for i in range(len(TEXTS))]
    writes = [W(start + 10, text + " ", 12.0) for start, text in zip(starts, TEXTS, strict=True)]
    segments = [(start, start + 10, text, "") for start, text in zip(starts, TEXTS, strict=True)]
    talk = Talk(writes, length_s=80.0, segments=segments)
    assert talk.value(SpeechDrift()) == pytest.approx(12_000.0)


def test_short_form_and_short_talks_have_no_drift() -> None:
    assert Talk((W(1.0, "eins", 1.0),)).reason(SpeechDrift()) == "short form"
    two = drifting(1.0)
    two = replace(two, writes=two.writes[:2])
    assert "fewer than 3" in two.reason(SpeechDrift())


@pytest.mark.parametrize("metric", [SpeechLag, SpeechRate, SpeechRateCompliance, TokenRatio])
def test_no_value_has_a_reason(metric: type[Metric]) -> None:
    writes = (W(1.0, "eins zwei", 1.0),)
    assert Talk(()).reason(metric()) in ("no output", "no transcript")
    assert Talk(writes, change={"outputs": ("text",)}).reason(metric()) == "no speech output"
    assert "failed" in Talk(writes, change={"error": Failure("hung", "x")}).reason(metric())
    if metric is SpeechLag:
        ideal = Talk(writes, change={"clock": "ideal"})
        assert ideal.reason(metric(aware=True)) == "compute was not measured"


def test_a_talk_cut_by_characters_keeps_its_words() -> None:
    from s2st_bench.items import items
    from s2st_bench.metrics.speech_timeline.words import Speaker, Spoken, spoken_items

    talk = drifting(0.0)
    cut = items(talk.trace, talk.items[0].recording, "char")
    found = spoken_items(cut, Speaker())
    said = [[w.text for w in one.words] for one in found if isinstance(one, Spoken)]
    assert said == [text.split() for text in TEXTS]
