"""What all proxies share: one value a recording, kept by its audio; anchors; and no ranking.

A *proxy* stands in for what listeners would say.  It depends on voice and language as much as on
the system, so it ranks nothing, is never compared between target languages, and its value stands
beside the same measure of the source and of the reference speech (*anchors*), which say what good
speech gets in this corpus.  An anchor in another language is a landmark, not a target.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from s2st_bench.cache import Cache
from s2st_bench.metric import Item, Unscored
from s2st_bench.sound import digest
from s2st_bench.timed import RecordingMetric
from s2st_bench.types import Samples

from .activity import LEAST_S, stretches
from .sides import RATE_HZ, Side, hear

Features = Mapping[str, float]

_RULES = 1
"""To be raised when the same settings give other features; kept ones are then not read."""


class Proxy(RecordingMetric):
    """A measure of a recording's speech.

    Parameters
    ----------
    anchors
        Whether the source and reference speech are measured too.
    """

    proxy_for: ClassVar[str]
    """What it stands in for, as it follows "a proxy for"."""
    feature: ClassVar[str]
    """Which of the features of ``examine`` is the value."""
    sides: ClassVar[tuple[Side, ...]] = ("source", "reference")
    """Whose speech is an anchor."""

    def __init__(self, *, aware: bool = False, anchors: bool = True) -> None:
        super().__init__(aware=aware)
        self.anchors = anchors
        self._cache = Cache.standard()

    def of_recording(self, item: Item) -> float | Unscored:
        return self.of_side(item, "output")

    def of_side(self, item: Item, side: Side) -> float | Unscored:
        """The value of that speech of the item's recording."""
        samples = hear(item, side)
        if isinstance(samples, Unscored):
            return samples
        found = self.features(samples)
        return found if isinstance(found, Unscored) else found[self.feature]

    def features(self, samples: Samples) -> Features | Unscored:
        """All features of ``float32[n]`` at 16 kHz, computed once for each audio."""
        def computed() -> dict[str, Any]:
            examined = self.examine(samples)
            if isinstance(examined, Unscored):
                return {"reason": examined.reason}
            if not np.isfinite(list(examined.values())).all():
                return {"reason": "the model gave no finite number"}
            return dict(examined)

        key = {"what": self.kind(), "rules": _RULES, "settings": dict(self.signature()),
               "audio": digest(samples, RATE_HZ)}
        found: dict[str, Any] = self._cache.get(key, computed)
        return Unscored(str(found["reason"])) if "reason" in found else found

    @abstractmethod
    def examine(self, samples: Samples) -> Features | Unscored:
        """The features of ``float32[n]``, finite and within ±1, or why there are none."""

    @abstractmethod
    def kind(self) -> str:
        """A name for what ``examine`` does; metrics that share it share what is kept."""

    def unranked(self, items: Sequence[Item]) -> str:
        langs = {item.trace.target_lang for item in items}
        mixed = f" (here {', '.join(sorted(langs))} together)" if len(langs) > 1 else ""
        return (f"a proxy for {self.proxy_for}; never compared between target languages{mixed}")

    def marks(self, items: Sequence[Item]) -> tuple[str, ...]:
        """The anchors: ``source speech 3.21``, ``reference speech 3.40``."""
        if not self.anchors:
            return ()
        heard = [item for item in _one_each(items) if not item.failed]
        return tuple(mark for side in self.sides if (mark := self._anchor(heard, side)))

    def _anchor(self, items: Sequence[Item], side: Side) -> str:
        found = [self.of_side(item, side) for item in items]
        values = [value for value in found if not isinstance(value, Unscored)]
        if not values:
            return ""
        part = f" ({len(values)} of {len(found)})" if len(values) < len(found) else ""
        return f"{side} speech {np.mean(values):.2f}{part}"


class StretchProxy(Proxy):
    """A model's prediction for stretches of 3 to 10 s of speech (:mod:`.activity`).

    The value is the mean over stretches, weighted with their length.
    """

    def examine(self, samples: Samples) -> Features | Unscored:
        parts = stretches(samples, RATE_HZ)
        if not parts:
            return Unscored(f"less than {LEAST_S:g} s of speech")
        scored = self.predict(parts)
        weights = [len(part) for part in parts]
        return {name: float(np.average([row[name] for row in scored], weights=weights))
                for name in scored[0]}

    @abstractmethod
    def predict(self, parts: Sequence[Samples]) -> list[Features]:
        """Features of each stretch."""


def _one_each(items: Sequence[Item]) -> Iterator[Item]:
    """One item of each recording and target language, whatever its repeats."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        key = item.recording.id, item.trace.target_lang
        if key not in seen:
            seen.add(key)
            yield item
