"""Closed forms of what an interpreter's plan must show; times in milliseconds.

A plan is a list of writes ``(at, retract_chars, text)``; a word's time is that of the write that
last changed it, at most the end of the source.  Its lag is that time less its *due* time
(:mod:`s2st_bench.alignment`).  As the metrics are, a mean is taken over the words of each
sentence, then over sentences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from s2st_bench.alignment import due_words
from s2st_bench.types import Recording, Trace


class Event(Protocol):
    """One write of a plan."""

    @property
    def at(self) -> float: ...
    @property
    def retract_chars(self) -> int: ...
    @property
    def text(self) -> str: ...


class Plan(Protocol):
    """What an interpreter will say and when."""

    @property
    def events(self) -> Sequence[Event]: ...
    @property
    def omitted(self) -> Sequence[int]: ...
    @property
    def substituted(self) -> Sequence[int]: ...
    @property
    def n_reference(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Said:
    """One word of the final text; times in seconds."""

    segment: int
    due_s: float
    first_s: float
    """When this word first stood in its place."""
    final_s: float
    """When it was last changed."""


def words_said(recording: Recording, target_lang: str, plan: Plan, length_s: float) -> list[Said]:
    """The words of the final text, in order."""
    omitted = set(plan.omitted)
    kept = [due for i, due in enumerate(due_words(recording, target_lang)) if i not in omitted]
    first: dict[tuple[int, str], float] = {}
    final: list[float] = []
    text = ""
    for event in plan.events:
        text = text[: len(text) - event.retract_chars]
        stands = len(text.split())
        text += event.text
        at = min(event.at, length_s)
        words = text.split()
        final[stands:] = [at] * (len(words) - stands)
        for place in range(stands, len(words)):
            first.setdefault((place, words[place]), at)
    return [Said(due.segment, due.due, first[place, word], final[place])
            for place, (due, word) in enumerate(zip(kept, text.split(), strict=True))]


def erased(plan: Plan) -> int:
    """Words taken back."""
    count, text = 0, ""
    for event in plan.events:
        keep = len(text) - event.retract_chars
        count += len(text[keep:].split())
        text = text[:keep] + event.text
    return count


def of_plans(
    recordings: Iterable[Recording], target_lang: str, plans: Iterable[Plan],
    lengths_s: Iterable[float],
) -> dict[str, float]:
    """What is known of a set of recordings.

    ``lag`` (of when a word was last changed), ``lag_first`` (first stood there) and
    ``start`` (the first word) in ms; ``wer``, words left out or wrong in % of the reference;
    ``erasure``, words taken back a word of the final text.
    """
    lag: list[float] = []
    lag_first: list[float] = []
    starts: list[float] = []
    n_reference = n_missed = n_erased = n_said = 0
    for recording, plan, length_s in zip(recordings, plans, lengths_s, strict=True):
        said = words_said(recording, target_lang, plan, length_s)
        lag += _sentence_means((w.segment, w.final_s - w.due_s) for w in said)
        lag_first += _sentence_means((w.segment, w.first_s - w.due_s) for w in said)
        if said:
            starts.append(said[0].final_s)
        n_reference += plan.n_reference
        n_missed += len(plan.omitted) + len(plan.substituted)
        n_erased += erased(plan)
        n_said += len(said)
    return {
        "lag": 1000.0 * fmean(lag),
        "lag_first": 1000.0 * fmean(lag_first),
        "start": 1000.0 * fmean(starts),
        "wer": 100.0 * n_missed / n_reference,
        "erasure": n_erased / max(1, n_said),
    }


def of_compute(
    recordings: Iterable[Recording], target_lang: str, plans: Iterable[Plan],
    traces: Iterable[Trace],
) -> dict[str, float]:
    """What is known of append-only traces whose jobs were set (:func:`.observe.with_compute`).

    ``wait``: from when the source of a word's step was given to the end of the work on it, ms;
    ``rtf``; ``backlog``: longest wait of source for work to begin, ms.
    """
    waits: list[float] = []
    backlogs: list[float] = []
    compute_s = source_s = 0.0
    for recording, plan, trace in zip(recordings, plans, traces, strict=True):
        omitted = set(plan.omitted)
        segments = [due.segment for i, due in enumerate(due_words(recording, target_lang))
                    if i not in omitted]
        per_word = [step.jobs[0].end_s - step.arrived_s
                    for step in trace.steps for _ in step.writes]
        waits += _sentence_means(zip(segments, per_word, strict=True))
        backlogs.append(max(s.jobs[0].start_s - s.arrived_s for s in trace.steps if s.jobs))
        compute_s += sum(job.compute_s for step in trace.steps for job in step.jobs)
        source_s += trace.source_length
    return {
        "wait": 1000.0 * fmean(waits),
        "rtf": compute_s / source_s,
        "backlog": 1000.0 * fmean(backlogs),
    }


def _sentence_means(values: Iterable[tuple[int, float]]) -> Iterator[float]:
    by_sentence: defaultdict[int, list[float]] = defaultdict(list)
    for sentence, value in values:
        by_sentence[sentence].append(value)
    return map(fmean, by_sentence.values())
