"""What metrics of spoken sentences share: each item's words, looked for once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.parts import RecogniserModel

from .words import Speaker, Spoken, spoken_items

Key = tuple[str, str, int, str]


class SpokenMetric(Metric):
    """A metric of what was said aloud of each item; ``asr`` names a recogniser to hear it with."""

    asr_by_rule: ClassVar[bool] = False

    def __init__(self, *, aware: bool = False, asr: RecogniserModel | None = None) -> None:
        super().__init__(aware=aware)
        self._speaker = Speaker(asr)
        self._spoken: dict[Key, Spoken | Unscored] = {}

    def prepare(self, items: Sequence[Item]) -> None:
        found = spoken_items(items, self._speaker)
        self._spoken = {_key(item): one for item, one in zip(items, found, strict=True)}

    def spoken(self, item: Item) -> Spoken | Unscored:
        """What was said of an item, or why that is not known."""
        found = self._spoken.get(_key(item))
        if found is None:
            (found,) = spoken_items([item], self._speaker)
        return found

    def signature(self) -> Mapping[str, str]:
        return self._speaker.signature()


class SpokenSums(SpokenMetric):
    """One of sums over items."""

    def stats(self, item: Item) -> Floats | Unscored:
        spoken = self.spoken(item)
        return spoken if isinstance(spoken, Unscored) else self.of_spoken(spoken, item)

    @abstractmethod
    def of_spoken(self, spoken: Spoken, item: Item) -> Floats | Unscored:
        """Statistics of an item from what was said of it, which may be nothing."""


def _key(item: Item) -> Key:
    return (*item.trace.key, item.id)
