"""The judgements by themselves: distances, chance, stamps, what a set of marks comes to."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.trust.examine import choose_cuts
from s2st_bench.trust.habits import judge_at_end
from s2st_bench.trust.marks import MEANING, Mark, ordered, overall
from s2st_bench.trust.material import SUFFIXES, Material, parted, spread
from s2st_bench.trust.peeking import Item, flipped_p, judge_peeking
from s2st_bench.trust.said import Line, Said, distance, said, words
from s2st_bench.trust.timing import faults
from s2st_bench.types import Job, Piece, Step, TimedWrite, Trace, Word

RATE = 1000
SOUND = Material("a", np.linspace(-1, 1, 4000).astype(np.float32), (), RATE)
OTHER = Material("b", np.full(1500, 0.5, np.float32), (), RATE)


def lines(*said: tuple[float, str], length: float = 10.0) -> Said:
    return Said(length, tuple(Line(at, text, 0) for at, text in said))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("longer", [False, True])
def test_what_follows_a_cut_leaves_what_is_before_it(suffix: str, longer: bool) -> None:
    made = parted(SOUND, 1.5, suffix, OTHER, 3, longer=longer)  # type: ignore[arg-type]
    assert SOUND.samples is not None and made.material.samples is not None
    shared = round(made.shared * RATE)
    assert (made.material.samples[:shared] == SOUND.samples[:shared]).all()
    if suffix == "length":
        assert made.shared == (4.0 if longer else 1.5)
        assert (made.material.length > 4.0) if longer else (made.material.length == 1.5)
    else:
        assert made.shared == 1.5 and made.material.length == 4.0
        assert (made.material.samples[shared:] != SOUND.samples[shared:]).any()


def test_tokens_part_too() -> None:
    text, other = (Material(n, None, tuple(n * 3)) for n in ("abc", "xyz"))
    assert parted(text, 2, "speech", other).material.tokens == ("a", "b", *"xyzxyzx")
    assert parted(text, 2, "length", other).material.tokens == ("a", "b")
    assert parted(text, 2, "length", other, longer=True).shared == 9
    drawn = parted(text, 8, "noise", other, 1).material.tokens
    assert drawn[:8] == text.tokens[:8] and len(drawn) == 9 and drawn[8] not in "abc"


def test_recordings_are_spread_over_their_lengths() -> None:
    assert spread([5, 1, 9, 3, 7], 3) == [0, 1, 2]
    assert spread([2, 1], 10) == [0, 1] and spread([2, 8, 1], 1) == [1]


def test_cuts_come_right_after_what_was_said() -> None:
    spoken = lines((0.5, "a"), (1.0, "b"), (2.0, "c"), (3.9, "d"), length=4.0)
    assert choose_cuts(spoken, SOUND, 3, 0.32) == pytest.approx([0.82, 1.32, 2.32])
    assert choose_cuts(spoken, SOUND, 1, 0.32, 0.1) == pytest.approx([0.82])
    assert choose_cuts(lines(length=4.0), SOUND, 3, 0.32) == pytest.approx([1.0, 2.0, 3.0])
    text = Material("t", None, ("w",) * 6)
    assert choose_cuts(lines((1, "a"), (4, "b"), length=6), text, 2, 1.0) == [2.0, 5.0]


def test_what_was_said_and_taken_back() -> None:
    whole = Said(9.0, (Line(1, "we meet", 0), Line(2, "t at", 1), Line(3, " nine", 0)))
    assert whole.text == "we meet at nine" and whole.until(2).text == "we meet at"
    assert whole.until(2, before=True).text == "we meet" and whole.after(2).text == " nine"
    assert words("Um 9 您好吗") == ("um", "9", "您", "好", "吗")


def test_distance_counts_words_times_and_retractions() -> None:
    one = lines((1, "a"), (2, " b"), (3, " c"), (4, " d"))
    assert distance(one, one, "text") == 0
    assert distance(one, replace(one, lines=one.lines[:3]), "text") == 0.25
    assert distance(one, lines((1, "a"), (2, " b"), (3, " c"), (5, " d")), "text") == 0.25
    assert distance(one, lines((1, "a"), (2, " b"), (9, " c")), "text", exact=False) == 0
    assert distance(one, lines((1, "x"), (2, " b")), "text", exact=False) == 0.5
    assert distance(one, Said(1.0), "text") == 1.0 and distance(one, one, "speech") == 0.0


def test_speech_is_the_same_up_to_rounding(tmp_path: Path) -> None:
    from s2st_bench.audio.write import PieceWriter

    loud = np.full(800, 0.3, np.float32)
    found = []
    for name, samples in {"a": loud, "b": loud + 2e-4, "c": -loud}.items():
        with PieceWriter(tmp_path / name) as pieces:
            stored = pieces.append(samples, 8000)
        trace = Trace("s", "r", "de", 2.0, (Step(1.0, 1.0, (Job(0, "system", 1.0, 1.0),), (
            TimedWrite(0, 0.0, speech_s=0.1),)),), (
            Piece(stored.path.name, 0, 800, 8000, 0),), outputs=("speech",))
        found.append(said(trace, tmp_path))
    assert distance(found[0], found[1], "speech") == 0 < distance(found[0], found[2], "speech")
    assert found[0].amount == pytest.approx(0.1) and not found[0].is_empty


def test_stamps_that_cannot_be() -> None:
    def trace(step: Step, **more: object) -> Trace:
        return Trace("s", "r", "de", 2.0, (Step(0.5, 0.5), step), **more)  # type: ignore[arg-type]

    job = Job(0, "system", 1.0, 1.2)
    good = Step(1.0, 1.0, (job,), (TimedWrite(0, 0.1, "a", speech_s=1.0,
                                              words=(Word("a", 0.0, 1.02),)),))
    assert not list(faults(trace(good)))
    bad = {
        "went back": replace(good, source_s=0.2),
        "of a source of": replace(good, source_s=2.5, arrived_s=2.5,
                                  jobs=(replace(job, start_s=2.5, end_s=2.6),)),
        "before it was spoken": replace(good, arrived_s=0.4),
        "rests on source": replace(good, writes=(TimedWrite(0, -0.3, "a"),)),
        "not there": replace(good, writes=(TimedWrite(7, 0.1, "a"),)),
        "before it starts": replace(good, jobs=(replace(job, end_s=0.9),)),
        "stands at": replace(good, writes=(TimedWrite(0, 0.1, words=(Word("a", 0.0, 0.5),)),)),
    }
    for telling, step in bad.items():
        (told,) = faults(trace(step))
        assert telling in told
    text = Step(2.0, 0.1, (Job(0, "system", 0.1, 0.1),), (TimedWrite(0, 0.0, "a"),))
    assert not list(faults(trace(text, source_unit="tokens")))


def noisy(share: float, moved: float, n: int, seed: int) -> list[Item]:
    """Items of a system that says a wrong word now and then, and more often after a cut."""
    draw = random.Random(seed)

    def heard(wrong: float) -> Said:
        return lines(*((float(i), " x" if draw.random() < wrong else f" w{i}")
                       for i in range(20)))

    return [Item(r, f"r{r}", 25.0, 24.0, "silence", heard(share + moved),
                 tuple(heard(share) for _ in range(3))) for r in range(n)]


def never(item: Item, channel: str) -> bool:
    raise AssertionError("chance is not looked at again")


@pytest.mark.parametrize(
    ("share", "moved", "n", "verdict"),
    [
        (0.1, 0.0, 12, "inconclusive"), (0.4, 0.0, 12, "inconclusive"),
        (0.1, 0.5, 12, "fail"), (0.1, 0.5, 4, "inconclusive"), (0.002, 0.0, 12, "pass"),
        (0.3, 0.05, 30, "inconclusive"), (0.2, 0.6, 30, "fail"),
    ],
)
def test_beside_chance_only_what_stands_out_fails(
    share: float, moved: float, n: int, verdict: str
) -> None:
    mark = judge_peeking(noisy(share, moved, n, 5), never)
    assert mark.verdict == verdict, mark


def test_pure_chance_fails_no_more_often_than_it_says() -> None:
    failed = sum(judge_peeking(noisy(0.3, 0.0, 10, seed), never).verdict == "fail"
                 for seed in range(20))
    assert failed == 0


def test_flipped_signs() -> None:
    assert flipped_p(np.ones(10)) == 2.0**-10
    assert flipped_p(np.array([1.0, -1.0])) == 0.75
    assert flipped_p(np.ones(30)) <= 1 / 4096


def test_a_difference_that_does_not_return_is_no_failure() -> None:
    same = lines((1, "a"), (2, " b"))
    items = [Item(0, "r", 6.0, 5.0, "noise", lines((1, "a"), (2, " c")), (same,) * 3)]
    assert judge_peeking(items, lambda item, channel: True).verdict == "fail"
    mark = judge_peeking(items, lambda item, channel: False)
    assert mark.verdict == "inconclusive" and "not again" in mark.evidence
    assert judge_peeking([], lambda item, channel: True).verdict == "inconclusive"


def test_the_end_counts_only_where_it_is_long_to_wait() -> None:
    late = lines((20.0, "all of it"), length=20.0)
    short = lines((4.0, "all of it"), length=4.0)
    steady = lines((5.0, "half of"), (20.0, " it"), length=20.0)
    assert judge_at_end([late, short], "ab").verdict == "fail"
    assert judge_at_end([steady, short], "ab").verdict == "pass"
    assert judge_at_end([short], "a").verdict == "inconclusive"


def test_what_marks_come_to() -> None:
    marks = ordered([Mark("peeking", "pass", ""), Mark("canned", "inconclusive", "")])
    assert [mark.name for mark in marks] == list(MEANING)
    assert overall(marks) == "inconclusive" and overall(marks[:2]) == "pass"
    assert overall([*marks, Mark("babbling", "fail", "")]) == "fail"
    assert overall(marks[5:]) == "not tested"
