"""The deliberate differences of ``metrics/README.md``, each by its worked example.

Each test shows our value, the peer's by its own code, and that ``compat`` gives the peer's.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from s2st_bench.formats import simuleval, simulstream
from s2st_bench.formats.convert import convert
from s2st_bench.formats.log import Log
from s2st_bench.peers import Peer
from s2st_bench.resegment import MinWerSegmenter
from s2st_bench.resegmenters import resegmenter
from s2st_bench.scoring import Options, score
from s2st_bench.types import AudioSource, Job, Recording, Segment, Step, TimedWrite, Trace

Row = dict[str, Any]
DELAYS = [1000.0, 2000.0, 3000.0]


def row(text: str, delays: list[float], reference: str | None, length: float = 3000.0) -> Row:
    return {"index": 0, "prediction": text, "delays": delays, "elapsed": [d + 500 for d in delays],
            "reference": reference, "source": ["a.wav"], "source_length": length}


def read(tmp: Path, line: Row) -> Log:
    path = tmp / "instances.log"
    path.write_text(json.dumps(line) + "\n", "utf-8")
    return simuleval.read(path, target_lang="de")


def ours(log: Log, metric: str, peer: str | None = None, unit: str = "word") -> float | None:
    options = Options(unit=unit, compat=peer, logged_ca=log.ca)  # type: ignore[arg-type]
    found = score(log.traces, log.recordings, [metric], options).get(metric)
    assert ("|compat:" in found.signature) == (peer is not None)
    return found.value


def of_simuleval(line: Row, metric: str, unit: str = "word") -> float:
    scorers = pytest.importorskip("simuleval.evaluator.scorers.latency_scorer")
    instances = pytest.importorskip("simuleval.evaluator.instance")
    scorer = scorers.LATENCY_SCORERS_DICT[metric.removesuffix("_CA")](
        computation_aware=metric.endswith("_CA"))
    return float(scorer({0: instances.LogInstance(json.dumps(line), unit)}))


def of_omnisteval(line: Row, metric: str, unit: str = "word") -> float:
    scoring = pytest.importorskip("omnisteval.scoring")
    data = pytest.importorskip("omnisteval.data")
    return float(getattr(scoring, f"{metric}Scorer")()([data.Instance(
        prediction=line["prediction"], reference=line["reference"], latency_unit=unit,
        source_length=line["source_length"], emission_cu=line["delays"])]))


PEERS = [pytest.param("simuleval", of_simuleval, id="simuleval"),
         pytest.param("omnisteval", of_omnisteval, id="omnisteval")]


@pytest.mark.parametrize(("reference", "here", "there"), [
    pytest.param("a  b c ", 1000.0, 1400.0, id="double and trailing space"),
    pytest.param("a\tb c", 1000.0, 500.0, id="tab"),
    pytest.param("a\u00a0b c", 1000.0, 500.0, id="no-break space"),
    pytest.param("", None, -1000.0, id="empty"),
])
@pytest.mark.parametrize(("peer", "theirs"), PEERS)
def test_reference_words(tmp_path: Path, peer, theirs, reference, here, there) -> None:
    line = row("x y z", DELAYS, reference)
    log = read(tmp_path, line)
    assert ours(log, "AL") == (here if here is None else pytest.approx(here))
    assert theirs(line, "AL") == pytest.approx(there)
    assert ours(log, "AL", peer) == pytest.approx(there)


@pytest.mark.parametrize(("peer", "theirs"), PEERS)
def test_reference_characters(tmp_path: Path, peer, theirs) -> None:
    line = row("xyz", DELAYS, "ab c")
    log = read(tmp_path, line)
    assert ours(log, "AL", None, "char") == pytest.approx(1000.0)
    assert theirs(line, "AL", "char") == pytest.approx(1250.0)
    assert ours(log, "AL", peer, "char") == pytest.approx(1250.0)


def measured(*live_s: float) -> Log:
    """Words at 1, 2, … s of source, live at ``live_s``, each after 0.5 s of work."""
    steps = tuple(
        Step(float(i), float(i), (Job(i, "s", live - 0.5, live),), (TimedWrite(i, 0.5, f"w{i} "),))
        for i, live in enumerate(live_s, 1)
    )
    trace = Trace("s", "r", "de", 4.0, steps)
    segment = Segment("r", 0.0, 4.0, references={"de": ("a b",)})
    recording = Recording("r", AudioSource(Path("a"), 0.0, 4.0), "en", ("de",), (segment,))
    return Log((trace,), (recording,), "live")


def test_aware_atd(tmp_path: Path) -> None:
    """SimulEval adds the growth of elapsed - delay; a listener's times do not grow that way."""
    log = measured(1.5, 2.5)
    line = row("w1 w2", [1000.0, 2000.0], "a b", 4000.0)
    unaware = ours(log, "ATD")
    assert unaware == pytest.approx(of_simuleval(line, "ATD"))
    assert ours(log, "ATD_CA") == pytest.approx(unaware + 500)
    assert of_simuleval(line, "ATD_CA") == pytest.approx(unaware + 250)
    assert ours(log, "ATD_CA", "simuleval") == pytest.approx(unaware + 250)
    # SimulEval's own times do: they get its rule without being asked for
    assert ours(read(tmp_path, line), "ATD_CA") == pytest.approx(unaware + 250)


