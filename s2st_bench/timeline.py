"""What a listener got, and when: pure functions of a trace.

*Text* is a stack of characters: each output write first takes ``retract_chars`` off the end, then
appends its ``text`` verbatim.  A unit (see :mod:`s2st_bench.units`) belongs to the write that
last changed it: the latest of the writes of its surviving characters or, for a word, the
retraction that cut it short.  A word split over two writes is one unit, of the second.

*Times.*  The unaware time of a write is the source given when it was made, in seconds of audio
or tokens of text.  Its live (computation-aware) time is when it left: the start of its job +
``at_s``; for a write of no job (``job=NO_JOB``: stream systems and other tools' logs, which know
times but no work) ``arrived_s`` of its step + ``at_s``.  Under clock ``ideal`` nothing was
measured and no live time exists.  Functions take re-timed live times
(:mod:`s2st_bench.retime`), one per output write, as ``live``.

*Speech.*  A piece plays from max(time of its write, end of the piece before); ``cancel_audio``
drops pieces that have not begun by then and cuts the one that is playing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import NotComparable, TraceError
from s2st_bench.metric import LatencyUnit
from s2st_bench.textstack import Edit, first_stood, stack
from s2st_bench.types import Emission, Piece, Step, TimedWrite, Trace
from s2st_bench.units import WORD, Span, Tokenizer, pattern_of, unit_spans

NO_JOB = -1
"""``TimedWrite.job`` of a write whose time is known and whose work is not."""


@dataclass(frozen=True, slots=True)
class TextEvent:
    """One output write that touches text."""

    delay_s: float
    live_s: float | None
    retract_chars: int
    text: str


@dataclass(frozen=True, slots=True)
class Played:
    """A piece of speech as it was heard; ``end_s`` comes early where it was cut."""

    piece: Piece
    start_s: float
    end_s: float
    write: int
    """Index among the trace's output writes."""


def output_writes(trace: Trace) -> Iterator[tuple[Step, TimedWrite]]:
    """The writes a listener gets, in logged order, each with its step."""
    for step in trace.steps:
        for write in step.writes:
            if write.output:
                yield step, write


def logged_times(trace: Trace) -> tuple[float, ...] | None:
    """The live time of each output write as measured; none under clock ``ideal``.

    Raises
    ------
    TraceError
        A write names a job that is not in the trace.
    """
    if trace.clock == "ideal":
        return None
    starts = {job.id: job.start_s for step in trace.steps for job in step.jobs}
    try:
        return tuple(
            (step.arrived_s if write.job == NO_JOB else starts[write.job]) + write.at_s
            for step, write in output_writes(trace)
        )
    except KeyError as missing:
        raise TraceError(
            f"trace of {trace.recording_id!r}: a write names job {missing}, which is not there; "
            "the trace is damaged, run the recording again"
        ) from None


def text_events(trace: Trace, live: Sequence[float] | None = None) -> tuple[TextEvent, ...]:
    """One event per output write that touches text, in order."""
    writes = list(output_writes(trace))
    lives: Sequence[float | None] | None = logged_times(trace) if live is None else live
    return tuple(
        TextEvent(step.source_s, at, write.retract_chars, write.text)
        for (step, write), at in zip(writes, lives or [None] * len(writes), strict=True)
        if write.text or write.retract_chars
    )


def final_text(trace: Trace) -> str:
    """The text that stands at the end.

    Raises
    ------
    TraceError
        A write takes back more than was written.
    """
    edits = [(w.retract_chars, w.text) for _, w in output_writes(trace)]
    return stack(edits, _where(trace)).text


