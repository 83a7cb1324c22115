"""Logs of every odd kind score with us what SimulEval's and OmniSTEval's own scorers give.

400 generated logs (120 of them in the fast tests): 20 kinds, ten seeds, both scorers, all from
files, through the readers.  The deliberate differences have their own tests below.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from multiprocessing.pool import ThreadPool
from pathlib import Path
from statistics import StatisticsError
from typing import Any

import pytest

from s2st_bench.formats import readers
from s2st_bench.formats.segments import attach
from s2st_bench.formats.tokens import TokenStack
from s2st_bench.registry import Registry
from s2st_bench.scoring import Options, score
from s2st_bench.timeline import emissions, final_text

Row = dict[str, Any]
WORDS = "das ist ein Haus am See , und dort 3 wohnt niemand außer uns .".split()
TOLERANCE_MS = 0.001
SEEDS = [pytest.param(range(3), id="few"),
         pytest.param(range(3, 10), id="many", marks=pytest.mark.slow)]
REGISTRY = Registry()


def plain(draws: random.Random) -> Row:
    n = draws.randint(2, 9)
    delays = sorted(draws.uniform(0, 8000) for _ in range(n))
    spent, elapsed = 0.0, []
    for delay in delays:
        spent += draws.uniform(0, 700)
        elapsed.append(delay + spent)
    return {"prediction": " ".join(draws.choices(WORDS, k=n)), "delays": delays,
            "elapsed": elapsed, "prediction_length": n,
            "reference": " ".join(draws.choices(WORDS, k=draws.randint(2, 9))),
            "source_length": draws.uniform(3000, 9000)}


def _with(**changes: Any) -> Callable[[random.Random], Row]:
    return lambda draws: {**plain(draws), **changes}


def _timed(change: Callable[[list[float]], list[float]]) -> Callable[[random.Random], Row]:
    def made(draws: random.Random) -> Row:
        row = plain(draws)
        return {**row, "delays": change(row["delays"]), "elapsed": change(row["elapsed"])}
    return made


def _units(text: str) -> Callable[[random.Random], Row]:
    def made(draws: random.Random) -> Row:
        times = sorted(draws.uniform(0, 5000) for _ in text.split())
        return {**plain(draws), "prediction": text, "delays": times,
                "elapsed": [t + 100 for t in times]}
    return made


def _stuck(times: list[float]) -> list[float]:
    return [times[0]] * len(times)


KINDS: dict[str, Callable[[random.Random], Row]] = {
    "plain": plain,
    "nothing said": _with(prediction="", delays=[], elapsed=[], prediction_length=0),
    "one word": _units("Haus"),
    "all after the end": _timed(lambda times: [t + 20_000 for t in times]),
    "last after the end": _timed(lambda times: [*times[:-1], 30_000.0]),
    "exactly at the end": lambda draws: {**plain(draws), "source_length": 5000.0,
                                         **dict.fromkeys(("delays", "elapsed"), [1.0, 5000.0]),
                                         "prediction": "das Haus"},
    "delays going back": _timed(lambda times: times[::-1]),
    "delays in no order": _timed(lambda times: times[1::2] + times[::2]),
    "all at once": _timed(_stuck),
    "all at 0": _timed(lambda times: [0.0] * len(times)),
    "whole numbers": _timed(lambda times: [float(round(t)) for t in times]),
    "hours": _timed(lambda times: [t + 7.2e6 for t in times]),
    "too many words": _units(" ".join(WORDS * 6)),
    "one word for many": lambda draws: {**_units("Haus")(draws), "reference": " ".join(WORDS)},
    "punctuation alone": _units(". , . !"),
    "other scripts": _units("你好 мир नमस्ते ሰላም שלום"),
    "marks and joiners": _units("e\u0301a x\u200dy \ufeffz"),
    "old keys": _with(metric={"AL": 3.0}, prediction_offset=1.0),
    "a short source": _with(source_length=1.0),
    "computation of nothing": lambda draws: (
        lambda row: {**row, "elapsed": row["delays"]})(plain(draws)),
}


def log_of(path: Path, kind: str, seed: int) -> list[Row]:
    """Three recordings of a kind and a plain one."""
    draws = random.Random(f"{kind}{seed}")
    makers = [KINDS[kind]] * 3 + [plain]
    rows = [{"index": i, **make(draws), "source": [f"audio/r{i}.wav", "samplerate: 16000"]}
            for i, make in enumerate(makers)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return rows


def ours(traces: Any, recordings: Any, names: list[str], **options: Any) -> dict[str, float]:
    table = score(traces, recordings, names, Options(**options), registry=REGISTRY)
    return {s.metric: s.value for s in table.corpus if s.value is not None}


SIMULEVAL = ["AL", "LAAL", "AP", "DAL", "StartOffset", "EndOffset"]


def simuleval_says(rows: list[Row], name: str, aware: bool, unit: str = "word") -> float | None:
    scorers = pytest.importorskip("simuleval.evaluator.scorers.latency_scorer")
    instances = pytest.importorskip("simuleval.evaluator.instance")
    scorer = scorers.LATENCY_SCORERS_DICT[name](computation_aware=aware)
    found = {i: instances.LogInstance(json.dumps(row), unit) for i, row in enumerate(rows)}
    try:
        return float(scorer(found))
    except StatisticsError:
        return None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_simuleval(tmp_path: Path, kind: str, seeds: range) -> None:
    names = [*SIMULEVAL, *(f"{name}_CA" for name in SIMULEVAL)]
    for seed in seeds:
        rows = log_of(tmp_path / "instances.log", kind, seed)
        log = readers.read(tmp_path, "simuleval")
        assert log.notes == ()
        found = ours(log.traces, log.recordings, names)
        for name in names:
            plain_name = name.removesuffix("_CA")
            expected = simuleval_says(rows, plain_name, name != plain_name)
            assert found[name] == pytest.approx(expected, abs=TOLERANCE_MS), (name, seed)


LONG = ["LongYAAL", "LongAL", "LongLAAL", "LongAP", "LongDAL"]


def omnisteval_says(folder: Path, hypotheses: Path, char: bool = False) -> dict[str, float]:
    io = pytest.importorskip("omnisteval.io")
    loaded = io.load_resegmentation_inputs(
        str(folder / "segments.json"), None, str(folder / "references.txt"), str(hypotheses),
        char_level=char)
    instances, _ = pytest.importorskip("omnisteval.resegment").resegment(*loaded, char_level=char)
    scores, *_ = pytest.importorskip("omnisteval.scoring").evaluate_instances(
        instances, is_longform=True, compute_quality=False)
    return {("Long" + key.removeprefix("ca_").removeprefix("long_").upper()
             + ("_CA" if key.startswith("ca_") else "")): value
            for key, value in scores.items()}


def segments_of(folder: Path, rows: list[Row], seed: int) -> None:
    """Each recording's reference in up to three segments."""
    draws = random.Random(seed)
    listed, lines = [], []
    for i, row in enumerate(rows):
        words = row["reference"].split()
        cuts = sorted(draws.sample(range(1, len(words)), draws.randint(1, min(2, len(words) - 1))))
        for a, b in zip([0, *cuts], [*cuts, len(words)], strict=True):
            length = row["source_length"] / 1000 / len(words)
            listed.append({"wav": f"r{i}.wav", "offset": a * length,
                           "duration": (b - a) * length, "speaker_id": "s"})
            lines.append(" ".join(words[a:b]) + "\n")
    (folder / "segments.json").write_text(json.dumps(listed))
    (folder / "references.txt").write_text("".join(lines), "utf-8")


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_omnisteval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, seeds: range
) -> None:
    # its pool of processes, as threads: the same results sooner
    monkeypatch.setattr(pytest.importorskip("omnisteval.alignment"), "Pool", ThreadPool)
    names = [*LONG, *(f"{name}_CA" for name in LONG)]
    for seed in seeds:
        path = tmp_path / "instances.log"
        rows = log_of(path, kind, seed)
        segments_of(tmp_path, rows, seed)
        log = readers.read(path, "omnisteval", readers.Reading(target_lang="de"))
        assert log.notes == ()
        recordings = attach(log.recordings, "de", segments=tmp_path / "segments.json",
                            references=tmp_path / "references.txt")
        found = ours(log.traces, recordings, names, recording_end="segments")
        expected = omnisteval_says(tmp_path, path)
        for name in names:
            if expected[name] == expected[name]:
                assert found[name] == pytest.approx(expected[name], abs=TOLERANCE_MS), (name, seed)
            else:
                assert name not in found


