"""From traces to items: what is scored, one per reference segment.

A short-form recording is one item, its times from the start of the recording.  A long-form one
is cut into its segments by a resegmenter, once per hypothesis and on unaware times; an item's
times then run from the start of its segment and may be negative.

A failed recording is an item too: its hypothesis is empty and it has no units, so that quality
counts it as nothing said and latency leaves it out with its failure as the reason.  So is a
recording the run has no trace of (:func:`lost_trace`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from s2st_bench import peers
from s2st_bench.errors import NotComparable
from s2st_bench.metric import Floats, Item, LatencyUnit, Recut
from s2st_bench.peers import Peer
from s2st_bench.resegment import Resegmenter, SoftSegmenter
from s2st_bench.softalign import Codes
from s2st_bench.sound import Sound
from s2st_bench.timeline import emissions, final_text
from s2st_bench.types import (
    AudioSource,
    Emission,
    Failure,
    Recording,
    Segment,
    TextSource,
    Trace,
)
from s2st_bench.units import Tokenizer, split_units, unit_spans

RecordingEnd = Literal["audio", "segments"]
"""Where a long recording ends: with its audio, or (as OmniSTEval has it) with its last segment."""


def items(
    trace: Trace,
    recording: Recording,
    unit: LatencyUnit = "word",
    *,
    live: Sequence[float] | None = None,
    resegmenter: Resegmenter | None = None,
    recording_end: RecordingEnd = "audio",
    tokenizer: Tokenizer | None = None,
    compat: Peer | None = None,
    folder: Path | None = None,
) -> tuple[Item, ...]:
    """The items of one trace, in the order of the recording's segments.

    Parameters
    ----------
    live
        Re-timed live times in seconds, one per output write.
    resegmenter
        For long form; none is :class:`SoftSegmenter`.
    tokenizer
        SentencePiece pieces of a text, for unit ``spm``.
    compat
        Count units as this tool does.
    folder
        What the paths of speech pieces are relative to.

    Raises
    ------
    NotComparable
        Long-form text input: its segments have no place among the tokens.
    """
    text = "" if trace.error is not None else final_text(trace)
    unit = peers.unit_of(unit, compat)
    said = () if trace.error is not None else emissions(trace, unit, live, tokenizer)
    times = None if live is None else tuple(live)
    sound = Sound(trace, folder, times) if "speech" in trace.outputs else None

    def recut(text: str, said: Sequence[Emission]) -> tuple[Item, ...]:
        return _items(cut, text, said, resegmenter, recording_end)

    cut = _Cut(trace, recording, unit, times, tokenizer, compat, sound, recut)
    return recut(text, said)


def _items(
    cut: _Cut, text: str, said: Sequence[Emission], resegmenter: Resegmenter | None,
    recording_end: RecordingEnd,
) -> tuple[Item, ...]:
    trace, recording = cut.trace, cut.recording
    if not recording.long_form:
        return (_short(cut, text, said),)
    if trace.source_unit != "s":
        raise NotComparable(
            f"recording {recording.id!r}: its source is text and its {len(recording.segments)} "
            "segments have no place among the tokens; give each segment as its own recording"
        )
    codes = _assign(cut, said, resegmenter or SoftSegmenter())
    texts = _texts(text, cut, codes)
    end_s = trace.source_length
    if recording_end == "segments" or cut.compat == "omnisteval":
        end_s = max(segment.end_s for segment in recording.segments)
    return tuple(
        _long(cut, segment, texts[i], [said[j] for j in np.flatnonzero(codes == i)], end_s)
        for i, segment in enumerate(recording.segments)
    )


def lost_trace(
    recording: Recording, target_lang: str, *, like: Trace | None = None, repeat: int = 0
) -> Trace:
    """The trace of a recording that the run left none of; ``like`` is another of the run's."""
    source = recording.source
    if isinstance(source, TextSource):
        length = float(len(source.tokens))
    else:
        length = _duration_s(source, recording.segments)
    lost = Trace(
        system="", recording_id=recording.id, target_lang=target_lang, source_length=length,
        source_unit="tokens" if isinstance(source, TextSource) else "s", repeat=repeat,
        error=Failure("lost", "the run holds no trace of this recording"),
    )
    if like is None:
        return lost
    return replace(lost, system=like.system, clock=like.clock, outputs=like.outputs)


