"""Average Token Delay of speech output: SimulEval 1.1.4's ``ATD`` where the output is speech.

The formula is in :mod:`s2st_bench.token_delay`; outputs are the pieces that were heard, a cut one
as long as it was heard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from s2st_bench.metric import Item, Metric, Unscored
from s2st_bench.timed import SPEECH, PlaybackMetric, live_or_logged
from s2st_bench.timeline import Played, output_writes
from s2st_bench.token_delay import atd, growth, speech_tokens
from s2st_bench.types import MetricSpec

from .atd import ComputeRule


class SpeechATD(PlaybackMetric):
    """Average Token Delay over 300 ms pieces of source and target speech."""

    spec = MetricSpec("SpeechATD", "ms", False, SPEECH, ("CU", "CA"),
                      "SimulEval 1.1.4; arXiv:2211.13173")

    def __init__(self, *, aware: bool = False, compute: ComputeRule = "live") -> None:
        super().__init__(aware=aware)
        self.compute = compute

    def of_playback(self, heard: Sequence[Played], item: Item) -> float | Unscored:
        source_s = [step.source_s for step, _ in output_writes(item.trace)]
        delays = 1000.0 * np.array([source_s[played.write] for played in heard])
        durations = 1000.0 * np.array([played.end_s - played.start_s for played in heard])
        live = live_or_logged(item) if self.aware else source_s
        if live is None:
            return Unscored("compute was not measured")
        times = 1000.0 * np.array([live[played.write] for played in heard])
        if self.aware and self.compute == "simuleval":
            tokens = speech_tokens(delays, durations, delays, growth(delays, times))
        else:
            tokens = speech_tokens(delays, durations, times)
        return atd(delays, tokens)

    def as_peer(self, peer: str) -> Metric:
        return SpeechATD(aware=self.aware, compute="simuleval") if peer == "simuleval" else self

    def signature(self) -> Mapping[str, str]:
        return {"atd_compute": self.compute} if self.aware else {}
