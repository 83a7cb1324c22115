"""Every peer's own code beside ours, on hundreds of logs of edge cases.

Each log (``helpers/edge_logs.py``) is written in the peer's format, read by our reader and scored
by :func:`s2st_bench.scoring.score`; the peer scores the same lines through its Python interface.
Where a peer raises or skips, its value is none.  A value *matches* when both are none or they
differ by at most 0.001 (ms; BLEU and chrF points).

Ours may differ for the kinds in ``DIFFER`` only, the deliberate differences of
``metrics/README.md``; with ``compat`` set to the peer also these must match.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from s2st_bench.formats import simuleval, simulstream
from s2st_bench.scoring import Options, score

_PATH = Path(__file__).parents[1] / "helpers" / "edge_logs.py"
_SPEC = importlib.util.spec_from_file_location("edge_logs", _PATH)
assert _SPEC is not None and _SPEC.loader is not None
edge_logs = sys.modules["edge_logs"] = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(edge_logs)

LOGS = list(edge_logs.logs())
TOLERANCE = 0.001
# of values on these logs, where a quarter of the kinds are there because tools differ on them
OUTRIGHT, WITH_COMPAT = 0.88, 0.94

_LENGTH = {"AL", "LAAL", "AP", "YAAL"}
_REFERENCE = dict.fromkeys([
    "repeated spaces in the reference", "tabs in the reference", "no-break spaces in the reference",
    "characters, spaces in the reference"], _LENGTH)
_NO_SOURCE = {"zero source length": {"AL", "LAAL", "ATD", "StartOffset", "EndOffset"}}
_COUNTS = dict.fromkeys(["more delays than units", "fewer delays than units"],
                        _LENGTH | {"DAL", "ATD", "EndOffset", "StartOffset"})
# peer -> kind of log -> metrics that may differ there
DIFFER: dict[str, dict[str, set[str]]] = {
    "simuleval": {**_REFERENCE, "empty reference": _LENGTH, **_COUNTS, **_NO_SOURCE,
                  "decreasing delays": {"ATD"}},
    "omnisteval": {**_REFERENCE, "empty reference": _LENGTH, **_COUNTS},
    "simulstream": dict.fromkeys(["tabs said", "no-break spaces said", "tabs in the reference",
                                  "no-break spaces in the reference"], {"LAAL"}),
    "sacrebleu": {},
}
MISCOUNTED = {"more delays than units", "fewer delays than units"}
# what no compat reproduces: see "What --compat does not reproduce" in metrics/README.md
NO_COMPAT = MISCOUNTED | {"zero source length", "decreasing delays"}


@dataclass(frozen=True)
class Value:
    """One metric of one log."""

    peer: str
    kind: str
    metric: str
    ours: float | None
    compat: float | None
    theirs: float | None

    def matches(self, compat: bool = False) -> bool:
        return same(self.compat if compat else self.ours, self.theirs)

    @property
    def may_differ(self) -> bool:
        plain = self.metric.removesuffix("_CA")
        return plain in DIFFER[self.peer].get(self.kind, set())


def same(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, abs_tol=TOLERANCE, rel_tol=1e-12)


def attempt(compute: Callable[[], float | None]) -> float | None:
    """The peer's value; none where it raises, skips or gives no number."""
    try:
        value = compute()
    except (ArithmeticError, AssertionError, IndexError, TypeError, ValueError):
        return None
    return None if value is None or math.isnan(value) else float(value)


def with_variants(names: tuple[str, ...]) -> list[str]:
    return [name + aware for name in names for aware in ("", "_CA")]


def ours(read: Callable[[], Any], metrics: list[str], unit: str, compat: str | None) -> list[Any]:
    log = read()
    options = Options(unit=unit, compat=compat, logged_ca=log.ca)  # type: ignore[arg-type]
    table = score(log.traces, log.recordings, metrics, options)
    return [row.scores for row in table.recordings]


