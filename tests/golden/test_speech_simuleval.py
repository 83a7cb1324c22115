"""Speech on the playback timeline equals SimulEval 1.1.4's, laid out and scored by its own code.

SimulEval's ``SpeechOutputInstance`` lays its pieces out in ``summarize``; its scorers read that.
Ours start from a trace of the same writes.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s2st_bench.metric import Item
from s2st_bench.metrics.latency.speech_atd import SpeechATD
from s2st_bench.metrics.speech_timeline.offsets import SpeechEndOffset, SpeechStartOffset
from s2st_bench.metrics.speech_timeline.silences import (
    DiscontinuityAve,
    DiscontinuityNum,
    DiscontinuitySum,
)
from s2st_bench.timed import PlaybackMetric
from s2st_bench.types import AudioSource, Job, Piece, Recording, Segment, Step, TimedWrite, Trace

scorers = pytest.importorskip("simuleval.evaluator.scorers.latency_scorer")
instances = pytest.importorskip("simuleval.evaluator.instance")

RATE_HZ = 1000
SOURCE_MS = 5000.0
PAIRS: Mapping[str, Callable[[], PlaybackMetric]] = {
    "StartOffset": SpeechStartOffset,
    "EndOffset": SpeechEndOffset,
    "ATD": SpeechATD,
    "DiscontinuitySum": DiscontinuitySum,
    "DiscontinuityAve": DiscontinuityAve,
    "DiscontinuityNum": DiscontinuityNum,
}


def ours(writes: list[tuple[int, int]]) -> Item:
    """Writes: (source ms given, samples at 1 kHz)."""
    steps = tuple(
        Step(ms / 1000, ms / 1000, (Job(i, "s", ms / 1000, ms / 1000),),
             (TimedWrite(i, 0.0, speech_s=n / RATE_HZ),))
        for i, (ms, n) in enumerate(writes)
    )
    pieces = tuple(Piece("p", 0, n, RATE_HZ, i) for i, (_, n) in enumerate(writes))
    trace = Trace("s", "r", "en", SOURCE_MS / 1000, steps, pieces, outputs=("speech",))
    segment = Segment("r", 0.0, SOURCE_MS / 1000)
    recording = Recording("r", AudioSource(Path("a.wav")), "de", ("en",), (segment,))
    return Item("r", recording, segment, trace, "", (), (), np.array([]), None, SOURCE_MS)


def theirs(writes: list[tuple[int, int]], folder: Path) -> object:
    class Loaderless(instances.SpeechOutputInstance):  # type: ignore[misc, name-defined]
        source_length = SOURCE_MS

    made = Loaderless(0, None, Namespace(output=str(folder), eval_latency_unit="word"))
    made.reference = "a b"
    made.dataloader = SimpleNamespace(get_source_audio_path=lambda index: "a.wav")
    made.target_sample_rate = RATE_HZ
    made.delays = [float(ms) for ms, _ in writes]
    made.durations = [1000.0 * n / RATE_HZ for _, n in writes]
    made.prediction_list = [[0.0] * n for _, n in writes]
    made.summarize()
    return made


@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    gaps=st.lists(st.sampled_from([0, 1, 250, 320, 1500]), min_size=1, max_size=12),
    data=st.data(),
)
def test_values_equal(gaps: list[int], data: st.DataObject, tmp_path: Path) -> None:
    writes = [
        (int(ms), data.draw(st.sampled_from([1, 180, 300, 320, 2000]))) for ms in np.cumsum(gaps)
    ]
    item, instance = ours(writes), theirs(writes, tmp_path)
    for name, metric in PAIRS.items():
        expected = scorers.LATENCY_SCORERS_DICT[name]()({0: instance})
        assert metric().item_value(item) == pytest.approx(expected, abs=0.001), name
