"""Logs of everything that goes wrong in practice: kinds of edge case, and ten logs of each."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

WORDS = "der die das ein Haus ist sehr groß und alt . heute kommt noch jemand vorbei".split()
ZH = "我们今天在这里讨论同声传译的评测方法"
N_EACH = 10


@dataclass(frozen=True)
class EdgeLog:
    """One hypothesis as a log has it; times in ms, one for each unit."""

    kind: str
    text: str
    delays: tuple[float, ...]
    elapsed: tuple[float, ...]
    reference: str | None
    source_length: float
    unit: str = "word"


def usual(rng: random.Random) -> EdgeLog:
    """Between 3 and 20 words said while a speaker speaks, each chunk a little late."""
    words = rng.choices(WORDS, k=rng.randint(3, 20))
    reference = " ".join(rng.choices(WORDS, k=rng.randint(3, 20)))
    return timed(rng, EdgeLog("", " ".join(words), (), (), reference, 0.0), len(words))


def timed(rng: random.Random, log: EdgeLog, n: int) -> EdgeLog:
    delay, spent, delays, elapsed = 0.0, 0.0, [], []
    for _ in range(n):
        step = rng.choice([0.0, 0.0, 320.0, 640.0, 965.5])
        if step or not delays:
            delay, spent = delay + step, spent + rng.randint(1, 400)
        delays.append(delay)
        elapsed.append(delay + spent)
    length = max(500.0, delay * rng.choice([0.8, 1.0, 1.0, 1.2]))
    return replace(log, delays=tuple(delays), elapsed=tuple(elapsed), source_length=length)


def at(log: EdgeLog, delays: list[float]) -> EdgeLog:
    """The log with other delays, each 100 ms of work."""
    return replace(log, delays=tuple(delays), elapsed=tuple(d + 100.0 for d in delays))


def chars(rng: random.Random, text: str, reference: str) -> EdgeLog:
    n = len("".join(text.split()))
    return timed(rng, EdgeLog("", text, (), (), reference, 0.0, "char"), n)


def _said(rng: random.Random, text: str) -> EdgeLog:
    return timed(rng, replace(usual(rng), text=text), len(text.split()))


def _n(log: EdgeLog) -> int:
    return len(log.delays)


def _piece(rng: random.Random) -> str:
    return "".join(rng.choices(ZH, k=rng.randint(3, 15)))


def _spaced(log: EdgeLog, space: str) -> EdgeLog:
    return replace(log, reference=str(log.reference).replace(" ", space, 2))


Make = Callable[[random.Random], EdgeLog]
KINDS: dict[str, Make] = {
    "usual": usual,
    "empty hypothesis": lambda r: replace(usual(r), text="", delays=(), elapsed=()),
    "blank hypothesis": lambda r: replace(usual(r), text=" \t ", delays=(), elapsed=()),
    "empty reference": lambda r: replace(usual(r), reference=""),
    "no reference": lambda r: replace(usual(r), reference=None),
    "zero source length": lambda r: replace(usual(r), source_length=0.0),
    "tiny source": lambda r: replace(usual(r), source_length=0.125),
    "all after the end": lambda r: at(log := usual(r), [log.source_length + 1.0 + i
                                                        for i in range(_n(log))]),
    "all at the end": lambda r: at(log := usual(r), [log.source_length] * _n(log)),
    "last word after the end": lambda r: at(log := usual(r), [
        *sorted(r.uniform(0, log.source_length) for _ in range(_n(log) - 1)),
        log.source_length + 900.0]),
    "all at the start": lambda r: at(log := usual(r), [0.0] * _n(log)),
    "one unit": lambda r: _said(r, r.choice(WORDS)),
    "one unit, one reference word": lambda r: replace(_said(r, "ja"), reference="yes"),
    "repeated spaces said": lambda r: replace(log := usual(r), text=log.text.replace(" ", "   ")),
    "tabs said": lambda r: replace(log := usual(r), text=log.text.replace(" ", "\t")),
    "no-break spaces said": lambda r: replace(log := usual(r),
                                              text=log.text.replace(" ", "\u00a0")),
    "line end said": lambda r: replace(log := usual(r), text=log.text + "\n"),
    "repeated spaces in the reference": lambda r: _spaced(usual(r), "  "),
    "tabs in the reference": lambda r: _spaced(usual(r), "\t"),
    "no-break spaces in the reference": lambda r: _spaced(usual(r), "\u00a0"),
    "reference ends in a line end": lambda r: replace(log := usual(r),
                                                      reference=f"{log.reference}\n"),
    "characters": lambda r: chars(r, _piece(r), _piece(r)),
    "characters, spaces said": lambda r: chars(r, f"{_piece(r)} {_piece(r)}", _piece(r)),
    "characters, spaces in the reference": lambda r: chars(r, _piece(r),
                                                           f"{_piece(r)} {_piece(r)}"),
    "decreasing delays": lambda r: at(log := usual(r), [
        r.uniform(0, log.source_length) for _ in range(_n(log))]),
    "more delays than units": lambda r: at(log := usual(r),
                                           [*log.delays, log.delays[-1] + 500.0]),
    "fewer delays than units": lambda r: at(log := usual(r), list(log.delays[:-1])),
    "over-generation": lambda r: _said(r, "bla " * 150),
    "under-generation": lambda r: replace(_said(r, "ja"), reference=" ".join(WORDS * 4)),
    "single huge delay": lambda r: at(log := usual(r), [*log.delays[:-1], 1e7]),
    "huge source": lambda r: replace(usual(r), source_length=4e7),
    "fractions of a millisecond": lambda r: at(log := usual(r), [
        round(d + i / 7, 3) for i, d in enumerate(log.delays)]),
    "combining marks": lambda r: _said(r, "cafe\u0301 u\u0308ber nai\u0308ve re\u0301sume\u0301"),
    "right to left": lambda r: replace(_said(r, "شكرا لكم على حضوركم"), reference="شكرا جزيلا لكم"),
    "emoji and joiners": lambda r: _said(r, "ok 👩\u200d💻 👍🏽 zero\u200bwidth end"),
    "controls": lambda r: _said(r, "a\x07b \u202eabc\u202c d\ufeff"),
    "long words": lambda r: _said(r, " ".join(["Donaudampfschiff" * 40] * 5)),
    "punctuation alone": lambda r: replace(_said(r, ". , ! ?"), reference=". ."),
}


def logs(seed: int = 20260101) -> Iterator[EdgeLog]:
    """Ten logs of each kind, always the same."""
    for kind, make in KINDS.items():
        for number in range(N_EACH):
            yield replace(make(random.Random(f"{seed} {kind} {number}")), kind=kind)
