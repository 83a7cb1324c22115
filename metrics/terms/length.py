"""How long the answer is: Σ units said / Σ units of the first references.

Units are words, or characters in languages written without spaces.  A description, no merit: 1 is
as long as the reference.  Statistics of an item, ``float64[2]``: units said, units of the
reference.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.types import MetricSpec
from s2st_bench.units import split_units

from .tokens import spaceless


class LengthRatio(Metric):
    """Units said over units of the reference."""

    spec = MetricSpec("LengthRatio", "", None, frozenset({"text", "reference"}),
                      source="s2st_bench")

    def stats(self, item: Item) -> Floats | Unscored:
        if not item.references:
            return Unscored("no reference")
        if "text" not in item.trace.outputs and not item.failed:
            return Unscored("no text output")
        by_char = spaceless(item.trace.target_lang)
        said, wanted = (
            len(split_units(text, "char" if by_char else "word"))
            for text in (item.hypothesis, item.references[0])
        )
        return np.array([said, wanted], dtype=np.float64)

    def value(self, totals: Floats) -> Floats:
        length = totals[..., 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(length > 0, totals[..., 0] / length, np.nan))
