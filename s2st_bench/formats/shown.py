"""Logs that say when a text was shown and nothing of the work behind it.

Such a system was sent audio in real time: by the time a text is shown, as much audio has been sent
as time has passed, to the end of the recording.  That is its unaware delay, labelled ``stream``,
and it cannot be re-timed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os.path import commonprefix
from pathlib import Path

from s2st_bench.timeline import NO_JOB
from s2st_bench.types import AudioSource, Recording, Segment, Step, TimedWrite, Trace


@dataclass(frozen=True, slots=True)
class Shown:
    """All the text that stands from ``at_s`` on."""

    at_s: float
    retract_chars: int
    text: str


def difference(before: str, after: str) -> tuple[int, str]:
    """What ``after`` takes back of ``before`` and adds to what stays."""
    same = len(commonprefix([before, after]))
    return len(before) - same, after[same:]


def trace_of(
    system: str, recording_id: str, target_lang: str, length_s: float, shown: Sequence[Shown],
    *, measured: bool,
) -> Trace:
    """A trace of texts by the time they were shown; ``measured``: on a real clock."""
    steps = []
    for each in shown:
        sent_s = min(each.at_s, length_s)
        write = TimedWrite(NO_JOB, each.at_s - sent_s, each.text, each.retract_chars)
        steps.append(Step(sent_s, sent_s, (), (write,)))
    return Trace(
        system=system, recording_id=recording_id, target_lang=target_lang,
        source_length=length_s, steps=tuple(steps), kind="stream",
        clock="realtime" if measured else "ideal",
    )


def recording_of(
    recording_id: str, langs: tuple[str, str], length_s: float, path: Path
) -> Recording:
    """A recording of which nothing is known but its name and length."""
    return Recording(recording_id, AudioSource(path, 0.0, length_s), langs[0], (langs[1],),
                     (Segment(recording_id, 0.0, length_s),))