def test_rtf() -> None:
    """SimulEval's RTF is when the last output came, over the length of the source."""
    line = row("w1 w2", [1000.0, 2000.0], "a b", 4000.0)
    assert ours(measured(1.5, 2.5), "RTF") == pytest.approx(1.0 / 4.0)
    assert of_simuleval(line, "RTF") == pytest.approx(0.5)
    assert ours(measured(1.5, 2.5), "RTF", "simuleval") == pytest.approx(0.5)


def test_num_chunks(tmp_path: Path) -> None:
    """SimulEval counts words of text output; here words of one time are one write."""
    line = row("x y z", [1000.0, 1000.0, 2000.0], "a b c")
    assert ours(read(tmp_path, line), "NumChunks") == 2
    assert of_simuleval(line, "NumChunks") == 3
    assert ours(read(tmp_path, line), "NumChunks", "simuleval") == 3


def test_recording_ends_with_its_last_segment() -> None:
    """OmniSTEval knows no audio: what is said after the last reference does not count."""
    data, scoring = (pytest.importorskip(f"omnisteval.{m}") for m in ("data", "scoring"))
    steps = tuple(
        Step(at, at, (), (TimedWrite(-1, 0.0, text),))
        for at, text in [(1.0, "a "), (3.0, "b "), (5.0, "c")]
    )
    trace = Trace("s", "r", "de", 8.0, steps, clock="ideal")
    segments = (Segment("1", 0.0, 2.0, references={"de": ("a",)}),
                Segment("2", 2.0, 4.0, references={"de": ("b c",)}))
    recording = Recording("r", AudioSource(Path("a"), 0.0, 8.0), "en", ("de",), segments)
    log = Log((trace,), (recording,), "")
    theirs = scoring.YAALScorer(is_longform=True)([
        data.Instance("a", "a", source_length=2000.0, emission_cu=[1000.0],
                      time_to_recording_end=4000.0, longform=True),
        data.Instance("b c", "b c", source_length=2000.0, emission_cu=[1000.0, 3000.0],
                      time_to_recording_end=2000.0, longform=True)])
    assert theirs == pytest.approx(1000.0)
    assert ours(log, "LongYAAL") == pytest.approx((1000.0 + (1000.0 + 2000.0) / 2) / 2)
    assert ours(log, "LongYAAL", "omnisteval") == pytest.approx(theirs)


def test_aware_times_never_fall() -> None:
    """OmniSTEval lets no unit be ready before the one ahead of it, once compute is differenced.

    Words at 1, 2, 3 s; work of 3, 0.1 and 0.1 s: ready 4, 2.1 and 3.1 s; theirs 4, 4, 4.
    """
    data = pytest.importorskip("omnisteval.data")
    words = [data.Word(text="w", emission_cu=1000.0 * i, emission_ca=ca)
             for i, ca in enumerate([4000.0, 5100.0, 6200.0], 1)]
    assert [w.emission_ca for w in data.fix_emission_ca(words)] == pytest.approx([4000.0] * 3)
    jobs = [(1.0, 3.0), (2.0, 0.1), (3.0, 0.1)]
    steps = tuple(Step(at, at, (Job(i, "s", at, at + work),), (TimedWrite(i, work, "w "),))
                  for i, (at, work) in enumerate(jobs))
    log = Log((Trace("s", "r", "de", 4.0, steps),), measured().recordings, "live")
    peers: list[Peer | None] = [None, "omnisteval"]
    found = [score(log.traces, log.recordings, ["EndOffset_CA"], Options(ca="fbk", compat=peer))
             .get("EndOffset_CA").value for peer in peers]
    assert found == pytest.approx([-900.0, 0.0])


