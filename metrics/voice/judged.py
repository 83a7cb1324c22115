"""What the similarity metrics share: the turns of all items, judged once for a scoring pass.

A turn is *scorable* where its source has enough active speech; of scorable turns, *coverage* is the
share that got a value.  Silent, failed and lost recordings count as not covered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from s2st_bench.cache import Cache
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.sound import digest
from s2st_bench.transcripts import base_code
from s2st_bench.types import Samples

from . import activity, echo
from .activity import RATE_HZ, active_speech
from .bank import Bank
from .speechbrain_models import LanguageIdentifier
from .turns import SourceReader, Turn, by_turn, output_of, turns

_TURNS_AT_ONCE = 64
_SPEECH_AT_ONCE = 1800 * RATE_HZ


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of a turn."""

    turn: Turn
    similarity: float | Unscored
    scorable: bool
    right_language: bool | None
    """None: not checked."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of all turns of a scoring pass."""

    turns: tuple[Judgement, ...] = ()
    echoed_s: float = 0.0
    looked_at_s: float = 0.0
    """Of all output, and how much of it is echo."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Speech of a turn at 16 kHz, or why there is none."""

    turn: Turn
    source: Samples | Unscored
    output: Samples | Unscored


@dataclass(frozen=True, slots=True)
class HeardTrace:
    """Speech of one trace at 16 kHz, whole and by turn."""

    turns: tuple[Heard, ...]
    source: Samples | Unscored
    output: Samples | Unscored

    @property
    def size(self) -> int:
        """Samples of speech."""
        return sum(len(s) for s in (self.source, self.output) if not isinstance(s, Unscored))


def heard_traces(items: Sequence[Item]) -> Iterator[HeardTrace]:
    """The speech of all items, read one trace at a time."""
    reader = SourceReader()
    for group in turns(items):
        output = output_of(group)
        parts = by_turn(output, group)
        yield HeardTrace(
            tuple(Heard(turn, reader.of(turn), part)
                  for turn, part in zip(group, parts, strict=True)),
            reader.whole(group[0]), output,
        )


def echo_of(given: HeardTrace, cache: Cache) -> tuple[float, float]:
    """Seconds of the output that are source audio, and seconds looked at; kept."""
    source, output = given.source, given.output
    if isinstance(source, Unscored) or isinstance(output, Unscored):
        return 0.0, 0.0
    key = {"what": "echo", "rule": echo.RULE, "active": activity.RULE,
           "source": digest(source, RATE_HZ), "audio": digest(output, RATE_HZ)}
    echoed_s, looked_at_s = cache.get(key, lambda: list(echo.echoed(source, output)))
    return float(echoed_s), float(looked_at_s)


class Judge:
    """Judges turns, in groups so that embeddings are batched and memory stays small."""

    def __init__(
        self, bank: Bank, min_active_s: float, language: LanguageIdentifier | None, cache: Cache
    ) -> None:
        self._bank = bank
        self._min_active_s = min_active_s
        self._language = language
        self._cache = cache

    def judge(self, items: Sequence[Item]) -> Verdict:
        """All turns.

        Raises
        ------
        DependencyError, InputError
            A model is not at hand.
        """
        found: list[Judgement] = []
        echoes: list[tuple[float, float]] = []
        waiting: list[Heard] = []
        size = 0
        for trace in heard_traces(items):
            echoes.append(echo_of(trace, self._cache))
            waiting += trace.turns
            size += trace.size
            if len(waiting) >= _TURNS_AT_ONCE or size > _SPEECH_AT_ONCE:
                found += self._some(waiting)
                waiting, size = [], 0
        found += self._some(waiting)
        return Verdict(tuple(found), sum(s for s, _ in echoes), sum(s for _, s in echoes))

    def _some(self, given: Sequence[Heard]) -> list[Judgement]:
        spoken = [(self._active(g.source, "source"), self._active(g.output, "output"))
                  for g in given]
        pairs = {i: (source, output) for i, (source, output) in enumerate(spoken)
                 if not isinstance(source, Unscored) and not isinstance(output, Unscored)}
        vectors = self._bank.embeddings([speech for pair in pairs.values() for speech in pair])
        cosines = {i: _cosine(vectors[2 * n], vectors[2 * n + 1]) for n, i in enumerate(pairs)}
        made = []
        for i, (one, (source, output)) in enumerate(zip(given, spoken, strict=True)):
            value: float | Unscored
            right: bool | None = None
            if isinstance(source, Unscored):
                value = source
            elif isinstance(output, Unscored):
                value = output
            else:
                value, right = cosines[i], self._right_language(one.turn, output)
            made.append(Judgement(one.turn, value, not isinstance(source, Unscored), right))
        return made

    def _active(self, samples: Samples | Unscored, side: str) -> Samples | Unscored:
        if isinstance(samples, Unscored):
            return samples
        speech = active_speech(samples)
        if len(speech) < self._min_active_s * RATE_HZ:
            return Unscored(f"{side}: less than {self._min_active_s:g} s of active speech")
        return speech

    def _right_language(self, turn: Turn, output: Samples) -> bool | None:
        if self._language is None:
            return None
        key = {"what": "language", **self._language.signature(), "audio": digest(output, RATE_HZ)}
        identify = self._language.language
        found = self._cache.get(key, lambda: identify(output))
        return bool(found == base_code(turn.items[0].trace.target_lang))


def _cosine(a: Floats, b: Floats) -> float | Unscored:
    if not a.any() or not b.any():
        return Unscored("the embedder finds no voice")
    return float(a @ b)
