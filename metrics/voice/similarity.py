"""``SpeakerSimilarity``: cosine of source and output speaker, mean over speaker turns.

A turn counts once, however many segments it has: each of them carries its share of the turn's
value.  What it takes to be ranked: no echo of the source, enough coverage, the target language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import numpy as np

from s2st_bench.cache import Cache
from s2st_bench.errors import ConfigError
from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.types import MetricSpec

from . import activity
from .bank import Bank
from .embedder import WINDOW_S, EmbedderName, make_embedder
from .judged import Judge, Judgement, Verdict
from .speechbrain_models import LanguageIdentifier

ECHO_LIMIT: Final = 0.1
"""Share of the output that may be source audio: repeated names and words of one synthetic voice
stay below it."""
LEAST_COVERAGE: Final = 0.8
LEAST_RIGHT: Final = 0.8
"""Share of outputs that must be in the target language."""

NEEDS = frozenset({"speech", "audio_source"})


class SpeakerSimilarity(Metric):
    """See the module.

    Parameters
    ----------
    embedder
        ``resemblyzer``, ``ecapa`` or ``wavlm``.
    weights
        Of the last two: a folder here, or a name on the hub.
    device
        ``cpu``, ``cuda``, or ``auto``: ``cuda`` where there is one.
    batch_size
        Windows embedded at once.
    min_active_s
        The least active speech on either side, in seconds.
    language_id
        A speechbrain language classifier that checks the output's language; none: it is not
        checked, which is marked.
    """

    per_talk = True
    spec: ClassVar[MetricSpec] = MetricSpec(
        "SpeakerSimilarity", "", True, NEEDS, (), "cosine of speaker embeddings, by turn")

    def __init__(
        self, *, aware: bool = False, embedder: EmbedderName = "resemblyzer", weights: str = "",
        device: str = "auto", batch_size: int = 64, min_active_s: float = WINDOW_S,
        language_id: str = "",
    ) -> None:
        super().__init__(aware=aware)
        if batch_size < 1:
            raise ConfigError(f"{self.spec.name}: batch_size must be at least 1, not {batch_size}")
        if not 0.5 <= min_active_s <= 60:
            raise ConfigError(f"{self.spec.name}: min_active_s must be from 0.5 to 60, not "
                              f"{min_active_s:g}")
        self.min_active_s = min_active_s
        self.cache = Cache.standard()
        self.bank = Bank(make_embedder(embedder, weights, device), batch_size, self.cache)
        self._language = LanguageIdentifier(language_id, device) if language_id else None
        self._judge = Judge(self.bank, min_active_s, self._language, self.cache)
        self._verdict = Verdict()
        self._by_item: dict[tuple[object, str], Judgement] = {}

    def prepare(self, items: Sequence[Item]) -> None:
        """Judge all turns.

        Raises
        ------
        DependencyError, InputError
            A model is not at hand, or is not what it should be.
        """
        self._verdict = self._judge.judge(items)
        self._by_item = {(item.trace.key, item.id): judgement for judgement in self._verdict.turns
                         for item in judgement.turn.items}

    def stats(self, item: Item) -> Floats | Unscored:
        """The turn's value and its weight, both shared among its segments, ``float64[2]``."""
        judgement = self._by_item[item.trace.key, item.id]
        value = self.turn_value(judgement)
        if isinstance(value, Unscored):
            return value
        return np.array([value, 1.0]) / len(judgement.turn.items)

    def turn_value(self, judgement: Judgement) -> float | Unscored:
        """The value of a turn."""
        return judgement.similarity

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])

    def unranked(self, items: Sequence[Item]) -> str:
        if (share := self._echo_share) >= ECHO_LIMIT:
            return f"echo of the source: {share:.0%} of the output is source audio"
        scorable = [judged for judged in self._verdict.turns if judged.scorable]
        scored = sum(not isinstance(judged.similarity, Unscored) for judged in scorable)
        if scorable and (coverage := scored / len(scorable)) < LEAST_COVERAGE:
            return f"coverage {coverage:.2f}: below {LEAST_COVERAGE:g}"
        checked = [judged.right_language for judged in self._verdict.turns
                   if judged.right_language is not None]
        if checked and (right := sum(checked) / len(checked)) < LEAST_RIGHT:
            return f"not the target language: {1 - right:.0%} of the outputs"
        return ""

    def marks(self, items: Sequence[Item]) -> tuple[str, ...]:
        found = ("echo of the source",) if self._echo_share >= ECHO_LIMIT else ()
        return found if self._language else (*found, "language not checked")

    @property
    def _echo_share(self) -> float:
        verdict = self._verdict
        return verdict.echoed_s / verdict.looked_at_s if verdict.looked_at_s else 0.0

    def signature(self) -> Mapping[str, str]:
        return {
            **(self.bank.embedder.signature() if self._used else {}),
            "active": f"{activity.RULE}>={self.min_active_s:g}s",
            **(self._language.signature() if self._language and self._used else {}),
        }

    @property
    def _used(self) -> bool:
        """Whether a model was asked: without one its weights need not be there."""
        return any(not isinstance(judged.similarity, Unscored) for judged in self._verdict.turns)