@pytest.mark.parametrize(("unit", "text", "here", "there"), [
    pytest.param("word", "x\u00a0y z", 3, 2, id="no-break space in a word"),
    pytest.param("word", "x\ty z", 3, 2, id="tab in a word"),
    pytest.param("char", "x y", 2, 3, id="spaces are characters"),
])
def test_simulstream_units(tmp_path: Path, unit, text, here, there) -> None:
    readers = pytest.importorskip("simulstream.metrics.readers")
    path = tmp_path / "log.jsonl"
    rows = [{"metadata": {"wav_name": "a.wav", **simulstream.EVAL_CONFIG}},
            {"total_audio_processed": 1.0, "computation_time": 0.5,
             "generated_tokens": list(text), "deleted_tokens": []}]
    path.write_text("".join(json.dumps({"id": 0, **r}) + "\n" for r in rows), "utf-8")
    output = readers.LogReader(SimpleNamespace(**simulstream.EVAL_CONFIG), str(path), unit)
    theirs = output.final_outputs_and_latencies()["a"]
    log = simulstream.read(path, target_lang="de")
    assert ours(log, "NumUnits", None, unit) == here
    assert len(theirs.ideal_delays) == there
    assert ours(log, "NumUnits", "simulstream", unit) == there


def test_cuts_of_fewest_word_errors() -> None:
    """mweralign, which simulstream calls, now and then misses the least: here 4 errors, not 3."""
    pytest.importorskip("mweralign")
    segments = [Segment("0", 0.0, 1.0), Segment("1", 1.0, 2.0)]
    said, references = ["c", "c"], ["a d", "d c c"]
    cuts = [made.assign(said, np.zeros(2), segments, references, "de", "word").tolist()
            for made in (MinWerSegmenter(), resegmenter("mweralign"))]
    assert cuts == [[1, 1], [0, 1]]


def test_text_taken_back_in_the_step_that_wrote_it(tmp_path: Path) -> None:
    """simulstream's lines are of steps: what came and went in one was never there."""
    stats = pytest.importorskip("simulstream.metrics.stats")
    readers = pytest.importorskip("simulstream.metrics.readers")
    job = Job(0, "s", 1.0, 1.5)
    writes = (TimedWrite(0, 0.1, "a b"), TimedWrite(0, 0.2, "c", retract_chars=1))
    trace = Trace("s", "r", "de", 4.0, (Step(1.0, 1.0, (job,), writes),))
    log = Log((trace,), measured().recordings, "live")
    convert(log.traces, log.recordings, "simulstream", tmp_path / "log")
    reader = readers.LogReader(SimpleNamespace(**simulstream.EVAL_CONFIG),
                               str(tmp_path / "log" / "metrics.jsonl"), "word")
    assert ours(log, "NormalizedErasure") == 0.5
    assert stats.NormalizedErasure().compute(reader) == 0.0
    assert ours(simulstream.read(tmp_path / "log", target_lang="de"), "NormalizedErasure") == 0.0


def test_delays_that_no_unit_has(tmp_path: Path) -> None:
    """Not reproduced: SimulEval averages all delays of the log, here those of its words."""
    line = row("xx yy", DELAYS, "a b c")
    log = read(tmp_path, line)
    assert "the surplus is dropped" in log.notes[0]
    assert ours(log, "EndOffset") == -1000.0 and of_simuleval(line, "EndOffset") == 0.0


def test_no_source_length(tmp_path: Path) -> None:
    """Not reproduced: SimulEval goes on where it does not divide by it, and stops where it does."""
    line = row("x", [1000.0], "a", 0.0)
    log = read(tmp_path, line)
    assert ours(log, "AL") is None and of_simuleval(line, "AL") == 1000.0
    for metric in ("StartOffset", "EndOffset", "ATD"):
        assert ours(log, metric) == of_simuleval(line, metric)
    with pytest.raises(ZeroDivisionError):
        of_simuleval(line, "AP")
    scoring, data = (pytest.importorskip(f"omnisteval.{m}") for m in ("scoring", "data"))
    instance = data.Instance("x", "a", source_length=0.0, emission_cu=[1000.0])
    assert ours(log, "SWF") is None and scoring.ShortformDegeneracyScorer()([instance])["swf"] == 0


def test_atd_of_decreasing_delays(tmp_path: Path) -> None:
    """Not reproduced: SimulEval's chunks are then stretches of negative source."""
    line = row("x y", [2000.0, 1000.0], "a b")
    assert ours(read(tmp_path, line), "ATD") is None
    assert of_simuleval(line, "ATD") > 0


def test_text_output_has_no_other_difference(tmp_path: Path) -> None:
    line = row("x y z", DELAYS, "a b c")
    plain = read(tmp_path, line)
    for metric in ("AL", "LAAL", "AP", "DAL", "ATD", "StartOffset", "EndOffset"):
        assert ours(plain, metric) == pytest.approx(of_simuleval(line, metric))