def emissions(
    trace: Trace,
    unit: LatencyUnit = "word",
    live: Sequence[float] | None = None,
    tokenizer: Tokenizer | None = None,
) -> tuple[Emission, ...]:
    """The units of the final text, each with the times a listener got it.

    ``final_s`` is when the unit was last changed, ``first_shown_s`` when the same text first stood
    at the same index (for a tokenizer's pieces: when their whole word did).  Both are live
    where live times exist, else unaware.  Linear in the characters written.

    Raises
    ------
    TraceError
        A write takes back more than was written, or names a job that is not there.
    """
    events = text_events(trace, live)
    edits = [(e.retract_chars, e.text) for e in events]
    stacked = stack(edits, _where(trace))
    units, spans = unit_spans(stacked.text, unit, tokenizer)
    if not units:
        return ()
    owners = stacked.writers if unit in ("char", "any_char") else stacked.changers
    unaware = np.array([e.delay_s for e in events])
    delays = _latest(unaware, owners, spans)
    if events[0].live_s is None:
        clock, final = unaware, delays
    else:
        clock = np.array([e.live_s for e in events])
        final = _latest(clock, owners, spans)
    shown = final
    if any(e.retract_chars for e in events):
        # Re-timed writes may pass each other, so that a later write can come first.
        first = clock[_first_stood(edits, stacked.text, units, spans, unit, tokenizer)]
        shown = np.minimum(first, final).tolist()
    elapsed: Sequence[float | None] = [None] * len(units) if clock is unaware else final
    return tuple(
        Emission(text, delay, aware, None, first_s, final_s)
        for text, delay, aware, first_s, final_s in zip(
            units, delays, elapsed, shown, final, strict=True
        )
    )


def playback(
    trace: Trace, aware: bool = True, live: Sequence[float] | None = None
) -> tuple[Played, ...]:
    """The pieces that were heard, in order; those never begun are left out.

    Unaware times are the source given at each write or, for text input, when its last token had
    arrived.

    Raises
    ------
    NotComparable
        ``aware`` and the trace's clock did not measure.
    """
    writes = list(output_writes(trace))
    times: Sequence[float] | None
    if aware:
        times = logged_times(trace) if live is None else live
        if times is None:
            raise NotComparable(
                f"{_where(trace)}: clock ideal measured nothing, so there is no aware playback; "
                "run with clock=simulated, or ask for the unaware one"
            )
    else:
        in_seconds = trace.source_unit == "s"
        times = [step.source_s if in_seconds else step.arrived_s for step, _ in writes]
    spoken = {piece.write: piece for piece in trace.pieces if piece.length}
    heard: list[Played] = []
    for index, ((_, write), at) in enumerate(zip(writes, times, strict=True)):
        if write.cancel_audio:
            while heard and heard[-1].start_s >= at:
                heard.pop()
            if heard and heard[-1].end_s > at:
                cut = heard[-1]
                heard[-1] = Played(cut.piece, cut.start_s, at, cut.write)
        piece = spoken.get(index)
        if piece is not None:
            start = max(at, heard[-1].end_s) if heard else at
            heard.append(Played(piece, start, start + piece.length / piece.sample_rate_hz, index))
    return tuple(heard)


def _where(trace: Trace) -> str:
    return f"trace of {trace.recording_id!r}"


def _latest(
    times: npt.NDArray[np.float64], owners: npt.NDArray[np.int64], spans: Sequence[Span]
) -> list[float]:
    """The latest time over the characters of each span, ``float64`` in, floats out."""
    per_char = times[owners]
    first = np.array([start for start, _ in spans])
    last = np.array([end for _, end in spans])
    latest = per_char[last - 1]
    if (np.diff(per_char) < 0).any():
        # Time runs backwards somewhere (re-timed, or passed on by parallel stages): ask all.
        for i, (start, end) in enumerate(zip(first, last, strict=True)):
            latest[i] = per_char[start:end].max()
    values: list[float] = latest.tolist()
    return values


def _first_stood(
    edits: Sequence[Edit],
    text: str,
    units: Sequence[str],
    spans: Sequence[Span],
    unit: LatencyUnit,
    tokenizer: Tokenizer | None,
) -> list[int]:
    if unit != "spm" or tokenizer is None:
        return first_stood(edits, units, pattern_of(unit))
    words = list(WORD.finditer(text))
    by_word = first_stood(edits, [m.group() for m in words])
    starts = [m.start() for m in words]
    of_unit = np.searchsorted(starts, [start for start, _ in spans], side="right") - 1
    return [by_word[i] for i in of_unit]
