"""OmniSTEval's inputs: SimulEval's lines without what it does not need.

``source`` (a path, or a list that begins with it), ``prediction``, ``delays[]`` and ``elapsed[]``
in ms; ``source_length`` may be missing, an ``index`` is passed over: a recording is known by the
file name of its source.  Delays belong to ``prediction.split()`` or, at character level, to each
character.  ``emission_cu`` and ``emission_ca`` are read as ``delays`` and ``elapsed``.

Segments and references stand in files of their own (:mod:`s2st_bench.formats.segments`).
OmniSTEval wants one line for each recording of the segmentation, and as many delays as units.
Read as OmniSTEval 0.1.10 does (``data.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from s2st_bench.errors import TraceError
from s2st_bench.formats import simuleval
from s2st_bench.formats.log import UNKNOWN_LANG, Ca, Log, json_lines, numbers_at, queued
from s2st_bench.formats.segments import wav_names
from s2st_bench.metric import LatencyUnit
from s2st_bench.timeline import emissions
from s2st_bench.types import Recording, Trace

NAME = "omnisteval"
FILE = "hypotheses.jsonl"
_KEYS = (("delays", "emission_cu"), ("elapsed", "emission_ca"))


def read(path: Path, *, source_lang: str = "", target_lang: str = "", ca: Ca = "logged") -> Log:
    """Read hypotheses of whole recordings; a folder means the ``hypotheses.jsonl`` in it.

    Raises
    ------
    TraceError
        Naming file and line.
    """
    langs = source_lang or UNKNOWN_LANG, target_lang or UNKNOWN_LANG
    notes: list[str] = []
    traces: list[Trace] = []
    recordings: dict[str, Recording] = {}
    file = path / FILE if path.is_dir() else path
    for where, row in json_lines(file, notes):
        trace, recording = simuleval.instance(_as_instance(row, where, notes), langs, where, notes)
        if recording.id in recordings:
            raise TraceError(f"{where}: a second hypothesis for {recording.id}")
        recordings[recording.id] = recording
        traces.append(queued(trace) if ca == "live" and trace.clock != "ideal" else trace)
    if not traces:
        raise TraceError(f"{file}: holds no hypothesis")
    measured = any(trace.clock != "ideal" for trace in traces)
    meaning = (f"live(from {NAME})" if ca == "live" else NAME) if measured else ""
    return Log(tuple(traces), tuple(recordings.values()), meaning, tuple(notes))


def write(
    traces: Iterable[Trace],
    recordings: Iterable[Recording],
    path: Path,
    *,
    unit: LatencyUnit = "word",
) -> None:
    """Write hypotheses whose units are as OmniSTEval counts them.

    Words are joined by single spaces, characters by nothing.

    Raises
    ------
    TraceError
        Text input, which OmniSTEval does not score, or the file cannot be written.
    """
    by_id = {recording.id: recording for recording in recordings}
    names = wav_names(by_id.values())
    kept = list(traces)
    measured = any(trace.clock != "ideal" and trace.error is None for trace in kept)
    try:
        with path.open("w", encoding="utf-8") as file:
            for trace in kept:
                row = _row(trace, names[trace.recording_id], unit, measured)
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise TraceError(f"{path}: cannot be written ({error.strerror})") from None


def _as_instance(row: dict[str, Any], where: str, notes: list[str]) -> dict[str, Any]:
    source = row.get("source")
    name = source[0] if isinstance(source, list) and source else source
    if not isinstance(name, str) or not Path(name).stem:
        raise TraceError(f"{where}: 'source' must name the recording's audio")
    rest = source[1:] if isinstance(source, list) else []
    found = {**row, "index": Path(name).stem, "source": [name, *rest]}
    for key, other in _KEYS:
        if other in row:
            found.setdefault(key, row[other])
    if row.get("source_length") is None:
        found["source_length"] = max(numbers_at(found, "delays", where), default=0.0)
        notes.append(f"{where}: no 'source_length'; the last delay stands for it")
    return found


def _row(trace: Trace, wav_name: str, unit: LatencyUnit, measured: bool) -> dict[str, Any]:
    if trace.source_unit != "s":
        raise TraceError(f"trace of {trace.recording_id!r}: {NAME} knows no text input; "
                         "convert it to simuleval")
    said = () if trace.error is not None else emissions(trace, unit)
    aware = [e.elapsed * 1000.0 for e in said if e.elapsed is not None]
    return {
        "prediction": (" " if unit == "word" else "").join(e.unit for e in said),
        "delays": [e.delay * 1000.0 for e in said],
        **({"elapsed": aware} if measured else {}),
        "prediction_length": len(said),
        "source": [wav_name],
        "source_length": trace.source_length * 1000.0,
    }
