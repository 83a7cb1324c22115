"""Speech output, written as SimulEval's log and wavs: read back, heard and scored the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from s2st_bench.audio.write import PieceWriter
from s2st_bench.formats import readers
from s2st_bench.formats.convert import Settings, convert
from s2st_bench.registry import Registry
from s2st_bench.scoring import Options, score
from s2st_bench.timeline import playback
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Piece,
    Recording,
    Segment,
    Step,
    TimedWrite,
    Trace,
)

RATE_HZ = 22_050
# (source given, computation, samples): the second waits for the first, the last for the source
WRITES = [(1.0, 0.5, 33_075), (1.5, 0.25, 11_025), (4.0, 0.5, 5_000)]


@pytest.fixture
def run(tmp_path: Path) -> tuple[Trace, Recording]:
    (tmp_path / "pieces").mkdir()
    steps, pieces, free_s = [], [], 0.0
    with PieceWriter(tmp_path / "pieces" / "talk") as out:
        for i, (given_s, spent_s, n) in enumerate(WRITES):
            stored = out.append(np.full(n, 0.1 * (i + 1), dtype=np.float32), RATE_HZ)
            pieces.append(Piece(f"pieces/{stored.path.name}", stored.offset, n, RATE_HZ, i))
            start_s = max(given_s, free_s)
            free_s = start_s + spent_s
            steps.append(Step(given_s, given_s, (Job(i, "system", start_s, free_s),),
                              (TimedWrite(i, spent_s, speech_s=n / RATE_HZ),)))
    trace = Trace("s", "talk", "de", 4.0, tuple(steps), tuple(pieces), outputs=("speech",))
    segment = Segment("talk", 0.0, 4.0, references={"de": ("ein Test",)})
    source = AudioSource(Path("a/talk.wav"), 0.0, 4.0)
    return trace, Recording("talk", source, "en", ("de",), (segment,))


NAMES = ["SpeechStartOffset", "SpeechEndOffset", "SpeechATD", "DiscontinuitySum",
         "DiscontinuityAve", "DiscontinuityNum"]


def values(traces, recordings):
    found = score(traces, recordings, NAMES, Options(), registry=Registry()).corpus
    return {s.metric: s.value for s in found}


def test_there_and_back(run, tmp_path) -> None:
    trace, recording = run
    written = convert([trace], [recording], "simuleval", tmp_path / "out",
                      Settings(audio=tmp_path))
    assert [path.name for path in written] == ["instances.log", "0_pred.wav", "config.yaml"]
    (tmp_path / "out").rename(tmp_path / "moved")
    log = readers.read(tmp_path / "moved", "simuleval", readers.Reading(target_lang="de"))
    (again,) = log.traces
    assert [(p.piece.sample_rate_hz, p.piece.length) for p in playback(again, aware=False)] == \
        [(RATE_HZ, n) for _, _, n in WRITES]
    for aware in (False, True):
        assert [p.start_s for p in playback(again, aware=aware)] == \
            pytest.approx([p.start_s for p in playback(trace, aware=aware)])
    first, back = values([trace], [recording]), values(log.traces, log.recordings)
    assert back == pytest.approx(first, abs=1e-3) and None not in first.values()
    for piece, (i, (_, _, n)) in zip(again.pieces, enumerate(WRITES), strict=True):
        heard, _ = soundfile.read(piece.path, n, piece.offset)
        assert heard == pytest.approx(0.1 * (i + 1), abs=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_simulevals_scorers_read_it(run, tmp_path) -> None:
    instances = pytest.importorskip("simuleval.evaluator.instance")
    scorers = pytest.importorskip("simuleval.evaluator.scorers.latency_scorer")
    trace, recording = run
    convert([trace], [recording], "simuleval", tmp_path / "out", Settings(audio=tmp_path))
    line = (tmp_path / "out" / "instances.log").read_text("utf-8")
    logged = {0: instances.LogInstance(line)}
    mine = values([trace], [recording])
    for name in ("StartOffset", "EndOffset"):
        theirs = scorers.LATENCY_SCORERS_DICT[name](computation_aware=False)(logged)
        assert mine[f"Speech{name}"] == pytest.approx(theirs, abs=1e-3)


def test_silence_and_failure_have_no_wav(run, tmp_path) -> None:
    trace, recording = run
    failed = replace(trace, error=Failure("raised", "broken"))
    written = convert([failed], [recording], "simuleval", tmp_path / "out",
                      Settings(audio=tmp_path))
    assert [path.name for path in written] == ["instances.log", "config.yaml"]
    (again,) = readers.read(tmp_path / "out", "simuleval").traces
    assert (again.pieces, again.outputs) == ((), ("speech",))