def simuleval_lines(logs: list[Any]) -> list[str]:
    return [json.dumps({
        "index": index, "prediction": log.text, "delays": log.delays, "elapsed": log.elapsed,
        "prediction_length": len(log.delays), "reference": log.reference,
        "source": ["a.wav", "samplerate: 16000 Hz"], "source_length": log.source_length,
    }) for index, log in enumerate(logs)]


def by_unit() -> Iterator[tuple[str, list[Any]]]:
    for unit in ("word", "char"):
        yield unit, [log for log in LOGS if log.unit == unit]


def simuleval_values(tmp: Path) -> Iterator[Value]:
    scorers = pytest.importorskip("simuleval.evaluator.scorers.latency_scorer")
    instances = pytest.importorskip("simuleval.evaluator.instance")
    names = with_variants(("AL", "LAAL", "AP", "DAL", "ATD", "StartOffset", "EndOffset"))
    for unit, logs in by_unit():
        path = tmp / f"{unit}.log"
        lines = simuleval_lines(logs)
        path.write_text("".join(line + "\n" for line in lines), "utf-8")
        plain, compat = (ours(partial(simuleval.read, path, target_lang="de"), names, unit, c)
                         for c in (None, "simuleval"))
        for index, log in enumerate(logs):
            for name in names:
                scorer = scorers.LATENCY_SCORERS_DICT[name.removesuffix("_CA")](
                    computation_aware=name.endswith("_CA"))
                instance = instances.LogInstance(lines[index], unit)
                theirs = attempt(lambda s=scorer, i=instance: s({0: i}))
                yield Value("simuleval", log.kind, name, plain[index][name], compat[index][name],
                            theirs)


def omnisteval_values(tmp: Path) -> Iterator[Value]:
    scoring = pytest.importorskip("omnisteval.scoring")
    data = pytest.importorskip("omnisteval.data")
    names = with_variants(("AL", "LAAL", "AP", "DAL", "YAAL"))
    for unit, logs in by_unit():
        path = tmp / f"omni-{unit}.log"
        path.write_text("".join(line + "\n" for line in simuleval_lines(logs)), "utf-8")
        plain, compat = (ours(partial(simuleval.read, path, target_lang="de"), names, unit, c)
                         for c in (None, "omnisteval"))
        for index, log in enumerate(logs):
            instance = data.Instance(
                prediction=log.text, reference=log.reference, latency_unit=unit,
                source_length=log.source_length, emission_cu=list(log.delays),
                emission_ca=list(log.elapsed), longform=False)
            for name in names:
                make = getattr(scoring, f"{name.removesuffix('_CA')}Scorer")
                scorer = make(computation_aware=name.endswith("_CA"))
                theirs = attempt(lambda s=scorer, i=instance: s([i]))
                yield Value("omnisteval", log.kind, name, plain[index][name], compat[index][name],
                            theirs)


def chunks(log: Any) -> Iterator[tuple[float, float, str]]:
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


def simulstream_values(tmp: Path) -> Iterator[Value]:
    readers = pytest.importorskip("simulstream.metrics.readers")
    laal = pytest.importorskip("simulstream.metrics.scorers.latency.stream_laal").StreamLaal
    config = SimpleNamespace(**simulstream.EVAL_CONFIG)
    names = ["LAAL", "LAAL_CA"]
    usable = [log for log in LOGS if log.kind not in MISCOUNTED | {"decreasing delays"}
              and log.unit == "word" and log.delays and log.source_length > 0]
    path = tmp / "log.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number, log in enumerate(usable):
            rows: list[dict[str, Any]] = [{"metadata": {
                "wav_name": f"{number:04}.wav", "source_length": log.source_length / 1000,
                **simulstream.EVAL_CONFIG}}]
            rows += [{"total_audio_processed": at, "computation_time": compute,
                      "generated_tokens": list(text), "deleted_tokens": []}
                     for at, compute, text in chunks(log)]
            file.writelines(json.dumps({"id": number, **row}) + "\n" for row in rows)
    found = simulstream.read(path, target_lang="de")
    plain, compat = (
        [row.scores for row in score(found.traces, with_references(found, usable), names,
                                     Options(compat=c)).recordings]  # type: ignore[arg-type]
        for c in (None, "simulstream"))
    theirs = list(readers.LogReader(config, str(path), "word").final_outputs_and_latencies()
                  .values())
    for index, log in enumerate(usable):
        length = len(readers.text_items(log.reference or "", "word"))
        times = theirs[index].ideal_delays, theirs[index].computational_aware_delays
        for name, delays in zip(names, times, strict=True):
            value = attempt(lambda d=delays, s=log.source_length, n=length:
                            1000 * laal._sentence_level_laal(d, s / 1000, n))
            yield Value("simulstream", log.kind, name, plain[index][name], compat[index][name],
                        value)


