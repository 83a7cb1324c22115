"""What a gate knows of a run: from its folder, or from a baseline stored in one JSON file.

A baseline holds what a paired test needs (each metric's value without each cluster), what must
agree for the two to be comparable, and nothing of the recordings themselves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from s2st_bench import host
from s2st_bench.errors import InputError
from s2st_bench.metric import Floats
from s2st_bench.scored import LeftOut, read_scores
from s2st_bench.store import RunFolder, write_atomically

VERSION = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of a run."""

    value: float | None
    unit: str
    higher_is_better: bool | None
    n_scored: int
    n_total: int
    signature: str
    reason: str = ""
    """Why there is no value."""
    n_items: tuple[int, ...] = ()
    """Scored items of each cluster; empty where the metric is no function of sums."""
    without: tuple[float, ...] = ()
    """The value without each cluster."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A run, as far as a gate looks at it."""

    source: str
    """The folder or file it was read from."""
    system: str
    corpus: str
    fingerprint: str
    source_lang: str
    target_lang: str
    clock: str
    host: str
    status: str
    n_recordings: int
    failed: tuple[str, ...]
    """Recordings without a whole answer."""
    n_disturbed: int
    """Recordings that were measured while other work shared the host."""
    clusters: tuple[str, ...]
    metrics: Mapping[str, Measured]

    def deviations(self, metric: str) -> tuple[Floats, Floats]:
        """(value without each cluster - value, items of each cluster), ``float64[k]`` each."""
        one = self.metrics[metric]
        return np.array(one.without) - float(one.value or 0.0), np.array(one.n_items, np.float64)


def read(path: Path) -> Evidence:
    """The evidence of a run folder or a stored baseline.

    Raises
    ------
    InputError
        Naming the file and what is wrong with it.
    """
    if path.is_dir():
        return of_run(path)
    try:
        row = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); a baseline is a run folder, "
                         "or a file written by `s2st-bench gate RUN --baseline FILE --update`"
                         ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a baseline (not JSON: {error})") from None
    try:
        if row["version"] != VERSION:
            raise InputError(f"{path}: a baseline of version {row['version']}, this s2st-bench "
                             f"reads {VERSION}; store it again with --update")
        metrics = {str(name): _stored(one) for name, one in row["metrics"].items()}
        return Evidence(source=str(path), **{
            **{key: kind(row[key]) if isinstance(row[key], kind) else _wrong(key, row[key])
               for key, kind in _SCALARS.items()},
            "failed": tuple(map(str, row["failed"])), "clusters": tuple(map(str, row["clusters"])),
            "metrics": _complete(metrics, len(row["clusters"])),
        })
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: not a baseline, or a damaged one ({error!r}); store it again "
                         "with --update") from None


def of_run(path: Path) -> Evidence:
    """The evidence of a scored run folder."""
    folder = RunFolder(path)
    record = folder.record()
    where = str(path / "scores.json")
    if not Path(where).is_file():
        raise InputError(f"{path}: not scored yet; run: s2st-bench score {path}")
    scores = read_scores(folder)
    try:
        metrics = {
            str(row["metric"]): _scored(row, scores.left_out.get(row["metric"]))
            for row in scores.corpus if row.get("group", "all") == "all"
        }
        failed = tuple(one.recording_id for one in scores.recordings.failures)
        clusters = next((one.clusters for one in scores.left_out.values()), ())
        metrics = _complete(metrics, len(clusters))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{where}: not scores of this release ({error!r}); score the run again"
                         ) from None
    measured = [t for t in folder.traces() if t.clock != "ideal"]
    disturbed = sum(bool(t.load.get("shared")) for t in measured)
    made_on = record.host
    hosts = {t.host for t in measured if t.host}
    return Evidence(
        source=str(path), system=record.system, corpus=record.corpus,
        fingerprint=record.fingerprint, source_lang=record.source_lang,
        target_lang=record.target_lang, clock=record.clock,
        host=_host(hosts, made_on),
        status=record.status, n_recordings=record.n_recordings, failed=failed,
        n_disturbed=disturbed, clusters=clusters, metrics=metrics,
    )


def _host(measured_on: set[str], driver: Mapping[str, Any]) -> str:
    """The kind of machine that computed; several are named, and compare with nothing else."""
    if measured_on:
        return " and ".join(sorted(measured_on))
    return host.label(driver) if {"cpu", "cores"} <= driver.keys() else ""


def store(evidence: Evidence, path: Path) -> None:
    """Write a baseline, atomically; raises RunError where it cannot be written."""
    row = asdict(evidence)
    del row["source"]
    write_atomically(path, json.dumps({"version": VERSION, **row}, ensure_ascii=False,
                                      allow_nan=False, indent=1) + "\n")


_SCALARS: Mapping[str, type] = MappingProxyType({
    **dict.fromkeys(("system", "corpus", "fingerprint", "source_lang", "target_lang", "clock",
                     "host", "status"), str),
    **dict.fromkeys(("n_recordings", "n_disturbed"), int),
})


def _wrong(key: str, value: Any) -> Any:
    raise ValueError(f"{key} is {value!r}")


def _scored(row: Mapping[str, Any], left_out: LeftOut | None) -> Measured:
    return Measured(
        value=_finite(row["value"]), unit=str(row["unit"]),
        higher_is_better=row["higher_is_better"], n_scored=int(row["n_scored"]),
        n_total=int(row["n_total"]), signature=str(row["signature"]),
        reason=str(row.get("reason") or ""),
        n_items=() if left_out is None else tuple(map(int, left_out.n_items.tolist())),
        without=() if left_out is None else tuple(left_out.values.tolist()),
    )


def _stored(row: Mapping[str, Any]) -> Measured:
    return Measured(**{**row, "value": _finite(row["value"]),
                       "n_items": tuple(int(n) for n in row["n_items"]),
                       "without": tuple(float(value) for value in row["without"])})


def _complete(metrics: dict[str, Measured], n_clusters: int) -> dict[str, Measured]:
    for name, one in metrics.items():
        lengths = {len(one.n_items), len(one.without)}
        if lengths not in ({0}, {n_clusters}) or not all(map(math.isfinite, one.without)):
            raise ValueError(f"{name}: not a number for each of {n_clusters} clusters")
    return metrics


def _finite(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is no finite number")
    return number
