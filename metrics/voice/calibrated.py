"""``SpeakerPercentile`` and ``SpeakerEER``: what a similarity is worth on this corpus.

Both need to know who speaks (``Segment.speaker``).  Pairs are made of *clips*: the active speech of
a turn, in pieces of at most 10 s; at most 150 clips, evenly spread over speakers in corpus order,
so that nothing is left to chance.  Pairs across languages need reference speech by the source's
own speakers (CVSS-T): ``reference_voice=source`` says that the corpus' reference audio is that.
Else they are of source speech alone, and the numbers are marked "within-language calibration".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, Literal

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.types import MetricSpec, Samples

from .activity import RATE_HZ, active_speech
from .calibration import (
    Clip,
    Pairs,
    equal_error_rate,
    evenly,
    pairs_between,
    pairs_within,
    percentile_of,
)
from .embedder import WINDOW_S, EmbedderName
from .judged import Judgement
from .similarity import NEEDS, SpeakerSimilarity
from .turns import SourceReader, Turn, turns

ReferenceVoice = Literal["source", "unknown"]

MOST_CLIPS: Final = 150
CLIP_S: Final = 10
LEAST_IMPOSTORS: Final = 20
LEAST_GENUINE: Final = 5
WITHIN: Final = "within-language calibration"
ONE_SESSION: Final = "same-speaker pairs of one recording"


class CalibratedMetric(SpeakerSimilarity):
    """A metric that knows the scores of genuine and impostor pairs of the corpus.

    Parameters
    ----------
    reference_voice
        Whose voice the corpus' reference audio has: that of the source's own speaker, or unknown.
    """

    def __init__(
        self, *, aware: bool = False, embedder: EmbedderName = "resemblyzer", weights: str = "",
        device: str = "auto", batch_size: int = 64, min_active_s: float = WINDOW_S,
        language_id: str = "", reference_voice: ReferenceVoice = "unknown",
    ) -> None:
        super().__init__(aware=aware, embedder=embedder, weights=weights, device=device,
                         batch_size=batch_size, min_active_s=min_active_s, language_id=language_id)
        self._reference_voice = reference_voice
        self.pairs: Pairs | Unscored = Unscored("not prepared")
        self._crossing = False
        self.groups: dict[tuple[str, str], int] = {}

    def calibrate(self, items: Sequence[Item]) -> None:
        """Make the pairs of the items' corpus."""
        self._crossing = False
        self.groups = {}
        named = [turn for turn in _once(items) if turn.speaker]
        if len({turn.speaker for turn in named}) < 2:
            self.pairs = Unscored("the corpus names fewer than two speakers")
            return
        chosen = _spread(named)
        self.groups = {turn.key: number for number, turn in enumerate(chosen)}
        reader = SourceReader()
        source = self._clips(chosen, [reader.of(turn) for turn in chosen])
        target = self._targets(chosen, reader)
        self._crossing = bool(target)
        pairs = pairs_between(source, target) if target else pairs_within(source)
        few = len(pairs.impostors) < LEAST_IMPOSTORS
        self.pairs = Unscored(f"fewer than {LEAST_IMPOSTORS} pairs of different speakers with "
                              f"{self.min_active_s:g} s of active speech") if few else pairs

    def _targets(self, chosen: Sequence[Turn], reader: SourceReader) -> list[Clip]:
        """Clips of reference speech by the source's speakers, where the corpus has it."""
        if self._reference_voice != "source":
            return []
        found: list[Samples | Unscored] = []
        for turn in chosen:
            lang = turn.items[0].trace.target_lang
            audio = turn.recording.reference_audio.get(lang) if turn.whole else None
            found.append(reader.audio(audio) if audio else Unscored("no reference audio"))
        return self._clips(chosen, found)

    def _clips(
        self, chosen: Sequence[Turn], speech: Sequence[Samples | Unscored]
    ) -> list[Clip]:
        owners: list[tuple[int, Turn]] = []
        pieces: list[Samples] = []
        for number, (turn, samples) in enumerate(zip(chosen, speech, strict=True)):
            if isinstance(samples, Unscored):
                continue
            active = active_speech(samples)
            starts = range(0, len(active), CLIP_S * RATE_HZ)
            cut = [active[start : start + CLIP_S * RATE_HZ] for start in starts]
            long_enough = [c for c in cut if len(c) >= self.min_active_s * RATE_HZ]
            most = max(1, MOST_CLIPS // len(chosen))
            for i in evenly(len(long_enough), most):
                owners.append((number, turn))
                pieces.append(long_enough[i])
        vectors = self.bank.embeddings(pieces)
        return [Clip(turn.speaker, turn.recording.id, number, vector)
                for (number, turn), vector in zip(owners, vectors, strict=True)]

    def marks(self, items: Sequence[Item]) -> tuple[str, ...]:
        return super().marks(items) + self.calibration_marks

    @property
    def calibration_marks(self) -> tuple[str, ...]:
        """What must stand beside a number made from the pairs."""
        if isinstance(self.pairs, Unscored):
            return ()
        return (() if self._crossing else (WITHIN,)) + (
            (ONE_SESSION,) if self.pairs.one_session else ())

    def signature(self) -> Mapping[str, str]:
        if isinstance(self.pairs, Unscored):
            return super().signature()
        genuine = int(self.pairs.genuine.sum())
        kind = "cross-language" if self._crossing else "within-language"
        return {**super().signature(), **self.bank.embedder.signature(),
                "pairs": f"{kind}({genuine}+{len(self.pairs.scores) - genuine})"}


class SpeakerPercentile(CalibratedMetric):
    """Mean over turns of the percent of impostor pairs that are less similar."""

    spec: ClassVar[MetricSpec] = MetricSpec(
        "SpeakerPercentile", "%", True, NEEDS, (), "SpeakerSimilarity among impostor pairs")

    def prepare(self, items: Sequence[Item]) -> None:
        super().prepare(items)
        self.calibrate(items)

    def turn_value(self, judgement: Judgement) -> float | Unscored:
        similarity = judgement.similarity
        if isinstance(similarity, Unscored):
            return similarity
        if isinstance(self.pairs, Unscored):
            return self.pairs
        return percentile_of(similarity, self.pairs.impostors)


class SpeakerEER(CalibratedMetric):
    """Equal error rate of the embedder on the corpus' speakers: it describes the judge."""

    spec: ClassVar[MetricSpec] = MetricSpec(
        "SpeakerEER", "%", None, frozenset({"audio_source"}), (),
        "equal error rate of speaker verification")

    def prepare(self, items: Sequence[Item]) -> None:
        self.calibrate(items)
        self._turn_of = {(item.trace.key, item.id): turn.key
                         for group in turns(items) for turn in group for item in turn.items}

    def stats(self, item: Item) -> Floats | Unscored:
        """The number of the item's turn among those that clips are of, ``float64[1]``."""
        if isinstance(self.pairs, Unscored):
            return self.pairs
        if self.pairs.genuine.sum() < LEAST_GENUINE:
            return Unscored(f"fewer than {LEAST_GENUINE} pairs of one speaker")
        number = self.groups.get(self._turn_of[item.trace.key, item.id])
        if number is None or not (self.pairs.groups == number).any():
            return Unscored("no clip of this turn is among the pairs")
        return np.array([float(number)])

    def value(self, totals: Floats) -> Floats:
        """No function of sums: see :meth:`aggregate`."""
        return np.full(totals.shape[:-1], np.nan)

    def aggregate(self, stats: Floats, weights: Floats) -> Floats:
        """Resampled by turns: a pair counts as often as both its turns were drawn."""
        if isinstance(self.pairs, Unscored):
            return np.full(len(weights), np.nan)
        numbers = stats[:, 0].astype(int)
        share = 1.0 / np.bincount(numbers)[numbers]
        found = []
        for row in weights * share:
            drawn = np.bincount(numbers, row, minlength=len(self.groups))
            pair = drawn[self.pairs.groups[:, 0]] * drawn[self.pairs.groups[:, 1]]
            found.append(equal_error_rate(self.pairs, pair))
        return np.array(found)

    def unranked(self, items: Sequence[Item]) -> str:
        return ""

    def marks(self, items: Sequence[Item]) -> tuple[str, ...]:
        return self.calibration_marks


def _once(items: Sequence[Item]) -> list[Turn]:
    """The turns of the corpus, each once however many traces there are of it."""
    found: dict[tuple[str, str], Turn] = {}
    for group in turns(items):
        for turn in group:
            found.setdefault(turn.key, turn)
    return list(found.values())


def _spread(named: Sequence[Turn]) -> list[Turn]:
    """At most ``MOST_CLIPS`` turns: of each speaker as many, in corpus order."""
    by_speaker: dict[str, list[Turn]] = {}
    for turn in named:
        by_speaker.setdefault(turn.speaker, []).append(turn)
    speakers = list(by_speaker)
    kept = [speakers[i] for i in evenly(len(speakers), MOST_CLIPS // 2)]
    each = MOST_CLIPS // len(kept)
    chosen = {id(by_speaker[s][i]) for s in kept for i in evenly(len(by_speaker[s]), each)}
    return [turn for turn in named if id(turn) in chosen]
