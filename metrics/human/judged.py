"""Judgements of a run's items, and what metrics of them share.

An item of a sheet is a recording's id, a segment's id, or ``RECORDING#SEGMENT``.  Where the sheet
has a column ``system``, the run's are those of its system, or of the name given as ``system``.

A *fragment* is what was judged by itself: an item, or a part of it.  Its score is the mean over
its raters.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from s2st_bench.errors import InputError
from s2st_bench.metric import Item, Metric

from .sheet import Judgement

Fragments = tuple[tuple[float, ...], ...]
"""Of one item: of each fragment, the score of each rater."""

_NONE: Mapping[str, Sequence[Judgement]] = MappingProxyType({})


class JudgedMetric(Metric):
    """A metric of a sheet.

    Parameters
    ----------
    sheet
        The sheet's path.
    system
        The run's name in the sheet; empty: as the run has it.
    partial
        The run is of a part of what was judged: the sheet may hold items it does not.
    """

    def __init__(
        self, sheet: Path, *, aware: bool = False, system: str = "", partial: bool = False
    ) -> None:
        super().__init__(aware=aware)
        self.sheet = sheet
        self.system = system
        self.partial = partial
        self.judgements = self.read(sheet)
        self._of_item = _NONE

    @abstractmethod
    def read(self, sheet: Path) -> tuple[Judgement, ...]:
        """The judgements of a sheet; raises InputError."""

    def prepare(self, items: Sequence[Item]) -> None:
        ours = self._ours(items)
        names = _names(items)
        found: defaultdict[str, list[Judgement]] = defaultdict(list)
        for one in ours:
            item = names.get(one.item)
            if item:
                found[item].append(one)
            elif item is not None:
                raise InputError(f"{self.sheet}:{one.line}: segment {one.item!r} is in several "
                                 "recordings; write RECORDING#SEGMENT")
            elif not self.partial:
                raise InputError(
                    f"{self.sheet}:{one.line}: the run has no item {one.item!r} (recording, "
                    "segment or RECORDING#SEGMENT); of a run on a part of what was judged say "
                    f"{self.spec.name}.partial=true")
        self._of_item = found

    def signature(self) -> Mapping[str, str]:
        """The sheet: runs compare only where the same people judged them in one go."""
        name = hashlib.sha256(self.sheet.read_bytes()).hexdigest()[:12]
        return {"sheet": name, **({"partial": "yes"} if self.partial else {})}

    def fragments(self, item: Item) -> Fragments:
        """The scores of an item; none where it was not judged."""
        parts: defaultdict[str, list[float]] = defaultdict(list)
        for one in self._of_item.get(item.id, ()):
            parts[one.fragment].append(one.value)
        return tuple(tuple(values) for values in parts.values())

    def raters(self) -> int:
        """How many judged the run."""
        return len({one.rater for found in self._of_item.values() for one in found})

    def _ours(self, items: Sequence[Item]) -> Sequence[Judgement]:
        judged = {one.system for one in self.judgements}
        if judged == {""}:
            return self.judgements
        run = self.system or next((i.trace.system for i in items if i.trace.system), "")
        if run not in judged:
            known = ", ".join(sorted(map(repr, judged))[:10])
            raise InputError(f"{self.sheet}: judges {known} and not {run!r}; say which is this run "
                             f"with {self.spec.name}.system=NAME")
        return [one for one in self.judgements if one.system == run]


def _names(items: Sequence[Item]) -> dict[str, str]:
    """What a sheet may call an item, to the item's id; empty where a name is of several."""
    names: dict[str, str] = {}
    for item in items:
        for name in {item.id, item.segment.id, f"{item.recording.id}#{item.segment.id}"}:
            names[name] = item.id if names.get(name, item.id) == item.id else ""
    return names
