"""Average Token Delay of text output; :mod:`s2st_bench.token_delay` has the formula.

SimulEval's aware variant (``compute="simuleval"``) keeps the delays and adds to each token the
growth of (elapsed - delay) since the token before, which fits its ever-growing ``elapsed``: it is
what such times get where nothing else is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from s2st_bench.batch import Rows
from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.timed import TEXT, TimedMetric
from s2st_bench.token_delay import PIECE_MS, atd, growth, text_tokens
from s2st_bench.types import MetricSpec

from . import rows as batched

ComputeRule = Literal["live", "simuleval"]


class ATD(TimedMetric):
    """Average Token Delay of text output."""

    spec = MetricSpec("ATD", "ms", False, TEXT, ("CU", "CA"), "SimulEval 1.1.4; arXiv:2211.13173")
    needs_length = False

    def __init__(self, *, aware: bool = False, compute: ComputeRule | None = None) -> None:
        super().__init__(aware=aware)
        self._given = compute
        self.compute: ComputeRule = compute or "live"

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        delays = item.delays
        if not (np.diff(delays, prepend=0.0) >= 0).all():  # catches NaN as well
            return Unscored("delays decrease or come before the source")
        if len(times) != len(delays):
            return Unscored("there are not as many aware times as unaware ones")
        from_text = item.source_unit == "tokens"
        length = 1.0 if from_text else 0.0
        if self.aware and self.compute == "simuleval":
            tokens = text_tokens(delays, delays, length + growth(delays, times))
        else:
            tokens = text_tokens(delays, times, length)
        return atd(delays, tokens, 1.0 if from_text else PIECE_MS)

    def of_rows(self, rows: Rows) -> Floats:
        delays = rows.delays if self.aware else rows.times
        tokens = np.array([item.source_unit == "tokens" for item in rows.items], dtype=np.bool_)
        piece = np.where(tokens, 1.0, PIECE_MS)
        length = np.where(tokens, 1.0, 0.0)[rows.owner]
        if self.aware and self.compute == "simuleval":
            spent = rows.times - delays
            more = np.diff(spent, prepend=0.0)
            more[rows.first] = spent[rows.first]
            return batched.atd(rows, delays, delays, piece, length + more)
        return batched.atd(rows, delays, rows.times, piece, length)

    def on_clock(self, ca: str) -> Metric:
        if self._given is not None or ca != "simuleval":
            return self
        return ATD(aware=self.aware, compute="simuleval")

    def as_peer(self, peer: str) -> Metric:
        return ATD(aware=self.aware, compute="simuleval") if peer == "simuleval" else self

    def signature(self) -> Mapping[str, str]:
        return {"atd_compute": self.compute} if self.aware else {}
