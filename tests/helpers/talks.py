"""Recordings and traces of spoken translations, written down write by write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s2st_bench.items import items
from s2st_bench.metric import Item, Metric, Unscored
from s2st_bench.types import (
    AudioSource,
    Job,
    Piece,
    Recording,
    Segment,
    Step,
    TimedWrite,
    Trace,
    Word,
)

RATE_HZ = 1000


@dataclass(frozen=True)
class W:
    """A write: source given, text, seconds of speech, words with their times in it."""

    at: float
    text: str = ""
    speech_s: float = 0.0
    words: Sequence[tuple[str, float, float]] = ()
    cancel: bool = False
    retract: int = 0
    compute_s: float = 0.5


@dataclass
class Talk:
    """A recording of ``length_s`` with segments ``(start, end, reference, transcript)``."""

    writes: Sequence[W]
    length_s: float = 4.0
    segments: Sequence[tuple[float, float, str, str]] = ((0.0, 4.0, "", ""),)
    words: Sequence[tuple[str, float, float]] = ()
    lang: str = "de"
    change: dict[str, Any] = field(default_factory=dict)

    @property
    def trace(self) -> Trace:
        steps = tuple(
            Step(w.at, w.at, (Job(i, "s", w.at, w.at + w.compute_s),),
                 (TimedWrite(i, w.compute_s, w.text, w.retract, w.cancel, w.speech_s,
                             tuple(Word(*word) for word in w.words)),))
            for i, w in enumerate(self.writes)
        )
        pieces = tuple(Piece("p", 0, round(w.speech_s * RATE_HZ), RATE_HZ, i)
                       for i, w in enumerate(self.writes) if w.speech_s)
        fields: dict[str, Any] = {"outputs": ("speech", "text"), **self.change}
        return Trace("s", "r", self.lang, self.length_s, steps, pieces, **fields)

    @property
    def items(self) -> tuple[Item, ...]:
        segments = tuple(
            Segment(str(i), start, end, transcript, {self.lang: (reference,)},
                    words=tuple(Word(*w) for w in self.words) if not i else ())
            for i, (start, end, reference, transcript) in enumerate(self.segments)
        )
        recording = Recording("r", AudioSource(Path("a.wav")), "en", (self.lang,), segments)
        return items(self.trace, recording)

    def value(self, metric: Metric) -> float:
        """The talk's score by a metric of sums; NaN where it has none."""
        rows = self.rows(metric)
        if not rows:
            return float("nan")
        return float(metric.value(sum(rows[1:], start=rows[0])))

    def rows(self, metric: Metric) -> list[Any]:
        """Statistics of the items that have some."""
        metric.prepare(self.items)
        found = [metric.stats(item) for item in self.items]
        return [row for row in found if not isinstance(row, Unscored)]

    def reason(self, metric: Metric) -> str:
        """Why its first item has no value."""
        metric.prepare(self.items)
        found = metric.stats(self.items[0])
        assert isinstance(found, Unscored), found
        return found.reason
