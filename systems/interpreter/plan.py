"""What the interpreter will say and when, decided before it hears a sound.

A plan is a pure function of the recording, the target language, the behaviour and the seed.
Positions are seconds of source audio (tokens for text sources).  With due time d of a reference
word (see :mod:`s2st_bench.alignment`):

* it is written at ``e = d + lag_s + drift_s_per_min * d / 60``; e never decreases;
* per word three uniform draws decide: below ``omission`` it is left out; else below ``error`` it
  is replaced by ``un`` + the word for good; else below ``revision`` it is first written so and
  put right at ``e + revision_delay_s``, taking back everything from there on and writing it anew.

The draws depend on seed, recording and language only, never on the rates: a higher rate marks a
superset of the words that a lower one does.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from s2st_bench.alignment import due_words
from s2st_bench.types import Recording


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The parameters that decide a plan; see the module's docstring."""

    lag_s: float = 2.0
    drift_s_per_min: float = 0.0
    omission: float = 0.0
    error: float = 0.0
    revision: float = 0.0
    revision_delay_s: float = 1.0

    def __post_init__(self) -> None:
        for name in ("omission", "error", "revision"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name):g} is a rate from 0 to 1")
        for name in ("lag_s", "revision_delay_s"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name):g} must be 0 or more")
        if not -60 < self.drift_s_per_min < math.inf:
            raise ValueError("drift_s_per_min must be above -60, or words overtake each other")

    def due_to_written(self, due: float) -> float:
        """When a word due at ``due`` is written."""
        return due + self.lag_s + self.drift_s_per_min * due / 60


@dataclass(frozen=True, slots=True)
class Event:
    """One write of the plan."""

    at: float
    retract_chars: int
    text: str
    spoken: str
    """Words that nothing can change any more: what a voice says now."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All writes of a recording, in order, and what became of each reference word."""

    events: tuple[Event, ...]
    n_reference: int
    omitted: tuple[int, ...]
    """Indices of reference words left out."""
    substituted: tuple[int, ...]
    """Indices of reference words written wrong for good."""
    revised: tuple[int, ...]
    """Indices of reference words written wrong and put right later."""

    @property
    def text(self) -> str:
        """What stands in the end."""
        return after("", self.events)

    @property
    def word_error_rate(self) -> float:
        """Word error rate of the final text against the first reference."""
        return (len(self.omitted) + len(self.substituted)) / max(1, self.n_reference)


def after(text: str, events: Sequence[Event]) -> str:
    """``text`` once ``events`` were applied to it."""
    for event in events:
        text = text[: len(text) - event.retract_chars] + event.text
    return text


def plan(recording: Recording, target_lang: str, behaviour: Behaviour, seed: int = 0) -> Plan:
    """The plan for one recording.

    Raises
    ------
    CorpusError
        The recording has no usable reference in ``target_lang``.
    """
    words = due_words(recording, target_lang)
    draws = random.Random(f"{seed}/{recording.id}/{target_lang}")
    omitted, substituted, revised = [], [], []
    marks: list[tuple[float, int, str]] = []  # position, slot, form shown from then on
    slot = 0
    for index, word in enumerate(words):
        omit, err, revise = (draws.random() for _ in range(3))
        if omit < behaviour.omission:
            omitted.append(index)
            continue
        at = behaviour.due_to_written(word.due)
        wrong = f"un{word.text}"
        if err < behaviour.error:
            substituted.append(index)
            marks.append((at, slot, wrong))
        elif revise < behaviour.revision:
            revised.append(index)
            marks.append((at, slot, wrong))
            marks.append((at + behaviour.revision_delay_s, slot, word.text))
        else:
            marks.append((at, slot, word.text))
        slot += 1
    return Plan(_events(marks), len(words), tuple(omitted), tuple(substituted), tuple(revised))


def _events(marks: list[tuple[float, int, str]]) -> tuple[Event, ...]:
    """Writes from the forms each slot takes over time."""
    marks = sorted(marks, key=lambda mark: mark[0])  # stable: words in order, then revisions
    pending: dict[int, int] = {}
    for _, slot, _ in marks:
        pending[slot] = pending.get(slot, 0) + 1
    shown: list[str] = []
    spoken = 0
    events = []
    for at, slot, form in marks:
        taken_back = "".join(shown[slot:])
        shown[slot : slot + 1] = [f" {form}" if slot else form]
        pending[slot] -= 1
        ready = spoken
        while ready < len(shown) and not pending[ready]:
            ready += 1
        say = "".join(shown[spoken:ready]).strip()
        spoken = ready
        events.append(Event(at, len(taken_back), "".join(shown[slot:]), say))
    return tuple(events)