# --- deliberate differences: what a log's text and times are -----------------------------------


def read_one(tmp_path: Path, **changes: Any) -> tuple[Any, Row]:
    row = {"index": 0, "prediction": "a b c", "delays": [1000, 2000, 3000], "elapsed": [],
           "reference": "a b c", "source_length": 3000.0, "source": ["x.wav"], **changes}
    (tmp_path / "instances.log").write_text(json.dumps(row) + "\n", "utf-8")
    return readers.read(tmp_path, "simuleval", readers.Reading(target_lang="de")), row


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("delays, theirs, here", [
    ([1000, 2000, 3000, 3000], 1000.0, 1000.0),   # AL stops at the end before the surplus
    ([1000, 1500, 2000, 2500], 250.0, 500.0),     # SimulEval counts a fourth word, of no text
    ([1000, 2000], 1000.0, 666.6667),             # the third word was said, by 2000 at the latest
])
def test_more_or_fewer_delays_than_words(tmp_path, delays, theirs, here) -> None:
    log, row = read_one(tmp_path, delays=delays)
    assert simuleval_says([row], "AL", False) == pytest.approx(theirs)
    assert ours(log.traces, log.recordings, ["AL"])["AL"] == pytest.approx(here, abs=1e-3)
    assert "delays for 3 words" in log.notes[0]


