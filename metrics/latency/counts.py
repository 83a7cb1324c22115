"""First output, paragraph starts, and how much was said in how many writes.

``FirstOutput``
    First write that says anything, in text or speech, even if it was taken back; from the start
    of the recording.
``FLAL``
    First unit of a segment that is never taken back, from the segment's start (First Letter
    Appearance Latency of RealSI; the segment is the paragraph).
``StartOffsetOnset``
    StartOffset from where the speaker begins; needs word times.
``NumChunks``
    Output writes that say anything (SimulEval counts words for text output).
``NumUnits``
    Units of the final text.
"""

from __future__ import annotations

from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.timed import TEXT, RecordingMetric, TimedMetric, is_long, live_or_logged
from s2st_bench.timeline import output_writes
from s2st_bench.types import MetricSpec, TimedWrite


def says_something(write: TimedWrite) -> bool:
    """Whether a listener sees or hears anything of it."""
    return bool(write.text.strip()) or write.speech_s > 0


class FirstOutput(RecordingMetric):
    """How long a listener waits for any sign."""

    spec = MetricSpec("FirstOutput", "ms", False, frozenset(), ("CU", "CA"), "s2st_bench")

    def of_recording(self, item: Item) -> float | Unscored:
        trace = item.trace
        in_tokens = trace.source_unit == "tokens"
        if self.aware and in_tokens:
            return Unscored("text input has no time to be aware of")
        live = live_or_logged(item)
        if self.aware and live is None:
            return Unscored("compute was not measured")
        times = [
            live[i] if self.aware and live is not None else step.source_s
            for i, (step, write) in enumerate(output_writes(trace))
            if says_something(write)
        ]
        if not times:
            return Unscored("no output")
        return min(times) * (1.0 if in_tokens else 1000.0)


class FLAL(TimedMetric):
    """First definite translation of a paragraph."""

    spec = MetricSpec("FLAL", "ms", False, TEXT, ("CU", "CA"), "RealSI; arXiv:2407.21646")
    needs_length = False

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        return float(times.min())


class StartOffsetOnset(TimedMetric):
    """How long after the speaker begins the first unit comes."""

    spec = MetricSpec("StartOffsetOnset", "ms", False, TEXT | {"words"}, ("CU", "CA"), "s2st_bench")
    needs_length = False

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        if item.source_unit == "tokens":
            return Unscored("text input has no onset")
        if not item.segment.words:
            return Unscored("the corpus has no word times")
        origin_s = item.segment.start_s if is_long(item) else 0.0
        return float(times[0] - 1000.0 * (item.segment.words[0].start_s - origin_s))


class NumChunks(RecordingMetric):
    """Writes that say something."""

    spec = MetricSpec("NumChunks", "", None, frozenset(), (), "s2st_bench")

    def as_peer(self, peer: str) -> Metric:
        return UnitChunks() if peer == "simuleval" else self

    def of_recording(self, item: Item) -> float | Unscored:
        return float(sum(says_something(write) for _, write in output_writes(item.trace)))


class UnitChunks(TimedMetric):
    """SimulEval's ``NumChunks`` of text output: its units."""

    spec = NumChunks.spec
    needs_length = False

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        return float(len(times))


class NumUnits(TimedMetric):
    """Units of the hypothesis."""

    spec = MetricSpec("NumUnits", "", None, TEXT, (), "s2st_bench")
    needs_length = False

    def of_times(self, times: Floats, item: Item) -> float | Unscored:
        return float(len(times))