def _duration_s(source: AudioSource, segments: Sequence[Segment]) -> float:
    if source.duration_s is not None:
        return source.duration_s
    return max((segment.end_s for segment in segments), default=0.0)


@dataclass(frozen=True, slots=True)
class _Cut:
    """What all items of one trace share."""

    trace: Trace
    recording: Recording
    unit: LatencyUnit
    live: tuple[float, ...] | None
    tokenizer: Tokenizer | None
    compat: Peer | None
    sound: Sound | None
    recut: Recut

    def item(
        self, item_id: str, segment: Segment, text: str, said: Sequence[Emission], *,
        scale: float, offset: float, source_length: float, to_end: float | None = None,
    ) -> Item:
        """An item; times of ``said`` are multiplied by ``scale``, then moved by ``-offset``."""
        references = _references(segment, self.trace.target_lang)
        length = None
        if references and self.unit == "spm" and self.tokenizer is not None:
            length = len(split_units(references[0], "spm", self.tokenizer))
        elif references:
            length = peers.reference_length(references[0], self.unit, self.compat)
        return Item(
            id=item_id,
            recording=self.recording,
            segment=segment,
            trace=self.trace,
            hypothesis=text,
            references=references,
            units=tuple(e.unit for e in said),
            delays=np.array([e.delay for e in said], dtype=np.float64) * scale - offset,
            elapsed=_elapsed(said, self.trace, scale, offset),
            source_length=source_length,
            unit=self.unit,
            source_unit=self.trace.source_unit,
            emissions=tuple(said),
            time_to_recording_end=to_end,
            live=self.live,
            reference_length=length,
            sound=self.sound,
            recut=self.recut,
        )


def _short(cut: _Cut, text: str, said: Sequence[Emission]) -> Item:
    recording, length = cut.recording, cut.trace.source_length
    scale = 1000.0 if cut.trace.source_unit == "s" else 1.0
    segment = (recording.segments or (Segment(recording.id, 0.0, length),))[0]
    return cut.item(recording.id, segment, text, said, scale=scale, offset=0.0,
                    source_length=length * scale)


def _long(
    cut: _Cut, segment: Segment, text: str, said: Sequence[Emission], end_s: float
) -> Item:
    offset = segment.start_s * 1000.0
    return cut.item(
        f"{cut.recording.id}#{segment.id}", segment, text, said, scale=1000.0, offset=offset,
        source_length=(segment.end_s - segment.start_s) * 1000.0,
        to_end=end_s * 1000.0 - offset,
    )


def _assign(cut: _Cut, said: Sequence[Emission], resegmenter: Resegmenter) -> Codes:
    references = [_references(s, cut.trace.target_lang) for s in cut.recording.segments]
    return resegmenter.assign(
        [e.unit for e in said],
        np.array([e.delay for e in said], dtype=np.float64),
        cut.recording.segments,
        [refs[0] if refs else "" for refs in references],
        cut.trace.target_lang,
        cut.unit,
    )


def _texts(text: str, cut: _Cut, codes: Codes) -> list[str]:
    """Each segment's part of the text, white space as single spaces."""
    _, spans = unit_spans(text, cut.unit, cut.tokenizer)
    starts = [start for start, _ in spans] + [len(text)]
    parts: list[list[str]] = [[] for _ in cut.recording.segments]
    for i, code in enumerate(codes.tolist()):
        if code >= 0:
            parts[code].append(text[starts[i] : starts[i + 1]])
    return [" ".join("".join(part).split()) for part in parts]


def _references(segment: Segment, lang: str) -> tuple[str, ...]:
    return tuple(segment.references.get(lang, ()))


def _elapsed(
    said: Sequence[Emission], trace: Trace, scale: float, offset: float
) -> Floats | None:
    times = [e.elapsed for e in said if e.elapsed is not None]
    if trace.clock == "ideal" or len(times) != len(said):
        return None
    return np.array(times, dtype=np.float64) * scale - offset
