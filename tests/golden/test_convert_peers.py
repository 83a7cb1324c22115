"""Each peer's own scorer reads what `convert` wrote and prints the numbers we give.

The logs are of four talks with talk-sized noise: words that go missing, repeat and change, a
talk on which the system said nothing, text taken back, aware times that queue.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from s2st_bench.formats import readers, simulstream
from s2st_bench.formats.convert import Settings, convert
from s2st_bench.scoring import Options, score
from s2st_bench.timeline import emissions, final_text
from s2st_bench.types import (
    AudioSource,
    Job,
    Recording,
    Segment,
    Step,
    TimedWrite,
    Trace,
)

WORDS = "das ist ein Satz über alte Häuser und neue Wege die niemand kennt ,".split()


def talk(number: int, draws: random.Random, silent: bool = False) -> tuple[Trace, Recording]:
    """A talk of five sentences, a step every half second, some text taken back."""
    segments, planned, at_s = [], [], draws.uniform(0, 2)
    for i in range(5):
        said = draws.choices(WORDS, k=draws.randint(2, 9))
        end_s = at_s + 0.4 * len(said)
        segments.append(Segment(str(i), at_s, end_s, references={"de": (" ".join(said),)},
                                speaker="s"))
        planned += [w if draws.random() < 0.8 else draws.choice(WORDS) for w in said
                    if draws.random() < 0.9]
        at_s = end_s + draws.uniform(0, 1)
    length_s = at_s + 4
    steps: list[Step] = []
    free_s, last = 0.0, 0
    for n in range(1, int(length_s * 2)):
        new = [planned.pop(0) for _ in range(draws.randint(0, 2)) if planned and not silent]
        gone = last if draws.random() < 0.2 else 0
        text = "".join(f" {word}" for word in new)
        compute_s = draws.uniform(0, 0.8)
        start_s = max(n / 2, free_s)
        free_s = start_s + compute_s
        said = (TimedWrite(n, compute_s, text, gone),) if text or gone else ()
        steps.append(Step(n / 2, n / 2, (Job(n, "system", start_s, free_s),), said))
        last = len(text)
    name = f"talk{number}"
    source = AudioSource(Path("audio") / f"{name}.wav", 0.0, length_s)
    recording = Recording(name, source, "en", ("de",), tuple(segments), cluster=name)
    return Trace("s", name, "de", length_s, tuple(steps)), recording


@pytest.fixture(scope="module")
def talks() -> tuple[list[Trace], list[Recording]]:
    draws = random.Random(1)
    pairs = [talk(i, draws, silent=i == 2) for i in range(4)]
    return [trace for trace, _ in pairs], [recording for _, recording in pairs]


def ours(traces, recordings, names, **options) -> dict[str, float]:
    table = score(traces, recordings, names, Options(**options))
    return {s.metric: s.value for s in table.corpus if s.value is not None}


def simuleval_says(folder: Path, monkeypatch, capsys, *more: str) -> dict[str, float]:
    cli = pytest.importorskip("simuleval.cli")
    pandas = pytest.importorskip("pandas")
    monkeypatch.setattr(sys, "argv", [
        "simuleval", "--score-only", "--output", str(folder), "--quality-metrics", "BLEU",
        "--latency-metrics", "AL", "LAAL", "AP", "DAL", "StartOffset", "EndOffset", *more])
    capsys.readouterr()
    with pandas.option_context("display.width", 1000, "display.max_columns", None):
        cli.main()
    names, values = capsys.readouterr().out.strip().splitlines()[-2:]
    return dict(zip(names.split(), map(float, values.split()[1:]), strict=True))


@pytest.mark.parametrize("unit", ["word", "char"])
def test_simuleval(talks, tmp_path, monkeypatch, capsys, unit) -> None:
    traces, recordings = talks
    whole = [replace(r, segments=(Segment("0", 0.0, r.source.duration_s, references={
        "de": ("".join(s.references["de"][0] for s in r.segments) if unit == "char" else
               " ".join(s.references["de"][0] for s in r.segments),)}),)) for r in recordings]
    if unit == "char":  # SimulEval counts a reference's spaces, we do not
        whole = [replace(r, segments=(replace(r.segments[0], references={
            "de": (r.segments[0].references["de"][0].replace(" ", ""),)}),)) for r in whole]
    convert(traces, whole, "simuleval", tmp_path / "log", Settings(unit=unit))
    theirs, aware = (simuleval_says(tmp_path / "log", monkeypatch, capsys, "--eval-latency-unit",
                                    unit, *more) for more in ([], ["--computation-aware"]))
    # asked for both, SimulEval 1.1.4 prints the aware values under either name
    assert aware["AL"] == aware["AL_CA"] != theirs["AL"]
    theirs |= {name: value for name, value in aware.items() if name.endswith("_CA")}
    names = [*theirs]
    assert len(names) == 13
    assert ours(traces, whole, names, unit=unit) == pytest.approx(theirs, abs=6e-4)
    log = readers.read(tmp_path / "log", "simuleval")
    assert ours(log.traces, log.recordings, names, unit=unit) == pytest.approx(theirs, abs=6e-4)


def omnisteval_says(out: Path, monkeypatch, *args: object) -> dict[str, float]:
    cli = pytest.importorskip("omnisteval.cli")
    monkeypatch.setattr(sys, "argv", ["omnisteval", "longform", "--word_level", "--output_folder",
                                      str(out), *map(str, args)])
    cli.main()
    rows = (out / "scores.tsv").read_text("utf-8").splitlines()[1:]
    found = {}
    for name, value in (row.split("\t") for row in rows):
        base, _, clock = name.partition(" (")
        found[base + ("_CA" if clock == "CA)" else "")] = float(value)
    return found


LONG = [f"Long{name}{clock}" for name in ("YAAL", "AL", "LAAL", "AP", "DAL")
        for clock in ("", "_CA")]


def test_omnisteval(talks, tmp_path, monkeypatch) -> None:
    traces, recordings = talks
    folder = tmp_path / "log"
    convert(traces, recordings, "omnisteval", folder)
    files = ("--speech_segmentation", folder / "segments.yaml",
             "--ref_sentences_file", folder / "references.txt")
    theirs = omnisteval_says(tmp_path / "out", monkeypatch, *files,
                             "--hypothesis_file", folder / "hypotheses.jsonl")
    names = ["BLEU", "chrF", *LONG]
    assert set(names) <= set(theirs)
    expected = {name: theirs[name] for name in names}
    mine = ours(traces, recordings, names, recording_end="segments")
    assert mine == pytest.approx(expected, abs=6e-5)
    # the segments it wrote score the same with us, and ours with it
    log = readers.read(tmp_path / "out", "resegmented", readers.Reading(target_lang="de"))
    again = ours(log.traces, log.recordings, names, resegmenter=log.resegmenter)
    assert again == pytest.approx(expected, abs=6e-5)
    convert(traces, recordings, "resegmented", tmp_path / "cut", Settings(recording_end="segments"))
    written, own = ([json.loads(line) for line in (tmp_path / name / "instances.resegmented.jsonl")
                     .read_text("utf-8").splitlines()] for name in ("cut", "out"))
    for a, b in zip(written, own, strict=True):
        assert a.keys() == b.keys()
        for key in a:
            same = a[key] == b[key] if isinstance(a[key], str) else \
                a[key] == pytest.approx(b[key], abs=1e-6)
            assert same, (key, a[key], b[key])


def test_omnisteval_on_a_simulstream_log(talks, tmp_path, monkeypatch) -> None:
    pytest.importorskip("simulstream.metrics.readers")
    traces, recordings = _with_words_that_stay(talks)
    folder = tmp_path / "log"
    convert(traces, recordings, "simulstream", folder)
    theirs = omnisteval_says(
        tmp_path / "out", monkeypatch, "--speech_segmentation", folder / "segments.yaml",
        "--ref_sentences_file", folder / "references.txt", "--hypothesis_format", "simulstream",
        "--simulstream_config_file", folder / "eval.yaml",
        "--hypothesis_file", folder / "metrics.jsonl")
    names = ["BLEU", "chrF", *LONG]
    mine = ours(traces, recordings, names, recording_end="segments", ca="simulstream")
    assert mine == pytest.approx({name: theirs[name] for name in names}, abs=6e-5)


def _with_words_that_stay(talks):
    """simulstream's reader fails where all text is deleted or none was ever said."""
    pairs = [(trace, recording) for trace, recording in zip(*talks, strict=True)
             if final_text(trace)]
    kept = []
    for trace, _ in pairs:
        first = Step(0.25, 0.25, (Job(0, "system", 0.25, 0.3),), (TimedWrite(0, 0.05, "das"),))
        kept.append(replace(trace, steps=(first, *trace.steps)))
    return kept, [recording for _, recording in pairs]


