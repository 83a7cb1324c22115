"""Every peer's own code beside ours, on hundreds of logs of edge cases and of real runs.

*Edge logs* (``helpers/edge_logs.py``): ten each of 38 kinds, every one a thing that goes wrong.
*Real runs* (``helpers/real_runs.py``): 440 recordings and four talks of the demo corpus in four
language pairs, ten runs of four systems with measured compute, written by
:mod:`s2st_bench.formats.convert`; besides, where ``../shared`` is, real logs of other tools.

Both are read by our readers and scored by :func:`s2st_bench.scoring.score`; the peer reads and
scores the same lines or files.  Where a peer raises or skips, its value is none.  A value
*matches* when both are none or they differ by at most 0.001 (ms; BLEU and chrF points).

Ours may differ for what ``DIFFER`` and ``RUNS_DIFFER`` list only, the deliberate differences of
``metrics/README.md``, each with its own test in ``test_peer_differences.py``; with ``compat`` set
to the peer also these must match.  Names that mean another quantity here (SimulEval's RTF and
NumChunks) are not compared but there.

The share that matches outright is over edge logs and real runs together, 380 of those and 444
recordings of these (each share is printed, and their plain mean must reach the bound too): a
quarter of the kinds of edge log are there because tools differ on them, so that their share alone
says how the kinds were chosen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

import edge_logs
import edge_values
import run_values
import shared_logs
from oracles import Value, percent, same, shown
from real_runs import Run, runs

MODULES = {"simuleval": "simuleval.evaluator", "omnisteval": "omnisteval.scoring",
           "simulstream": "simulstream.metrics.readers", "sacrebleu": "sacrebleu.metrics"}
Values = Callable[[str], list[Value]]

OUTRIGHT = 95.0
"""Per cent."""

_LENGTH = {"AL", "LAAL", "AP", "YAAL", "EFSW", "DSPTV"}
_REFERENCE = dict.fromkeys([
    "repeated spaces in the reference", "tabs in the reference", "no-break spaces in the reference",
    "characters, spaces in the reference"], _LENGTH)
_NO_SOURCE = {"zero source length": {"AL", "LAAL"}}
_COUNTS = dict.fromkeys(sorted(edge_values.MISCOUNTED),
                        _LENGTH | {"DAL", "ATD", "EndOffset", "StartOffset", "SWF"})
# peer -> kind of log -> metrics that may differ there
DIFFER: dict[str, dict[str, set[str]]] = {
    "simuleval": {**_REFERENCE, "empty reference": _LENGTH, **_COUNTS, **_NO_SOURCE,
                  "decreasing delays": {"ATD"}},
    "omnisteval": {**_REFERENCE, "empty reference": _LENGTH, **_COUNTS,
                   "zero source length": {"SWF"}},
    "simulstream": dict.fromkeys(["tabs said", "no-break spaces said", "tabs in the reference",
                                  "no-break spaces in the reference"], {"LAAL"}),
    "sacrebleu": {},
}
# what no compat reproduces: see "What --compat does not reproduce" in metrics/README.md
NO_COMPAT = edge_values.MISCOUNTED | {"zero source length", "decreasing delays"}
# peer -> metrics that may differ on a log of a real run: a recording ends with its audio
RUNS_DIFFER: dict[str, set[str]] = {"omnisteval": {"LongYAAL", "LongYAAL_CA"}}
# on the run itself besides: the log has other aware times than a listener, and no text that was
# taken back in the step that wrote it
NOT_OF_THE_LOG = {"simuleval": {"ATD_CA"}, "simulstream": {"NormalizedErasure"}}


def may_differ(value: Value) -> bool:
    plain = value.metric.removesuffix("_CA")
    return plain in DIFFER[value.peer].get(value.kind, set())


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Peers warn of most of these logs."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Values:
    """Values of the edge logs, by peer."""
    return cache(lambda peer: list(edge_values.PEERS[peer](tmp_path_factory.mktemp(peer))))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    return list(runs(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def real(made: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Values:
    """Values of the real runs, by peer."""
    return cache(lambda peer: [
        value for run in made
        for value in run_values.PEERS[peer](run, tmp_path_factory.mktemp(peer) / "log")])


@pytest.fixture(params=MODULES)
def peer(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(MODULES[request.param])
    return str(request.param)


def test_there_are_enough_logs(made: list[Run]) -> None:
    assert len(edge_logs.KINDS) >= 30 and len(edge_values.LOGS) >= 300
    recordings = sum(len(run.traces) for run in made)
    assert len(edge_values.LOGS) <= recordings <= 1.25 * len(edge_values.LOGS)
    assert not any(trace.error for run in made for trace in run.traces)


def test_only_listed_kinds_differ(peer: str, edge: Values) -> None:
    wrong = [v for v in edge(peer) if not v.matches and not may_differ(v)]
    assert not wrong, shown(wrong)


def test_compat_gives_the_peers_value(peer: str, edge: Values) -> None:
    wrong = [v for v in edge(peer) if not v.matches_with_compat
             and not (v.kind in NO_COMPAT and may_differ(v))]
    assert not wrong, shown(wrong)


def test_logs_of_real_runs_have_the_peers_values(peer: str, real: Values) -> None:
    wrong = [v for v in real(peer) if not v.matches
             and v.metric not in RUNS_DIFFER.get(peer, set())]
    assert not wrong, shown(wrong)
    wrong = [v for v in real(peer) if not v.matches_with_compat]
    assert not wrong, shown(wrong)


def test_real_runs_have_the_values_of_their_logs(peer: str, real: Values) -> None:
    listed = RUNS_DIFFER.get(peer, set()) | NOT_OF_THE_LOG.get(peer, set())
    wrong = [v for v in real(peer) if not same(v.run, v.theirs) and v.metric not in listed]
    assert not wrong, shown(wrong)


@pytest.mark.skipif(not shared_logs.FOLDER.is_dir(), reason=f"no logs at {shared_logs.FOLDER}")
@pytest.mark.parametrize("peer", ["simuleval", "simulstream"])
def test_real_logs_of_other_tools(peer: str) -> None:
    pytest.importorskip(MODULES[peer])
    values = list(shared_logs.PEERS[peer]())
    wrong = [v for v in values if not v.matches and not may_differ(v)]
    assert values and not wrong, shown(wrong)
    wrong = [v for v in values if not v.matches_with_compat]
    assert not wrong, shown(wrong)


def test_share_that_matches_outright(edge: Values, real: Values, capsys: Any) -> None:
    for module in MODULES.values():
        pytest.importorskip(module)
    lines, everything = [], []
    for peer in MODULES:
        edges, reals = edge(peer), real(peer)
        everything += [*edges, *reals]
        lines.append((peer, edges, reals))
    lines.append(("together", [v for _, e, _ in lines for v in e],
                  [v for _, _, r in lines for v in r]))
    with capsys.disabled():
        for name, edges, reals in lines:
            print(f"\n{name}: outright {share(edges)} of edge logs, {share(reals)} of real runs, "
                  f"{share([*edges, *reals])} in all; with compat "
                  f"{percent(v.matches_with_compat for v in [*edges, *reals]):.2f} %", end="")
        print()
    assert percent(v.matches for v in everything) >= OUTRIGHT
    _, edges, reals = lines[-1]
    halves = [percent(v.matches for v in part) for part in (edges, reals)]
    assert sum(halves) / 2 >= OUTRIGHT


def share(values: list[Value]) -> str:
    return f"{percent(v.matches for v in values):.2f} % of {len(values)}"
