"""Where the lag of a word comes from: parts that sum to it, exactly.

A word is due at an even pace (see :mod:`.lag`) and heard when its write left the system or, for
speech, when its piece began to play.  Between the two lie, in this order:

``source``    what the policy waited for: from due until the source that the write rests on had
              arrived; below zero where a system says a word before an even pace would
stages        work on the path to the write: the write's own job, and back from its start the job
              that it waited for (the latest of its parents and the job before it on its
              resource), until the source had arrived.  Work on earlier source counts, since it
              delayed this
``network``   the part of those jobs spent on the network, in proportion
``playback``  from the write until the speech before it had been played
``other``     time on the path in which no job is recorded; all of it for a black box

Speech is counted by its pieces instead of words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from s2st_bench.metric import LatencyUnit
from s2st_bench.timeline import emissions, logged_times, output_writes, playback, text_events
from s2st_bench.types import Recording, Trace
from s2st_bench.units import split_units

SOURCE, NETWORK, PLAYBACK, OTHER = "source", "network", "playback", "other"
STAGES = ("vad", "encode", "asr", "mt", "t2u", "tts")
"""Stages in the order of a pipeline; others follow by name."""
_RESERVED = (SOURCE, NETWORK, PLAYBACK)


@dataclass(slots=True)
class Tally:
    """Sums over words, of any number of recordings."""

    n: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, parts: Mapping[str, float]) -> None:
        self.n += 1
        for name, value in parts.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + value

    def means(self) -> tuple[tuple[str, float], ...]:
        """(part, mean seconds a word), from the source to the listener; none of no words."""
        rank = {name: place for place, name in enumerate((SOURCE, NETWORK, *STAGES))}
        last = {PLAYBACK: 1, OTHER: 2}
        ordered = sorted(self.seconds, key=lambda name: (
            last.get(name, 0), rank.get(name, len(rank)), name))
        return tuple((name, self.seconds[name] / self.n) for name in ordered)


def lag_parts(
    trace: Trace, recording: Recording, unit: LatencyUnit = "word"
) -> tuple[dict[str, float], ...]:
    """The parts of the lag of every word (of every piece of speech, where there is speech).

    Seconds; empty where nothing was measured or said, and for a source of text.
    """
    live = logged_times(trace)
    if trace.source_unit != "s" or live is None:
        return ()
    path = _Path(trace)
    writes = list(output_writes(trace))
    starts = {played.write: played.start_s for played in playback(trace, aware=True)}
    found: dict[int, dict[str, float]] = {}

    def after_source(index: int) -> tuple[float, dict[str, float]]:
        """When the write's source had arrived, and the parts from then on."""
        step, write = writes[index]
        if index not in found:
            found[index] = path.parts(write.job, live[index], step.arrived_s)
            if index in starts:
                found[index][PLAYBACK] = starts[index] - live[index]
        return min(step.arrived_s, live[index]), found[index]

    units = sorted(starts)
    wanted = 0
    if not units:
        units = _writes_of_words(trace, unit, live)
        wanted = sum(len(split_units(texts[0], unit)) for segment in recording.segments
                     if (texts := segment.references.get(trace.target_lang)))
    pace = trace.source_length / max(len(units), wanted, 1)
    made = []
    for place, index in enumerate(units):
        arrived, parts = after_source(index)
        made.append({SOURCE: arrived - place * pace, **parts})
    return tuple(made)


class _Path:
    """The jobs of a trace in the order of the work, each with the one it waited for."""

    def __init__(self, trace: Trace) -> None:
        self._jobs = [job for step in trace.steps for job in step.jobs]
        self._at = {job.id: place for place, job in enumerate(self._jobs)}
        self._before: list[int | None] = []
        latest: dict[str, int] = {}
        for place, job in enumerate(self._jobs):
            waited = [self._at[parent] for parent in job.parents
                      if self._at.get(parent, place) < place]
            if job.resource in latest:
                waited.append(latest[job.resource])
            self._before.append(
                max(waited, key=lambda other: self._jobs[other].end_s, default=None))
            latest[job.resource] = place

    def parts(self, job_id: int, live_s: float, arrived_s: float) -> dict[str, float]:
        """Stage to seconds, from ``arrived_s`` (``live_s``, if that is earlier) to ``live_s``."""
        parts: dict[str, float] = {}
        at = live_s
        place = self._at.get(job_id)
        while place is not None and at > arrived_s:
            job = self._jobs[place]
            end = min(at, max(job.end_s, arrived_s))
            begin = min(end, max(job.start_s, arrived_s))
            _add(parts, OTHER, at - end)
            share = min(1.0, job.network_s / job.compute_s) if job.compute_s > 0 else 0.0
            _add(parts, NETWORK, (end - begin) * share)
            stage = f"{job.stage} (stage)" if job.stage in _RESERVED else job.stage
            _add(parts, stage, (end - begin) * (1.0 - share))
            at, place = begin, self._before[place]
        _add(parts, OTHER, at - arrived_s)
        return parts


def _add(parts: dict[str, float], name: str, seconds: float) -> None:
    if seconds > 0:
        parts[name] = parts.get(name, 0.0) + seconds


def _writes_of_words(trace: Trace, unit: LatencyUnit, live: Sequence[float]) -> list[int]:
    """For each unit of the final text, the output write that completed it."""
    touching = (i for i, (_, w) in enumerate(output_writes(trace)) if w.text or w.retract_chars)
    # Two writes of one time are alike here: whichever is taken left at the same moment.
    by_time = {event.live_s: index
               for event, index in zip(text_events(trace, live), touching, strict=True)}
    return [by_time[e.elapsed] for e in emissions(trace, unit, live) if e.elapsed in by_time]
