"""How well resegmenters find sentences whose words are known.

The outputs of short recordings are joined to one talk, so that each word's sentence is known by
construction.  Beside the accuracy of words and boundaries stands what it costs: LongYAAL of the
segmentation less LongYAAL of the known one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from s2st_bench.metric import Floats, LatencyUnit
from s2st_bench.registry import Registry
from s2st_bench.resegment import Resegmenter
from s2st_bench.scoring import Options, score
from s2st_bench.softalign import Codes
from s2st_bench.timeline import emissions, final_text
from s2st_bench.types import Job, Recording, Segment, Step, TimedWrite, Trace, Word

METRIC = "LongYAAL"


@dataclass(frozen=True, slots=True)
class Joined:
    """A talk made of short recordings, and the sentence of each word said."""

    recording: Recording
    trace: Trace
    sentence: Codes
    """``intp[n]``, one per word of the final text."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """How one resegmenter cut one talk."""

    condition: str
    resegmenter: str
    n_words: int
    n_boundaries: int
    word_accuracy: float
    """Share of words in their own sentence."""
    unassigned: float
    """Share of words that no sentence took."""
    boundary_accuracy: float
    """Share of boundaries between sentences that stand at the very word."""
    boundary_error: float
    """Mean distance of a boundary from its place, in words."""
    value_ms: float | None
    known_ms: float | None
    error_ms: float | None
    """LongYAAL, that of the known segmentation, and the difference."""


class Known:
    """The known segmentation, as a resegmenter."""

    def __init__(self, sentence: Codes) -> None:
        self._sentence = sentence

    def assign(
        self, units: Sequence[str], delays_s: Floats, segments: Sequence[Segment],
        references: Sequence[str], lang: str, unit: LatencyUnit,
    ) -> Codes:
        return self._sentence

    def signature(self) -> Mapping[str, str]:
        return {"reseg": "known"}


def join(recordings: Sequence[Recording], traces: Sequence[Trace]) -> Joined:
    """One talk of short recordings, one behind the other, and all that was said in them."""
    offset = 0.0
    segments: list[Segment] = []
    steps: list[Step] = []
    sentence: list[int] = []
    said = False
    for number, (recording, trace) in enumerate(zip(recordings, traces, strict=True)):
        segments.append(_moved_segment(recording.segments[0], recording.id, offset))
        text = final_text(trace)
        steps += _moved_steps(trace.steps, offset, len(steps), space=said and bool(text))
        sentence += [number] * len(emissions(trace))
        said = said or bool(text)
        offset += trace.source_length
    recording = replace(recordings[0], id="joined", cluster="joined", segments=tuple(segments))
    whole = replace(traces[0], recording_id="joined", source_length=offset, steps=tuple(steps))
    return Joined(recording, whole, np.array(sentence, dtype=np.intp))


def judge(
    joined: Joined, resegmenter: Resegmenter, condition: str, registry: Registry
) -> Boundaries:
    """How ``resegmenter`` cuts a joined talk."""
    lang = joined.trace.target_lang
    said = emissions(joined.trace)
    segments = joined.recording.segments
    codes = resegmenter.assign(
        [e.unit for e in said], np.array([e.delay for e in said]), segments,
        [segment.references[lang][0] for segment in segments], lang, "word",
    )
    away = np.abs(_cuts(codes, len(segments)) - _cuts(joined.sentence, len(segments)))
    value, known = (_latency(joined, each, registry)
                    for each in (resegmenter, Known(joined.sentence)))
    return Boundaries(
        condition, resegmenter.signature()["reseg"], len(said), len(away),
        word_accuracy=float(np.mean(codes == joined.sentence)),
        unassigned=float(np.mean(codes < 0)),
        boundary_accuracy=float(np.mean(away == 0)),
        boundary_error=float(np.mean(away)),
        value_ms=value, known_ms=known,
        error_ms=None if value is None or known is None else value - known,
    )


def _cuts(codes: Codes, n_sentences: int) -> Codes:
    """How many words stand before the end of each sentence but the last; a word that no sentence
    took goes with the word before it.
    """
    latest = np.maximum.accumulate(codes)
    return np.searchsorted(latest, np.arange(n_sentences - 1), side="right")


def _latency(joined: Joined, resegmenter: Resegmenter, registry: Registry) -> float | None:
    table = score([joined.trace], [joined.recording], [METRIC], Options(resegmenter=resegmenter),
                  registry=registry)
    return table.get(METRIC).value


def _moved_segment(segment: Segment, name: str, offset: float) -> Segment:
    words = tuple(Word(w.text, w.start_s + offset, w.end_s + offset) for w in segment.words)
    return replace(segment, id=name, start_s=segment.start_s + offset,
                   end_s=segment.end_s + offset, words=words)


def _moved_steps(
    steps: Sequence[Step], offset: float, first: int, *, space: bool
) -> list[Step]:
    """Steps ``offset`` later with job ids from ``first``; the first text after a ``space``."""
    moved = []
    for number, step in enumerate(steps, first):
        writes: list[TimedWrite] = []
        for write in step.writes:
            text = f" {write.text}" if space and write.text else write.text
            space = space and not write.text
            writes.append(replace(write, job=number, text=text))
        at = step.arrived_s + offset
        moved.append(Step(step.source_s + offset, at, (Job(number, "system", at, at),),
                          tuple(writes)))
    return moved
