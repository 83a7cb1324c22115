"""Real runs, written as each peer's files, scored here and by the peer's own code.

The peer reads the files through its own reader; here the run is scored as it is (``run``), and so
is the log, read back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path
from types import SimpleNamespace

import pytest

from oracles import Scores, Value, attempt, by_simuleval, ours, with_variants
from real_runs import Run
from s2st_bench.formats import readers, segments
from s2st_bench.formats.convert import convert
from s2st_bench.formats.log import Log
from s2st_bench.peers import Peer
from s2st_bench.resegment import MinWerSegmenter
from s2st_bench.resegment_mweralign import MweralignSegmenter
from s2st_bench.timeline import final_text
from s2st_bench.types import Recording, Trace

LATENCY = with_variants(("AL", "LAAL", "AP", "DAL", "ATD", "StartOffset", "EndOffset"))
OMNISTEVAL = [*with_variants(("YAAL", "AL", "LAAL", "AP", "DAL")), "BLEU", "chrF",
              "SWF", "EFSW", "DSPTV"]
LONG = [*with_variants(("LongYAAL", "LongAL", "LongLAAL", "LongAP", "LongDAL")), "BLEU", "chrF"]
"""What OmniSTEval prints for a recording of one sentence, and for a talk."""


def of_simuleval(run: Run, folder: Path) -> Iterator[Value]:
    """Short form; a talk is one sentence to it."""
    if run.long_form:
        return
    convert(run.traces, run.recordings, "simuleval", folder)
    log = readers.read(folder, "simuleval", readers.Reading(target_lang=_lang(run)))
    lines = (folder / "instances.log").read_text("utf-8").splitlines()
    theirs = [by_simuleval(line, LATENCY) for line in lines]
    yield from _values("simuleval", run, log, LATENCY, theirs)


def of_omnisteval(run: Run, folder: Path) -> Iterator[Value]:
    """Both forms, by all that its two commands do between files and scores."""
    from omnisteval import io
    from omnisteval.resegment import resegment
    from omnisteval.scoring import evaluate_instances

    convert(run.traces, run.recordings, "omnisteval", folder)
    hypotheses, references = folder / "hypotheses.jsonl", folder / "references.txt"
    log = readers.read(hypotheses, "omnisteval", readers.Reading(target_lang=_lang(run)))
    cut = folder / "segments.yaml"
    log = replace(log, recordings=segments.attach(
        log.recordings, _lang(run), segments=cut if run.long_form else None,
        references=references))
    if run.long_form:
        loaded = io.load_resegmentation_inputs(str(cut), None, str(references), str(hypotheses))
        # its pool of processes, as threads: a fork may hang where other tests left threads
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("omnisteval.alignment.Pool", ThreadPool)
            instances, rows = resegment(*loaded)
        talks = [[ins for ins, row in zip(instances, rows, strict=True) if row["docid"] == number]
                 for number in range(len(run.traces))]
    else:
        talks = [[ins] for ins in io.load_shortform_instances(
            str(hypotheses), str(references), "delays", "elapsed")]
    theirs: list[Scores] = []
    for talk in talks:
        found, *_ = evaluate_instances(talk, is_longform=run.long_form)
        by_name = {_name(key): value for key, value in found.items()}
        theirs.append({name: attempt(lambda n=name, f=by_name: f[n])
                       for name in (LONG if run.long_form else OMNISTEVAL)})
    yield from _values("omnisteval", run, log, LONG if run.long_form else OMNISTEVAL, theirs)


def of_simulstream(run: Run, folder: Path) -> Iterator[Value]:
    """StreamLAAL of talks, LAAL of what is one segment; real-time factor and erasure of both."""
    from simulstream.config import yaml_config
    from simulstream.metrics import stats
    from simulstream.metrics.readers import LogReader, YamlReferenceReader
    from simulstream.metrics.scorers.latency import LatencyScoringSample
    from simulstream.metrics.scorers.latency.stream_laal import StreamLaal

    recordings = run.recordings if run.long_form else tuple(
        map(_whole, run.recordings, run.traces))
    convert(run.traces, recordings, "simulstream", folder)
    laal = "StreamLAAL" if run.long_form else "LAAL"
    log = readers.read(folder / "metrics.jsonl", "simulstream",
                       readers.Reading(target_lang=_lang(run)))
    cut, lines = folder / "segments.yaml", folder / "references.txt"
    log = replace(log, recordings=segments.attach(log.recordings, _lang(run), segments=cut,
                                                  references=lines))
    references = YamlReferenceReader(str(cut), str(lines)).references
    reader = LogReader(yaml_config(str(folder / "eval.yaml")), str(folder / "metrics.jsonl"))
    outputs, chunks = reader.final_outputs_and_latencies(), reader.outputs_by_audio
    scorer = StreamLaal(SimpleNamespace(latency_unit="word"))
    theirs: list[Scores] = []
    for name, output in outputs.items():
        found = scorer.score([LatencyScoringSample(name, output, references[name])])
        reader.outputs_by_audio = {name: chunks[name]}
        theirs.append({
            laal: 1000.0 * found.ideal_latency,
            f"{laal}_CA": 1000.0 * found.computational_aware_latency,
            "RTF": stats.RealTimeFactor().compute(reader),
            "NormalizedErasure": stats.NormalizedErasure().compute(reader),
        })
    yield from _values("simulstream", run, log, [*theirs[0]], theirs)


def of_sacrebleu(run: Run, folder: Path) -> Iterator[Value]:
    """Each recording as a corpus of one; talks as one sentence."""
    from sacrebleu.metrics import BLEU, CHRF, TER

    if run.long_form:
        return
    scorers = {"BLEU": BLEU(), "chrF": CHRF(), "chrF++": CHRF(word_order=2), "TER": TER()}
    convert(run.traces, run.recordings, "simuleval", folder)
    log = readers.read(folder, "simuleval", readers.Reading(target_lang=_lang(run)))
    theirs: list[Scores] = []
    for trace, recording in zip(run.traces, run.recordings, strict=True):
        said, wanted = final_text(trace), recording.segments[0].references[_lang(run)][0]
        theirs.append({name: scorer.corpus_score([said], [[wanted]]).score
                       for name, scorer in scorers.items()})
    yield from _values("sacrebleu", run, log, [*scorers], theirs)


PEERS: dict[str, Callable[[Run, Path], Iterator[Value]]] = {
    "simuleval": of_simuleval, "omnisteval": of_omnisteval,
    "simulstream": of_simulstream, "sacrebleu": of_sacrebleu,
}


def _values(
    peer: str, run: Run, log: Log, names: Iterable[str], theirs: list[Scores]
) -> Iterator[Value]:
    names = list(names)
    known: Peer | None = peer if peer != "sacrebleu" else None  # type: ignore[assignment]
    counted = {"NormalizedErasure": {"count": "deleted"}} if "NormalizedErasure" in names else {}
    cuts = peer == "simulstream"
    resegmenter = MinWerSegmenter() if cuts else None
    of_log = ours(log, names, resegmenter=resegmenter)
    compat = ours(log, names, compat=known, metric_options=counted,
                  resegmenter=MweralignSegmenter() if cuts else None)
    itself = ours(Log(run.traces, run.recordings, "live"), names, resegmenter=resegmenter,
                  ca="simulstream" if peer == "simulstream" else None)
    for index, scores in enumerate(theirs):
        for name in names:
            yield Value(peer, run.name, name, of_log[index][name], compat[index][name],
                        scores[name], itself[index][name])


def _name(key: str) -> str:
    """OmniSTEval's ``ca_long_yaal`` to ``LongYAAL_CA``."""
    if key in ("bleu", "chrf"):
        return {"bleu": "BLEU", "chrf": "chrF"}[key]
    plain = key.removeprefix("ca_")
    long = "Long" if plain.startswith("long_") else ""
    return long + plain.removeprefix("long_").upper() + ("_CA" if plain != key else "")


def _whole(recording: Recording, trace: Trace) -> Recording:
    """The recording with its one segment from start to end, which short form is scored as."""
    (segment,) = recording.segments
    whole = replace(segment, start_s=0.0, end_s=trace.source_length)
    return replace(recording, segments=(whole,))


def _lang(run: Run) -> str:
    return run.traces[0].target_lang
