"""The scores of a run that somebody handed in, computed anew.

What the bundle claims is compared, metric by metric, with what its own traces and references give.
A claim that differs is a reason to refuse it; a metric that cannot be computed here (its model is
not at hand) is left out, with a note.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s2st_bench import records, scoring
from s2st_bench.errors import BenchError, InputError, UnknownPluginError
from s2st_bench.registry import Registry
from s2st_bench.scored import write_scores
from s2st_bench.store import RunFolder
from s2st_bench.table import ScoreTable
from s2st_bench.types import Recording, Score

from .pack import portable

_NOT_MEANING = frozenset({"interval", "seed", "repeats"})
_NEAR = 1e-6


def rescored(
    run: Path, name: str, registry: Registry | None = None
) -> tuple[ScoreTable, list[str]]:
    """Score an unpacked run by the metrics it claims, and keep that in its ``scores.json``.

    ``name`` stands for it in messages.  Also gives notes on what was left out.

    Raises
    ------
    InputError
        A claimed score is not the one its traces give, or there is none to compare.
    """
    known = registry or Registry()
    claims = _claims(run, name)
    metrics: list[str] = []
    notes: list[str] = []
    for metric in claims:
        try:
            scoring.make_metrics([metric], known)
            metrics.append(metric)
        except UnknownPluginError:
            notes.append(f"{metric}: not a metric of this s2st-bench, left out")
        except BenchError as error:
            notes.append(f"{metric}: left out ({error})")
    if not metrics:
        raise InputError(f"{name}: none of its metrics can be computed here")
    table = scoring.score_run(run, metrics, registry=known, write=False)
    for score in table.corpus:
        if score.group == "all":
            _compare(name, claims[score.metric], score, notes)
    write_scores(run, table.as_dict())
    return table, notes


def same_references(run: Path, name: str, known: Sequence[Path]) -> list[str]:
    """Hold the references of an unpacked run against those of runs made here.

    Gives a note where none of ``known`` is of the test set that the run says it is of.

    Raises
    ------
    InputError
        It names a test set that is known here, and its references are others.
    """
    fingerprint = RunFolder(run).record().fingerprint
    ours = next((RunFolder(path) for path in known
                 if RunFolder(path).record().fingerprint == fingerprint), None)
    if ours is None:
        return [f"no run made here is of its test set {fingerprint}: that its references are the "
                "corpus' own is not checked"]
    theirs = {r.id: _texts(r) for r in RunFolder(run).recordings()}
    wanted = {r.id: _texts(r) for r in ours.recordings()}
    differ = sorted(i for i in theirs.keys() | wanted.keys() if theirs.get(i) != wanted.get(i))
    if differ:
        raise InputError(f"{name}: says it is of test set {fingerprint}, but recording "
                         f"{differ[0]!r} has not the references, times or transcript that "
                         f"{ours.path} has; {len(differ)} recordings differ")
    return []


def _texts(recording: Recording) -> str:
    """All that scores are held against."""
    return records.encode_recording(portable(recording))


def _claims(run: Path, name: str) -> dict[str, dict[str, Any]]:
    try:
        rows = RunFolder(run).scores()["corpus"]
        return {str(row["metric"]): row for row in rows if row.get("group", "all") == "all"}
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{name}: scores.json is damaged ({error!r})") from None


def _compare(name: str, claim: dict[str, Any], score: Score, notes: list[str]) -> None:
    ours, theirs = _fields(score.signature), _fields(str(claim.get("signature") or ""))
    if ours != theirs:
        differ = [k for k in {**ours, **theirs} if ours.get(k) != theirs.get(k)]
        notes.append(f"{score.metric}: was made with other settings ({', '.join(sorted(differ))}); "
                     "the value shown is the one computed here")
        return
    said = claim.get("value")
    if score.value is None:
        if said is not None:
            notes.append(f"{score.metric}: cannot be computed here ({score.reason}); left without "
                         "a value")
        return
    if not isinstance(said, int | float) or not math.isclose(
            said, score.value, rel_tol=_NEAR, abs_tol=_NEAR):
        raise InputError(f"{name}: claims {score.metric} {str(said)[:80]}, its traces give "
                         f"{score.value}; scores or traces were edited")


def _fields(signature: str) -> dict[str, str]:
    parts = (part.partition(":") for part in signature.split("|"))
    return {key: value for key, _, value in parts if key and key not in _NOT_MEANING}
