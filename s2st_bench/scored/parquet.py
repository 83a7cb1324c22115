"""``scores.parquet``: recordings as rows, one ``float64`` column a metric.

Columns, in this order:

``id, target_lang, repeat, cluster, origin``    which recording
``error_kind, error_message``                   null where it did not fail
``reasons``                                     JSON object of metric to why it has no value
``BLEU``, ``LAAL``, …                           values; null where there is none
``left_out:cluster``                            the corpus' clusters in its first k rows, then null
``left_out_n:BLEU``, ``left_out:BLEU``, …       scored items, and the value without the cluster

The schema's metadata has, under ``s2st_bench``, a JSON object: ``version``, ``sha256`` (of the
scores.json it was made of), ``metrics`` and ``left_out`` (names), ``corpus`` (the rows of
scores.json).  Any reader of Parquet (DuckDB, pandas, polars) takes the columns by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from s2st_bench.errors import InputError
from s2st_bench.metric import Floats

from .json_rows import failure, number
from .table import LeftOut, LeftOuts, PerRecording

VERSION = 1
_KEY = b"s2st_bench"
_FIXED = ("id", "target_lang", "repeat", "cluster", "origin", "error_kind", "error_message",
          "reasons")
_CLUSTER, _N, _VALUE = "left_out:cluster", "left_out_n:", "left_out:"


def write(path: Path, scores: Mapping[str, Any], sha256: str) -> None:
    """Write ``scores`` (the object of scores.json, whose digest is ``sha256``), atomically.

    Raises ImportError without pyarrow, OSError where it cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet as pq

    rows: Sequence[Mapping[str, Any]] = scores["recordings"]
    left_out = scores.get("left_out") or {"clusters": [], "metrics": {}}
    metrics = list(dict.fromkeys(name for row in rows for name in row["scores"]))
    columns: dict[str, Any] = {
        "id": pa.array([str(row["id"]) for row in rows], pa.string()),
        **{name: _coded(pa, [str(row.get(name) or "") for row in rows])
           for name in ("target_lang", "cluster", "origin")},
        "repeat": pa.array([int(row.get("repeat") or 0) for row in rows], pa.int32()),
    }
    errors = [failure(row["error"]) if row.get("error") else (None, None) for row in rows]
    columns["error_kind"], columns["error_message"] = (
        _coded(pa, [error[at] for error in errors]) for at in (0, 1))
    columns["reasons"] = _coded(pa, [_dumped(row.get("reasons")) for row in rows])
    columns = {name: columns[name] for name in _FIXED}
    for metric in metrics:
        values = [number(row["scores"].get(metric)) for row in rows]
        columns[_column(metric)] = pa.array(values, pa.float64())
    clusters = left_out["clusters"]
    n_rows = max(len(rows), len(clusters))
    if n_rows > len(rows):
        raise ValueError(f"{len(clusters)} clusters of {len(rows)} recordings")
    rest = [None] * (n_rows - len(clusters))
    columns[_CLUSTER] = pa.array([str(name) for name in clusters] + rest, pa.string())
    for metric, one in left_out["metrics"].items():
        columns[f"{_N}{metric}"] = pa.array([int(n) for n in one["n"]] + rest, pa.int32())
        columns[f"{_VALUE}{metric}"] = pa.array(
            [float(value) for value in one["values"]] + rest, pa.float64())
    about = {"version": VERSION, "sha256": sha256, "metrics": metrics,
             "left_out": list(left_out["metrics"]), "n_clusters": len(clusters),
             "corpus": scores["corpus"]}
    table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(about).encode()})
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:  # pyarrow takes a path with a colon for an address
            pq.write_table(table, file, compression="zstd")
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


class ParquetScores:
    """One ``scores.parquet``, its columns read as they are asked for.

    Raises ImportError without pyarrow, OSError or ValueError (pyarrow's errors are such) where it
    is none or damaged, KeyError or TypeError where it is not of the shape above; a column that
    turns out to be damaged is an InputError.
    """

    def __init__(self, path: Path) -> None:
        from pyarrow import parquet as pq

        self._path = path
        with path.open("rb") as held:
            schema = pq.read_schema(held)
        about = json.loads((schema.metadata or {})[_KEY])
        if about["version"] != VERSION:
            raise ValueError(f"version {about['version']!r}")
        self.sha256: str = about["sha256"]
        self.corpus: list[dict[str, Any]] = about["corpus"]
        self._metrics: list[str] = about["metrics"]
        self._left_out: list[str] = about["left_out"]
        self._n_clusters = int(about["n_clusters"])
        wanted = dict.fromkeys((*_FIXED, _CLUSTER), "")
        wanted |= dict.fromkeys(map(_column, self._metrics), "double")
        for metric in self._left_out:
            wanted |= {f"{_N}{metric}": "int32", f"{_VALUE}{metric}": "double"}
        for name, kind in wanted.items():
            if name not in schema.names or (kind and str(schema.field(name).type) != kind):
                raise ValueError(f"column {name!r} is missing, or not of type {kind}")

    def recordings(self) -> PerRecording:
        held = self._read(_FIXED[:3] + _FIXED[5:7])
        kinds, messages = held["error_kind"].to_pylist(), held["error_message"].to_pylist()
        failed = {row: (kind, message or "")
                  for row, (kind, message) in enumerate(zip(kinds, messages, strict=True))
                  if kind is not None}
        return PerRecording(
            held["id"].to_pylist(), held["target_lang"].to_pylist(),
            held["repeat"].to_numpy().astype(np.intp), self._metrics,
            lambda metric: self._floats(_column(metric)), failed, self._reasons,
        )

    def left_outs(self) -> LeftOuts:
        clusters: list[tuple[str, ...]] = []

        def read(metric: str) -> LeftOut:
            if not clusters:
                clusters.append(tuple(self._read([_CLUSTER])[_CLUSTER][:k].to_pylist()))
            return LeftOut(clusters[0], *(self._floats(f"{prefix}{metric}")[:k]
                                          for prefix in (_N, _VALUE)))

        k = self._n_clusters
        return LeftOuts(self._left_out, read)

    def _reasons(self) -> dict[int, Mapping[str, str]]:
        texts = self._read(["reasons"])["reasons"].to_pylist()
        parsed = {text: json.loads(text) for text in set(texts) if text is not None}
        return {row: parsed[text] for row, text in enumerate(texts) if text is not None}

    def _floats(self, name: str) -> Floats:
        column = self._read([name])[name]
        values: Floats = column.to_numpy().astype(np.float64)
        return values

    def _read(self, names: Sequence[str]) -> Any:
        from pyarrow import parquet as pq

        try:
            with self._path.open("rb") as held, pq.ParquetFile(held) as file:
                return file.read(list(names))
        except (OSError, ValueError) as error:
            raise InputError(f"{self._path}: cannot be read ({error}); remove it: scores.json "
                             "holds the same") from error


def _column(metric: str) -> str:
    return f"metric:{metric}" if metric in _FIXED else metric


def _coded(pa: Any, texts: Sequence[str | None]) -> Any:
    """Each distinct text once."""
    return pa.array(texts, pa.string()).dictionary_encode()


def _dumped(reasons: Mapping[str, str] | None) -> str | None:
    return json.dumps(reasons, ensure_ascii=False) if reasons else None
