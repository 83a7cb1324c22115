"""AL, LAAL, AP, DAL, ATD and the offsets equal SimulEval 1.1.4's, by its own scorers.

Instances are SimulEval's own ``LogInstance``, made from the line its evaluator would log; for
ATD, which looks at the kind of instance, plain objects of the kind it looks for.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2st_bench.metric import Item
from s2st_bench.metrics.latency.atd import ATD
from s2st_bench.metrics.latency.lagging import AL, AP, DAL, LAAL
from s2st_bench.metrics.latency.offsets import EndOffset, StartOffset
from s2st_bench.token_delay import atd, growth, speech_tokens
from s2st_bench.types import AudioSource, Recording, Segment, Trace

scorers = pytest.importorskip("simuleval.evaluator.scorers.latency_scorer")
instances = pytest.importorskip("simuleval.evaluator.instance")

TOLERANCE_MS = 0.001
METRICS = {m.spec.name: m for m in (AL, LAAL, AP, DAL, StartOffset, EndOffset)}


def item(
    delays: list[float], reference: str | None, source_length: float, elapsed: list[float],
    unit: str = "word",
) -> Item:
    trace = Trace("s", "r", "en", source_length / 1000, outputs=("text",))
    segment = Segment("r", 0.0, source_length / 1000)
    recording = Recording("r", AudioSource(Path("a.wav")), "de", ("en",), (segment,))
    return Item(
        "r", recording, segment, trace, "", () if reference is None else (reference,),
        ("w",) * len(delays), np.array(delays), np.array(elapsed), source_length,
        unit=unit,  # type: ignore[arg-type]
    )


def simuleval_score(
    name: str, delays: list[float], reference: str | None, source_length: float,
    elapsed: list[float], aware: bool, unit: str = "word",
) -> float:
    line = json.dumps({
        "index": 0, "prediction": "", "delays": delays, "elapsed": elapsed,
        "reference": reference, "source_length": source_length,
    })
    scorer = scorers.LATENCY_SCORERS_DICT[name](computation_aware=aware)
    return float(scorer({0: instances.LogInstance(line, unit)}))


times = st.floats(0, 30_000, allow_nan=False).map(lambda x: round(x, 3))
sentence = st.lists(st.sampled_from(["ein", "Wort", "und", "noch"]), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.sampled_from([0.0, 320.0, 960.0, 33.4]), min_size=1, max_size=60),
    lag=st.sampled_from([0.0, 10.0, 700.0]),
    reference=st.one_of(st.none(), sentence.map(" ".join)),
    source_length=st.sampled_from([1.0, 320.0, 1500.5, 8000.0, 20_000.0]),
    first=times,
)
def test_values_equal_on_generated_logs(
    steps: list[float], lag: float, reference: str | None, source_length: float, first: float
) -> None:
    delays = (first + np.cumsum(steps) - steps[0]).tolist()
    elapsed = [d + lag * (i + 1) for i, d in enumerate(delays)]
    for name, metric in METRICS.items():
        for aware in (False, True):
            ours = metric(aware=aware).item_value(item(delays, reference, source_length, elapsed))
            theirs = simuleval_score(name, delays, reference, source_length, elapsed, aware)
            assert isinstance(ours, float), (name, ours)
            assert math.isclose(ours, theirs, abs_tol=TOLERANCE_MS, rel_tol=1e-9), name


@settings(max_examples=60, deadline=None)
@given(st.lists(times, min_size=1, max_size=20), sentence)
def test_values_equal_where_times_run_backwards(delays: list[float], words: list[str]) -> None:
    for name, metric in METRICS.items():
        ours = metric().item_value(item(delays, " ".join(words), 9000.0, delays))
        theirs = simuleval_score(name, delays, " ".join(words), 9000.0, delays, False)
        assert ours == pytest.approx(theirs, abs=TOLERANCE_MS), name


@pytest.mark.parametrize(
    ("delays", "source_length"),
    [
        pytest.param([5000.0], 5000.0, id="one unit, at the end"),
        pytest.param([5000.001], 5000.0, id="one unit, after the end"),
        pytest.param([6000.0, 6000.0, 7000.0], 5000.0, id="all after the end"),
        pytest.param([5000.0, 5000.0], 5000.0, id="offline"),
        pytest.param([0.0, 0.0, 0.0], 5000.0, id="before anything was said"),
        pytest.param([1000.0] * 100, 5000.0, id="babble"),
        pytest.param([1000.0, 5000.0, 5000.0], 5000.0, id="tau counts the first unit at the end"),
        pytest.param([1.0, 2.0, 3.0], 3.0, id="tokens"),
    ],
)
def test_edge_cases_equal(delays: list[float], source_length: float) -> None:
    for name, metric in METRICS.items():
        ours = metric().item_value(item(delays, "a b c", source_length, delays))
        theirs = simuleval_score(name, delays, "a b c", source_length, delays, False)
        assert ours == pytest.approx(theirs, abs=TOLERANCE_MS), name


# --- ATD --------------------------------------------------------------------------------------


def simuleval_atd(
    kind: str, delays: list[float], elapsed: list[float], aware: bool,
    durations: list[float] | None = None,
) -> float:
    """By the scorer itself, given an object of the kind of instance it asks for."""
    base = {"text-text": instances.TextInputInstance,
            "speech-speech": instances.SpeechOutputInstance}.get(kind, instances.LogInstance)
    plain = type("Plain", (base,), {
        "__init__": lambda self: None, "delays": delays, "elapsed": elapsed,
        "durations": durations,
    })
    return float(scorers.ATDScorer(computation_aware=aware)({0: plain()}))


gaps = st.lists(st.sampled_from([0, 1, 120, 300, 320, 960]), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(gaps, st.integers(0, 900), st.sampled_from([0, 25, 700]))
def test_atd_of_text_from_speech_equals(steps: list[int], first: int, lag: int) -> None:
    delays = (first + np.cumsum(steps)).astype(float).tolist()
    elapsed = [d + lag * (i + 1) for i, d in enumerate(delays)]
    for aware in (False, True):
        ours = ATD(aware=aware, compute="simuleval").item_value(item(delays, "", 9e9, elapsed))
        theirs = simuleval_atd("speech-text", delays, elapsed, aware)
        assert ours == pytest.approx(theirs, abs=TOLERANCE_MS)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_atd_of_text_from_text_equals(steps: list[int]) -> None:
    delays = np.cumsum(steps)
    tokens = replace(item(delays.astype(float).tolist(), "", 99.0, []), source_unit="tokens")
    theirs = simuleval_atd("text-text", delays.tolist(), [], False)
    assert ATD().item_value(tokens) == pytest.approx(theirs)


@settings(max_examples=60, deadline=None)
@given(gaps, st.data(), st.sampled_from([0, 25, 700]))
def test_atd_of_speech_from_speech_equals(steps: list[int], data: st.DataObject, lag: int) -> None:
    delays = np.cumsum(steps).astype(float)
    durations = np.array([
        data.draw(st.sampled_from([1.0, 299.0, 300.0, 450.5, 1200.0])) for _ in steps
    ])
    elapsed = delays + lag * np.arange(1, len(steps) + 1)
    unaware = atd(delays, speech_tokens(delays, durations, delays))
    aware = atd(delays, speech_tokens(delays, durations, delays, growth(delays, elapsed)))
    logs = delays.tolist(), elapsed.tolist()
    assert unaware == pytest.approx(
        simuleval_atd("speech-speech", *logs, False, durations.tolist()), abs=TOLERANCE_MS
    )
    assert aware == pytest.approx(
        simuleval_atd("speech-speech", *logs, True, durations.tolist()), abs=TOLERANCE_MS
    )


# --- deliberate differences (metrics/latency/README.md) ----------------------------------------


def test_difference_double_space_is_no_word() -> None:
    """SimulEval counts the empty string between two spaces as a reference word."""
    delays, single, double = [1000.0, 2000.0, 3000.0], "a b c", "a  b c "
    ours = AL().item_value(item(delays, double, 3000.0, delays))
    assert ours == AL().item_value(item(delays, single, 3000.0, delays))
    assert simuleval_score("AL", delays, double, 3000.0, delays, False) == pytest.approx(1400.0)
    assert ours == pytest.approx(1000.0)


def test_difference_spaces_are_no_characters() -> None:
    """SimulEval counts spaces of the reference as characters, and none of the hypothesis."""
    delays = [1000.0, 2000.0, 3000.0]
    ours = AL().item_value(item(delays, "ab c", 3000.0, delays, unit="char"))
    theirs = simuleval_score("AL", delays, "ab c", 3000.0, delays, False, "char")
    assert ours == pytest.approx(1000.0) and theirs == pytest.approx(1250.0)


def test_difference_empty_reference_has_no_value() -> None:
    """SimulEval counts an empty reference as one word; as characters it divides by zero."""
    delays = [1000.0, 2000.0]
    assert not isinstance(AL().item_value(item(delays, "", 3000.0, delays)), float)
    assert simuleval_score("AL", delays, "", 3000.0, delays, False) == pytest.approx(0.0)
    with pytest.raises(ZeroDivisionError):
        simuleval_score("AL", delays, "", 3000.0, delays, False, "char")



def test_difference_aware_atd_waits_for_live_times() -> None:
    """SimulEval's aware ATD expects times that hold all compute so far; ours are a listener's.

    Units at 1000 and 2000 ms, each 500 ms of compute: live at 1500 and 2500. Each unit is 500 ms
    later than its unaware time; SimulEval's rule sees no growth at the second.
    """
    delays, live = [1000.0, 2000.0], [1500.0, 2500.0]
    spoken = item(delays, "", 9000.0, live)
    unaware = ATD().item_value(spoken)
    assert isinstance(unaware, float)
    assert ATD(aware=True).item_value(spoken) == pytest.approx(unaware + 500)
    theirs = simuleval_atd("speech-text", delays, live, True)
    assert ATD(aware=True, compute="simuleval").item_value(spoken) == pytest.approx(theirs)
    assert theirs == pytest.approx(unaware + 250)
