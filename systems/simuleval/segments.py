"""SimulEval's segments to and from chunks and writes.

Units: samples are mono ``float32[n]`` here, lists of floats there; SimulEval counts milliseconds
in a segment's ``index``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from s2st_bench.errors import SystemFailure
from s2st_bench.types import Samples, Speech

Unit = Literal["word", "char", "spm"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one output of an agent said at one call: text, speech, or nothing."""

    finished: bool
    text: str = ""
    speech: Speech | None = None
    is_speech: bool = False

    @property
    def empty(self) -> bool:
        return not self.text and self.speech is None


def speech_segment(samples: Samples, rate_hz: int, end: int, finished: bool, lang: str) -> Any:
    """Source audio; ``end`` counts the samples sent with it and before it.

    A source without any audio ends with an empty segment, as SimulEval sends it.
    """
    from simuleval.data.segments import EmptySegment, SpeechSegment

    index = end * 1000 / rate_hz
    if not len(samples):
        return EmptySegment(index=index, finished=finished)
    return SpeechSegment(
        index=index,
        content=samples.tolist(),
        sample_rate=rate_hz,
        finished=finished,
        tgt_lang=lang,
    )


def text_segment(token: str, index: int, finished: bool, lang: str) -> Any:
    """One source token."""
    from simuleval.data.segments import TextSegment

    return TextSegment(index=index, content=token, finished=finished, tgt_lang=lang)


def end_segment() -> Any:
    """What is sent once the source has ended."""
    from simuleval.data.segments import EmptySegment

    return EmptySegment(finished=True)


def segment_samples(segment_ms: float, rate_hz: int) -> int:
    """Samples of a source segment.

    The order of the operations is SimulEval's: in floating point 70 ms at 16 kHz make 1,121
    samples that way, and delays count them.
    """
    return math.ceil(segment_ms / 1000 * rate_hz)


def parts(answer: Any) -> tuple[Part, ...]:
    """What an agent returned from one call, one part per output.

    A tree of agents returns a list, with a part for each of its leaves.

    Raises
    ------
    SystemFailure
        It is not a segment, or holds something that cannot be said.
    """
    if isinstance(answer, list | tuple):
        return tuple(_part(item) for item in answer)
    if hasattr(answer, "text_segment") and hasattr(answer, "speech_segment"):
        return (_both(_part(answer.text_segment), _part(answer.speech_segment)),)
    return (_part(answer),)


def units(text: str, unit: Unit) -> str:
    """Text as SimulEval's evaluator reads it off a segment: split at white space, joined again.

    Words and pieces (``spm``) keep one space between them; characters none.
    """
    return text.replace(" ", "") if unit == "char" else " ".join(text.split())


def joined(said: str, unit: Unit, first: bool) -> str:
    """:func:`units` of one segment, ready to be appended to what was said before it."""
    if unit == "word":
        return said if first else f" {said}"
    if unit == "char":
        return said
    text = said.replace(" ", "").replace("▁", " ")
    return text.lstrip(" ") if first else text


def _part(segment: Any) -> Part:
    from simuleval.data.segments import Segment, SpeechSegment, TextSegment

    if not isinstance(segment, Segment):
        raise SystemFailure(f"the agent gave a {type(segment).__name__}, not a SimulEval segment")
    finished = bool(segment.finished)
    if isinstance(segment, TextSegment):
        if not isinstance(segment.content, str):
            raise SystemFailure(
                f"the agent wrote text of type {type(segment.content).__name__}, not str"
            )
        return Part(finished, text="" if segment.is_empty else segment.content)
    if isinstance(segment, SpeechSegment):
        if segment.is_empty or not len(segment.content):
            return Part(finished, is_speech=True)
        if segment.sample_rate <= 0:
            raise SystemFailure(
                "the agent wrote speech without a sample rate; SimulEval's agents write "
                "WriteAction(SpeechSegment(content=…, sample_rate=…, finished=…), finished=…)"
            )
        samples = np.asarray(segment.content, dtype=np.float32)
        return Part(finished, speech=Speech(samples, int(segment.sample_rate)), is_speech=True)
    if not segment.is_empty:
        raise SystemFailure(f"the agent wrote a {type(segment).__name__}: neither text nor speech")
    return Part(finished)


def _both(text: Part, speech: Part) -> Part:
    """One part of a text and a speech segment; an empty one does not hold up the end."""
    said = [part for part in (text, speech) if not part.empty]
    finished = all(p.finished for p in said) if said else text.finished or speech.finished
    return Part(finished, text.text, speech.speech, is_speech=speech.speech is not None)