def test_a_log_in_which_all_is_silence(tmp_path) -> None:
    """SimulEval stops with an error of Python's; here each score says why there is none."""
    log, row = read_one(tmp_path, prediction="", delays=[])
    assert simuleval_says([row], "AL", False) is None
    (found,) = score(log.traces, log.recordings, ["AL"]).corpus
    assert (found.value, found.n_scored, found.n_total) == (None, 0, 1) and found.reason


SIMULSTREAM = [
    {"id": 0, "metadata": {"wav_name": "talk.wav"}},
    {"id": 0, "total_audio_processed": 1.0, "computation_time": 3.0,
     "generated_tokens": ["▁ab"], "deleted_tokens": []},
]


def simulstream_logs(tmp_path: Path, *lines: Row, unit: str = "word") -> tuple[Any, Any]:
    """What simulstream reads, by recording, and what we do."""
    module = pytest.importorskip("simulstream.metrics.readers")
    from types import SimpleNamespace

    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*SIMULSTREAM, *lines]), "utf-8")
    config = SimpleNamespace(detokenizer_type="simuleval", latency_unit="spm")
    reader = module.LogReader(config, str(path), unit)
    return reader, readers.read(path, "simulstream")


def chunk(at: float, new: list[str], gone: list[str] | None = None, spent: float = 0.5) -> Row:
    return {"id": 0, "total_audio_processed": at, "computation_time": spent,
            "generated_tokens": new, "deleted_tokens": gone or []}


def test_a_word_of_two_chunks_is_there_with_its_last_part(tmp_path) -> None:
    """simulstream takes the later chunk's time, though the earlier chunk was ready after it."""
    reader, log = simulstream_logs(tmp_path, chunk(2.0, ["c"]))
    (theirs,) = reader.final_outputs_and_latencies().values()
    (word,) = emissions(log.traces[0])
    assert theirs.computational_aware_delays == [2.5] and word.elapsed == 4.0
    assert theirs.ideal_delays == [word.delay] == [2.0]


def test_spaces_are_no_characters(tmp_path) -> None:
    """simulstream's characters count the spaces between words."""
    reader, log = simulstream_logs(tmp_path, chunk(2.0, ["▁c"]), unit="char")
    (theirs,) = reader.final_outputs_and_latencies().values()
    said = emissions(log.traces[0], "char")
    assert theirs.text_items("char") == ["a", "b", " ", "c"] and len(said) == 3
    assert [d for d, c in zip(theirs.ideal_delays, "ab c", strict=True) if c != " "] == \
        [e.delay for e in said]


def test_any_white_space_parts_words(tmp_path) -> None:
    """simulstream parts words at U+0020 only."""
    reader, log = simulstream_logs(tmp_path, chunk(2.0, ["\u00a0c"]))
    (theirs,) = reader.final_outputs_and_latencies().values()
    assert theirs.text_items("word") == ["ab\u00a0c"]
    assert [(e.unit, e.delay) for e in emissions(log.traces[0])] == [("ab", 1.0), ("c", 2.0)]


def test_all_text_may_be_taken_back(tmp_path) -> None:
    """Where no text is left and more comes in the same chunk, simulstream stops with an error."""
    reader, log = simulstream_logs(tmp_path, chunk(2.0, [], ["▁ab"]), chunk(3.0, ["▁c"]))
    (theirs,) = reader.final_outputs_and_latencies().values()
    assert theirs.final_text == final_text(log.traces[0]) == "c"
    assert theirs.ideal_delays == [e.delay for e in emissions(log.traces[0])] == [3.0]


def test_a_second_session_is_a_repeat(tmp_path) -> None:
    """simulstream appends it to the first."""
    reader, log = simulstream_logs(tmp_path, {**SIMULSTREAM[0], "id": 1},
                                   {**chunk(1.0, ["▁c"]), "id": 1})
    (theirs,) = reader.final_outputs_and_latencies().values()
    assert theirs.final_text == "ab c"
    assert [(t.repeat, final_text(t)) for t in log.traces] == [(0, "ab"), (1, "c")]


def test_a_word_cut_short_counts_as_taken_back_in_simulstreams_erasure(tmp_path) -> None:
    """simulstream puts the deleted tokens together by themselves: a part of a word is a word."""
    reader, log = simulstream_logs(tmp_path, chunk(2.0, ["c"]), chunk(3.0, ["d"], ["c"]))
    assert reader.num_deleted_tokens() == 1
    assert [w.retract_chars for s in log.traces[0].steps for w in s.writes] == [0, 0, 1]
    stack = TokenStack("spm")
    stack.add(["▁ab", "c"])
    assert stack.take_back(["c"]) == 1
