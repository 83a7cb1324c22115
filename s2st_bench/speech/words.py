"""Synthesised utterances and their word times, from the events a synthesiser gives.

A synthesiser marks where a word of the text begins and which phonemes follow.  Here that becomes
one :class:`~s2st_bench.types.Word` per whitespace-separated token of the text, always: in order,
not overlapping, times in seconds from the first sample.

Conventions: a word starts with its first sounding phoneme where a pause precedes it, and ends
where the pause after its last phoneme begins, or where the next word starts.  Tokens that the
synthesiser ran together ("of the") share their span by length; tokens that are not spoken (a
lone dash) have no duration.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from s2st_bench.types import Samples, Word


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech ``samples[n]`` and one word per whitespace-separated token of its text."""

    samples: Samples
    sample_rate_hz: int
    words: tuple[Word, ...]

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate_hz


class WordTimer:
    """Turn events, in order, into words; each word comes out as soon as its end is known."""

    def __init__(self, text: str, rate_hz: int) -> None:
        matches = list(re.finditer(r"\S+", text))
        self._tokens = [match.group() for match in matches]
        self._positions = [match.start() for match in matches]
        self._rate_hz = rate_hz
        self._done = 0
        """Tokens that came out."""
        self._current = -1
        """Token being spoken; -1 before the first."""
        self._start = 0
        self._pause: int | None = 0
        """Where the pause that is going on began; none while a phoneme sounds."""
        self._sounded = False

    def word(self, position: int, sample: int) -> Iterator[Word]:
        """The word at character ``position`` of the text begins at ``sample``."""
        token = bisect_right(self._positions, position) - 1
        if token <= self._current or token < 0:
            return  # one token may be spoken as several words: "2024"
        yield from self._close(token, sample)
        self._current, self._start = token, sample
        self._pause, self._sounded = None, False

    def phoneme(self, pause: bool, sample: int) -> None:
        """A phoneme, or a pause, begins at ``sample``."""
        if not pause:
            if not self._sounded and self._pause is not None:
                self._start = sample
            self._pause, self._sounded = None, True
        elif self._pause is None:
            self._pause = sample

    def finish(self, sample: int) -> Iterator[Word]:
        """The speech ends after ``sample`` samples; gives the words that remain."""
        yield from self._close(len(self._tokens), sample)

    def _close(self, upto: int, sample: int) -> Iterator[Word]:
        """Share what was spoken since the last word among the tokens before ``upto``."""
        end = self._pause if self._sounded and self._pause is not None else sample
        start = min(self._start, end)
        if self._current < 0:
            end = start  # nothing was spoken before the first word
        tokens = self._tokens[self._done : upto]
        letters = [sum(map(str.isalnum, token)) for token in tokens]
        if tokens and not any(letters):
            letters[0] = 1
        total, heard = sum(letters), 0
        for token, n in zip(tokens, letters, strict=True):
            first = start + (end - start) * heard / total
            heard += n
            last = start + (end - start) * heard / total
            yield Word(token, first / self._rate_hz, last / self._rate_hz)
        self._done = upto
