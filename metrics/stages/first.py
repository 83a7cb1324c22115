"""How soon a pipeline's stage begins to answer: time to first token, time to first audio.

*StageFirstOutput*: from when the stage took up its input to the first text or speech it wrote for
it, in milliseconds, a mean over all the times that it answered anything (pooled over the corpus);
waiting for a server counts, waiting in a queue before does not.  A stage that writes only when it
is done has its whole time here.  It is of the clock that was measured and is not re-timed.

Statistics of an item, ``float64[2]``: milliseconds, answers.  The items of a long recording share
its trace and count an equal share of it each.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.stages import first_outputs_s
from s2st_bench.types import MetricSpec


class StageFirstOutput(Metric):
    """Time to first output of one stage.

    Parameters
    ----------
    stage
        Its name in the pipeline (``asr``, ``mt``, ``tts``).
    """

    spec = MetricSpec(
        "StageFirstOutput", "ms", False, frozenset({"compute"}), (), "s2st_bench"
    )

    def __init__(self, *, aware: bool = False, stage: str = "tts") -> None:
        super().__init__(aware=aware)
        self.stage = stage

    def stats(self, item: Item) -> Floats | Unscored:
        trace = item.trace
        if item.failed:
            return Unscored("the recording failed")
        if trace.clock == "ideal":
            return Unscored("compute was not measured")
        if item.live is not None:
            return Unscored("only of the clock that was measured")
        found = first_outputs_s(trace, self.stage)
        if not found:
            return Unscored(f"no stage {self.stage!r} in the trace that wrote anything")
        share = max(1, len(item.recording.segments))
        return np.array([1000.0 * sum(found), len(found)]) / share

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(totals[..., 0] / totals[..., 1])

    def signature(self) -> Mapping[str, str]:
        return {"stage": self.stage}
