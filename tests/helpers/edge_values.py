"""Every log of edge cases scored here and by each peer through its Python interface.

A log is written in the peer's format and read by our reader; the peer scores the same lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from edge_logs import EdgeLog, logs
from oracles import Value, attempt, by_simuleval, ours, with_variants
from s2st_bench.formats import simuleval, simulstream
from s2st_bench.formats.log import Log

LOGS = tuple(logs())
MISCOUNTED = frozenset({"more delays than units", "fewer delays than units"})


def simuleval_lines(found: list[EdgeLog]) -> list[str]:
    return [json.dumps({
        "index": index, "prediction": log.text, "delays": log.delays, "elapsed": log.elapsed,
        "prediction_length": len(log.delays), "reference": log.reference,
        "source": ["a.wav", "samplerate: 16000 Hz"], "source_length": log.source_length,
    }) for index, log in enumerate(found)]


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(line + "\n" for line in lines), "utf-8")
    return path


def by_unit() -> Iterator[tuple[str, list[EdgeLog]]]:
    for unit in ("word", "char"):
        yield unit, [log for log in LOGS if log.unit == unit]


def of_simuleval(tmp: Path) -> Iterator[Value]:
    names = with_variants(("AL", "LAAL", "AP", "DAL", "ATD", "StartOffset", "EndOffset"))
    for unit, found in by_unit():
        lines = simuleval_lines(found)
        read = simuleval.read(written(tmp / f"{unit}.log", lines), target_lang="de")
        plain, compat = ours(read, names, unit), ours(read, names, unit, "simuleval")
        for index, log in enumerate(found):
            for name, theirs in by_simuleval(lines[index], names, unit).items():
                yield Value("simuleval", log.kind, name, plain[index][name],
                            compat[index][name], theirs)


def of_omnisteval(tmp: Path) -> Iterator[Value]:
    from omnisteval import data, scoring

    names = with_variants(("AL", "LAAL", "AP", "DAL", "YAAL"))
    degeneracy = ["SWF", "EFSW", "DSPTV"]
    for unit, found in by_unit():
        path = written(tmp / f"{unit}.log", simuleval_lines(found))
        read = simuleval.read(path, target_lang="de")
        plain, compat = (ours(read, names + degeneracy, unit, c) for c in (None, "omnisteval"))
        for index, log in enumerate(found):
            instance = data.Instance(
                prediction=log.text, reference=log.reference, latency_unit=unit,
                source_length=log.source_length, emission_cu=list(log.delays),
                emission_ca=list(log.elapsed), longform=False)
            theirs = {}
            for name in names:
                make = getattr(scoring, f"{name.removesuffix('_CA')}Scorer")
                scorer = make(computation_aware=name.endswith("_CA"))
                theirs[name] = attempt(lambda s=scorer, i=instance: s([i]))
            for name in degeneracy:
                theirs[name] = attempt(lambda n=name, i=instance:
                                       scoring.ShortformDegeneracyScorer()([i])[n.lower()])
            for name, value in theirs.items():
                yield Value("omnisteval", log.kind, name, plain[index][name],
                            compat[index][name], value)


def chunks(log: EdgeLog) -> Iterator[tuple[float, float, str]]:
    """The text of the log in simulstream's lines: audio so far, compute, text."""
    spans = [(i, i + 1) for i, c in enumerate(log.text) if not c.isspace()]
    if log.unit == "word":
        spans, end = [], 0
        for word in log.text.split():
            start = log.text.index(word, end)
            end = start + len(word)
            spans.append((start, end))
    starts = [0, *(start for start, _ in spans[1:]), len(log.text)]
    for number, delay in enumerate(log.delays):
        compute = (log.elapsed[number] - delay) / 1000
        yield delay / 1000, compute, log.text[starts[number]:starts[number + 1]]


def of_simulstream(tmp: Path) -> Iterator[Value]:
    from simulstream.metrics import readers
    from simulstream.metrics.scorers.latency.stream_laal import StreamLaal

    names = ["LAAL", "LAAL_CA"]
    usable = [log for log in LOGS if log.kind not in MISCOUNTED | {"decreasing delays"}
              and log.unit == "word" and log.delays and log.source_length > 0]
    lines = []
    for number, log in enumerate(usable):
        rows: list[dict[str, Any]] = [{"metadata": {
            "wav_name": f"{number:04}.wav", "source_length": log.source_length / 1000,
            **simulstream.EVAL_CONFIG}}]
        rows += [{"total_audio_processed": at, "computation_time": compute,
                  "generated_tokens": list(text), "deleted_tokens": []}
                 for at, compute, text in chunks(log)]
        lines += [json.dumps({"id": number, **row}) for row in rows]
    path = written(tmp / "log.jsonl", lines)
    read = with_references(simulstream.read(path, target_lang="de"), usable)
    plain, compat = ours(read, names), ours(read, names, compat="simulstream")
    config = SimpleNamespace(**simulstream.EVAL_CONFIG)
    outputs = readers.LogReader(config, str(path), "word").final_outputs_and_latencies()
    for index, (log, output) in enumerate(zip(usable, outputs.values(), strict=True)):
        length = len(readers.text_items(log.reference or "", "word"))
        times = output.ideal_delays, output.computational_aware_delays
        for name, delays in zip(names, times, strict=True):
            theirs = attempt(lambda d=delays, s=log.source_length, n=length:
                             1000 * StreamLaal._sentence_level_laal(d, s / 1000, n))
            yield Value("simulstream", log.kind, name, plain[index][name], compat[index][name],
                        theirs)


def with_references(log: Log, found: list[EdgeLog]) -> Log:
    recordings = tuple(
        replace(recording, segments=tuple(
            replace(segment, references={"de": (said.reference,)} if said.reference else {})
            for segment in recording.segments))
        for recording, said in zip(log.recordings, found, strict=True))
    return replace(log, recordings=recordings)


def of_sacrebleu(tmp: Path) -> Iterator[Value]:
    from sacrebleu.metrics import BLEU, CHRF, TER

    scorers = {"BLEU": BLEU(), "chrF": CHRF(), "chrF++": CHRF(word_order=2), "TER": TER()}
    found = [log for log in LOGS if log.reference and log.unit == "word"
             and log.kind not in MISCOUNTED and "over" not in log.kind and "long" not in log.kind]
    path = written(tmp / "quality.log", simuleval_lines(found))
    plain = ours(simuleval.read(path, target_lang="de"), scorers)
    for index, log in enumerate(found):
        for name, metric in scorers.items():
            theirs = metric.corpus_score([log.text], [[log.reference]]).score
            yield Value("sacrebleu", log.kind, name, plain[index][name], plain[index][name],
                        theirs)


PEERS = {"simuleval": of_simuleval, "omnisteval": of_omnisteval,
         "simulstream": of_simulstream, "sacrebleu": of_sacrebleu}