def with_references(found: Any, logs: list[Any]) -> list[Any]:
    return [
        replace(recording, segments=tuple(
            replace(segment, references={"de": (log.reference,)} if log.reference else {})
            for segment in recording.segments))
        for recording, log in zip(found.recordings, logs, strict=True)
    ]


def sacrebleu_values(tmp: Path) -> Iterator[Value]:
    sacrebleu = pytest.importorskip("sacrebleu.metrics")
    theirs = {"BLEU": sacrebleu.BLEU(), "chrF": sacrebleu.CHRF(),
              "chrF++": sacrebleu.CHRF(word_order=2), "TER": sacrebleu.TER()}
    logs = [log for log in LOGS if log.reference and log.unit == "word"
            and log.kind not in MISCOUNTED and "over" not in log.kind and "long" not in log.kind]
    path = tmp / "quality.log"
    path.write_text("".join(line + "\n" for line in simuleval_lines(logs)), "utf-8")
    plain = ours(lambda: simuleval.read(path, target_lang="de"), list(theirs), "word", None)
    for index, log in enumerate(logs):
        for name, metric in theirs.items():
            value = metric.corpus_score([log.text], [[log.reference]]).score
            yield Value("sacrebleu", log.kind, name, plain[index][name], plain[index][name], value)


PEERS = {"simuleval": simuleval_values, "omnisteval": omnisteval_values,
         "simulstream": simulstream_values, "sacrebleu": sacrebleu_values}


@pytest.fixture(scope="module", params=PEERS)
def values(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Value]:
    logging.disable(logging.CRITICAL)
    try:
        return list(PEERS[request.param](tmp_path_factory.mktemp(request.param)))
    finally:
        logging.disable(logging.NOTSET)


def shown(wrong: list[Value]) -> str:
    counts = Counter((v.peer, v.kind, v.metric) for v in wrong)
    first = {(v.peer, v.kind, v.metric): v for v in reversed(wrong)}
    return "\n".join(f"{n}x {first[key]}" for key, n in counts.items())


def test_there_are_enough_logs() -> None:
    assert len(edge_logs.KINDS) >= 30 and len(LOGS) >= 300


def test_only_listed_kinds_differ(values: list[Value]) -> None:
    wrong = [v for v in values if not v.matches() and not v.may_differ]
    assert not wrong, shown(wrong)


def test_share_that_matches_outright(values: list[Value], capsys: Any) -> None:
    outright, compat = (sum(v.matches(c) for v in values) / len(values) for c in (False, True))
    unlisted = [v for v in values if v.kind not in DIFFER[v.peer]]
    with capsys.disabled():
        print(f"\n{values[0].peer}: of {len(values)} values {100 * outright:.2f} % match outright, "
              f"{100 * compat:.2f} % with compat; of the {len(unlisted)} of other kinds "
              f"{100 * sum(v.matches() for v in unlisted) / len(unlisted):.2f} %")
    assert outright >= OUTRIGHT and compat >= WITH_COMPAT
    assert all(v.matches() for v in unlisted)


def test_compat_gives_the_peers_value(values: list[Value]) -> None:
    wrong = [v for v in values if not v.matches(compat=True)
             and not (v.kind in NO_COMPAT and v.may_differ)]
    assert not wrong, shown(wrong)
