"""What was shown and taken back: normalized erasure and flicker.

An edit takes characters off the end of the text and appends others.  It *erases* each unit that did
not survive it whole: one that reaches past the longest common prefix of the texts before and
after.  Taking words back and writing the same again in one edit erases nothing; a word that grows
("wou", then "ld") is not erased.

``NormalizedErasure``
    Units erased over all edits / units of the final texts, pooled over the corpus (Arivazhagan et
    al. 2020, arXiv:1912.03393).  0 for a system that only appends.  With ``count="deleted"`` a unit
    counts wherever a deletion touched it, written again or not, as simulstream 1.0.0 counts.
``FlickerTime``
    How long a listener looked at something that was going to be taken back: the union over
    erased units of the time from shown to erased; a mean over recordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from s2st_bench.metric import Floats, Item, LatencyUnit, Metric, Unscored
from s2st_bench.textstack import Edit
from s2st_bench.timed import TEXT, RecordingMetric, share
from s2st_bench.timeline import final_text, text_events
from s2st_bench.types import MetricSpec, Trace
from s2st_bench.units import pattern_of, split_units

Count = Literal["changed", "deleted"]


@dataclass(frozen=True, slots=True)
class Erased:
    """One unit that was taken back; numbers of the edits that completed and erased it."""

    shown: int
    erased: int


def erasures(
    edits: Sequence[Edit], *, chars: bool = False, count: Count = "changed"
) -> tuple[Erased, ...]:
    """The units erased by each edit, in order."""
    pattern = pattern_of("char" if chars else "word")
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    shown: list[int] = []
    found: list[Erased] = []
    for number, (retract, new) in enumerate(edits):
        kept = len(text) - retract
        intact = kept
        if count == "changed":
            for before, after in zip(text[kept:], new, strict=False):
                if before != after:
                    break
                intact += 1
        del text[kept:]
        text.extend(new)
        # Take off the units that the cut reaches; those that survive are found again below.
        first = len(ends)
        while first and ends[first - 1] > kept:
            first -= 1
            if ends[first] > intact:
                found.append(Erased(shown[first], number))
        touched = min([kept, *starts[first : first + 1]])
        was = dict(zip(zip(starts[first:], ends[first:], strict=True), shown[first:], strict=True))
        del starts[first:], ends[first:], shown[first:]
        if starts and ends[-1] == touched and not chars:  # the last word may grow
            touched = starts[-1]
            was[starts[-1], ends[-1]] = shown[-1]
            del starts[-1], ends[-1], shown[-1]
        for match in pattern.finditer("".join(text[touched:])):
            span = match.start() + touched, match.end() + touched
            survived = span[1] <= intact and span in was
            starts.append(span[0])
            ends.append(span[1])
            shown.append(was[span] if survived else number)
    return tuple(found)


class NormalizedErasure(Metric):
    """Erased units per final unit.  Statistics: erased, final; a talk's segments share them."""

    spec = MetricSpec("NormalizedErasure", "", False, TEXT, (), "arXiv:1912.03393")

    def __init__(self, *, aware: bool = False, count: Count = "changed") -> None:
        super().__init__(aware=aware)
        self.count = count
        self._last: tuple[Trace, Floats] | None = None

    def stats(self, item: Item) -> Floats | Unscored:
        if item.failed:
            return Unscored("the recording failed")
        if "text" not in item.trace.outputs:
            return Unscored("no text output")
        if self._last is None or self._last[0] is not item.trace:
            self._last = item.trace, self._counts(item)
        return self._last[1] * share(item)

    def value(self, totals: Floats) -> Floats:
        erased, final = totals[..., 0], totals[..., 1]
        return np.asarray(np.where(final > 0, erased / np.where(final > 0, final, 1.0), np.nan))

    def signature(self) -> Mapping[str, str]:
        return {"count": self.count}

    def _counts(self, item: Item) -> Floats:
        edits = [(e.retract_chars, e.text) for e in text_events(item.trace)]
        erased = erasures(edits, chars=item.unit == "char", count=self.count)
        # Pieces of a tokenizer are counted as the words they stand in, on both sides.
        unit: LatencyUnit = "char" if item.unit == "char" else "word"
        final = split_units(final_text(item.trace), unit)
        return np.array([len(erased), len(final)], dtype=np.float64)


class FlickerTime(RecordingMetric):
    """Time in which something stood that was then taken back."""

    spec = MetricSpec("FlickerTime", "ms", False, TEXT, ("CU", "CA"), "s2st_bench")

    def of_recording(self, item: Item) -> float | Unscored:
        trace = item.trace
        if "text" not in trace.outputs:
            return Unscored("no text output")
        if trace.source_unit == "tokens":
            return Unscored("text input has no time")
        events = text_events(trace, item.live)
        if not events:
            return Unscored("no output")
        times = [e.live_s if self.aware else e.delay_s for e in events]
        if any(time is None for time in times):
            return Unscored("compute was not measured")
        clock = np.array(times, dtype=np.float64)
        edits = [(e.retract_chars, e.text) for e in events]
        found = erasures(edits, chars=item.unit == "char")
        return 1000.0 * covered([(clock[e.shown], clock[e.erased]) for e in found])


def covered(intervals: Sequence[tuple[float, float]]) -> float:
    """Length of the union of intervals."""
    total, until = 0.0, -np.inf
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total