def simulstream_reader(folder: Path, unit: str):
    module = pytest.importorskip("simulstream.metrics.readers")
    config = pytest.importorskip("simulstream.config").yaml_config(str(folder / "eval.yaml"))
    return module.LogReader(config, str(folder / "metrics.jsonl"), unit)


def test_simulstream_reads_the_words_and_times(talks, tmp_path) -> None:
    traces, recordings = _with_words_that_stay(talks)
    convert(traces, recordings, "simulstream", tmp_path)
    found = simulstream_reader(tmp_path, "word").final_outputs_and_latencies()
    assert list(found) == [trace.recording_id for trace in traces]
    for trace, theirs in zip(traces, found.values(), strict=True):
        assert theirs.final_text == final_text(trace)
        said = emissions(trace)
        assert theirs.text_items("word") == [e.unit for e in said]
        assert theirs.ideal_delays == [e.delay for e in said]


def test_simulstream_prints_the_same_of_a_log_read_and_written_again(talks, tmp_path) -> None:
    laal = pytest.importorskip("simulstream.metrics.scorers.latency.stream_laal")
    module = pytest.importorskip("simulstream.metrics.readers")
    stats = pytest.importorskip("simulstream.metrics.stats")
    latency = pytest.importorskip("simulstream.metrics.scorers.latency")
    traces, recordings = _with_words_that_stay(talks)
    convert(traces, recordings, "simulstream", tmp_path / "first")
    log = simulstream.read(tmp_path / "first")
    convert(log.traces, recordings, "simulstream", tmp_path / "again")

    def says(folder: Path):
        reader = simulstream_reader(folder, "word")
        references = module.YamlReferenceReader(
            str(tmp_path / "first" / "segments.yaml"),
            str(tmp_path / "first" / "references.txt")).references
        outputs = reader.final_outputs_and_latencies()
        samples = [latency.LatencyScoringSample(name, outputs[name], references[name])
                   for name in references]
        scorer = laal.StreamLaal(SimpleNamespace(latency_unit="word"))
        return scorer.score(samples), stats.NormalizedErasure().compute(reader), \
            stats.RealTimeFactor().compute(reader)

    assert says(tmp_path / "first") == says(tmp_path / "again")
    spent = sum(job.compute_s for t in traces for step in t.steps for job in step.jobs)
    heard = sum(trace.steps[-1].source_s for trace in traces)
    assert says(tmp_path / "first")[2] == pytest.approx(spent / heard)
