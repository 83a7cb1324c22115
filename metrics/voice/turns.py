"""Speaker turns: what one person said in one go, and the translation that was heard for it.

Short form: the recording is one turn, and all of the output belongs to it.  Long form: segments in
a row by one speaker are one turn (segments that name no speaker are of one unnamed one), its source
runs from the start of its first segment to the end of its last, and a stretch of the output belongs
to the turn whose text was written with it: the segment that resegmentation gave the units of that
write, or of the last write before it that had any.  Where a system writes no text, a stretch
belongs to the turn that was being spoken when it was written, which is rough: interpreters lag.
Unaware times decide, so that the same output always falls to the same turns.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from s2st_bench.audio import read_audio, resampled
from s2st_bench.errors import AudioError
from s2st_bench.metric import Item, Unscored
from s2st_bench.sound import Sound
from s2st_bench.timeline import output_writes
from s2st_bench.transcripts import by_recording
from s2st_bench.types import AudioSource, Recording, Samples

from .activity import RATE_HZ

_SAME_TIME_S = 1e-6


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn, with the items (reference segments) it is made of."""

    items: tuple[Item, ...]
    whole: bool
    """It is the whole recording."""

    @property
    def speaker(self) -> str:
        """Empty where the corpus names none."""
        return self.items[0].segment.speaker

    @property
    def recording(self) -> Recording:
        return self.items[0].recording

    @property
    def bounds_s(self) -> tuple[float, float]:
        """In the recording."""
        segments = [item.segment for item in self.items]
        return min(s.start_s for s in segments), max(s.end_s for s in segments)

    @property
    def key(self) -> tuple[str, str]:
        """The turn's place in the corpus: the same for all systems, languages and repeats."""
        return self.recording.id, self.items[0].segment.id


def turns(items: Sequence[Item]) -> Iterator[tuple[Turn, ...]]:
    """The turns of each trace, in order."""
    for group in by_recording(items):
        runs = [tuple(run) for _, run in groupby(group, key=lambda item: item.segment.speaker)]
        yield tuple(Turn(run, len(runs) == 1) for run in runs)


class SourceReader:
    """Source speech at 16 kHz; the last recording read is kept."""

    def __init__(self) -> None:
        self._source: AudioSource | None = None
        self._samples: Samples | Unscored = np.zeros(0, np.float32)

    def audio(self, source: AudioSource) -> Samples | Unscored:
        """A whole slice, ``float32[n]``, or why there is none."""
        if source != self._source:
            try:
                self._samples = read_audio(
                    source.path, source.offset_s, source.duration_s, RATE_HZ)
            except (AudioError, OSError) as error:
                self._samples = Unscored(f"the source cannot be read: {error}")
            self._source = source
        return self._samples

    def whole(self, turn: Turn) -> Samples | Unscored:
        """The source speech of a turn's recording, ``float32[n]``."""
        source = turn.recording.source
        if not isinstance(source, AudioSource):
            return Unscored("the source is text")
        return self.audio(source)

    def of(self, turn: Turn) -> Samples | Unscored:
        """The source speech of a turn, ``float32[n]``."""
        samples = self.whole(turn)
        if turn.whole or isinstance(samples, Unscored):
            return samples
        start_s, end_s = turn.bounds_s
        return samples[max(0, round(start_s * RATE_HZ)) : max(0, round(end_s * RATE_HZ))]


def output_of(group: Sequence[Turn]) -> Samples | Unscored:
    """All that was heard of one trace, gapless at 16 kHz."""
    first = group[0].items[0]
    if first.failed:
        return Unscored("the recording failed")
    if first.sound is None:
        return Unscored("no speech output")
    speech = first.sound.read()
    if isinstance(speech, Unscored):
        return speech
    return resampled(speech.samples, speech.sample_rate_hz, RATE_HZ)


def by_turn(
    output: Samples | Unscored, group: Sequence[Turn]
) -> list[Samples | Unscored]:
    """The output of one trace cut into that of each turn."""
    sound = group[0].items[0].sound
    if len(group) == 1 or isinstance(output, Unscored) or sound is None:
        return [output] * len(group)
    owners = owning_turns(sound, group)
    edges = [round(stretch.begin_s * RATE_HZ) for stretch in sound.stretches]
    parts = np.split(output, edges[1:])
    found: list[Samples | Unscored] = []
    for number in range(len(group)):
        own = [part for part, owner in zip(parts, owners, strict=True) if owner == number]
        found.append(np.concatenate(own) if own else Unscored("no output for this turn"))
    return found


def owning_turns(sound: Sound, group: Sequence[Turn]) -> list[int]:
    """The number of the turn that each stretch of ``sound`` belongs to."""
    given = [step.source_s for step, _ in output_writes(sound.trace)]
    said = sorted((emission.delay, number) for number, turn in enumerate(group)
                  for item in turn.items for emission in item.emissions)
    delays = [delay for delay, _ in said]
    starts = [turn.bounds_s[0] for turn in group]
    owners = []
    for stretch in sound.stretches:
        at = given[stretch.write]
        end = bisect_right(delays, at + _SAME_TIME_S)
        if not said:
            owners.append(max(0, bisect_right(starts, at) - 1))
        elif end == 0:
            owners.append(said[0][1])
        else:
            last = [number for delay, number in said[:end]
                    if delay >= delays[end - 1] - _SAME_TIME_S]
            owners.append(Counter(last).most_common(1)[0][0])
    return owners
