"""OmniSTEval's ``instances.resegmented.jsonl``: one segment a line, times in ms.

``index, docid, segid, prediction, reference, source_length, emission_cu[], emission_ca[],
time_to_recording_end``; times run from the start of the segment and may be negative.

*Read*: the segments of a document are put together again.  Where a segment began is what lacks to
the end of its recording, so that the first time of a document is arbitrary, and nothing that is
scored depends on it.  The log's own cut is kept (:class:`AsCut`): no word changes its segment.

*Written* from items, however they were cut.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from s2st_bench.errors import TraceError
from s2st_bench.formats.log import UNKNOWN_LANG, Ca, Log, json_lines, number_at, numbers_at
from s2st_bench.metric import Floats, Item, LatencyUnit
from s2st_bench.softalign import Codes
from s2st_bench.timeline import NO_JOB
from s2st_bench.types import AudioSource, Recording, Segment, Step, TimedWrite, Trace
from s2st_bench.units import split_units, unit_spans

NAME = "resegmented"
FILE = "instances.resegmented.jsonl"


class AsCut:
    """A resegmenter that keeps the cut of a log; ``texts`` are by segment id."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def assign(
        self, units: Sequence[str], delays_s: Floats, segments: Sequence[Segment],
        references: Sequence[str], lang: str, unit: LatencyUnit,
    ) -> Codes:
        """The segment of each unit, ``intp[n]``."""
        counts = [len(split_units(self._texts[segment.id], unit)) for segment in segments]
        return np.repeat(np.arange(len(segments), dtype=np.intp), counts)

    def signature(self) -> Mapping[str, str]:
        return {"reseg": "as logged"}


@dataclass(frozen=True, slots=True)
class _Row:
    where: str
    text: str
    reference: str | None
    length: float
    delays: list[float]
    elapsed: list[float]
    to_end: float | None


def read(path: Path, *, source_lang: str = "", target_lang: str = "", ca: Ca = "logged") -> Log:
    """Read segments; a folder means the file OmniSTEval writes into it.

    Raises
    ------
    TraceError
        Naming file and line.
    """
    file = path / FILE if path.is_dir() else path
    langs = source_lang or UNKNOWN_LANG, target_lang or UNKNOWN_LANG
    notes: list[str] = []
    documents: dict[str, list[_Row]] = {}
    for where, row in json_lines(file, notes):
        documents.setdefault(str(row.get("docid", 0)), []).append(_row(row, where))
    if not documents:
        raise TraceError(f"{file}: holds no segment")
    texts: dict[str, str] = {}
    traces, recordings = [], []
    for name, rows in documents.items():
        trace, recording = _document(name, rows, langs)
        texts.update((s.id, r.text) for s, r in zip(recording.segments, rows, strict=True))
        traces.append(trace)
        recordings.append(recording)
    measured = any(trace.clock != "ideal" for trace in traces)
    if ca == "live" and measured:
        raise TraceError(f"{file}: holds times but no work to lay out anew; leave --ca out")
    return Log(tuple(traces), tuple(recordings), "omnisteval" if measured else "", tuple(notes),
               AsCut(texts))


def write(items: Iterable[Item], path: Path) -> None:
    """Write items as OmniSTEval writes its segments.

    Raises
    ------
    TraceError
        The file cannot be written.
    """
    documents: dict[str, int] = {}
    segments: dict[str, int] = {}
    try:
        with path.open("w", encoding="utf-8") as file:
            for index, item in enumerate(items):
                document = documents.setdefault(item.recording.id, len(documents))
                number = segments[item.recording.id] = segments.get(item.recording.id, -1) + 1
                row = {"index": index, "docid": document, "segid": number, **_of_item(item)}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise TraceError(f"{path}: cannot be written ({error.strerror})") from None


def _of_item(item: Item) -> dict[str, Any]:
    row: dict[str, Any] = {
        "prediction": ("" if item.unit == "char" else " ").join(item.units),
        "reference": item.references[0] if item.references else "",
        "source_length": item.source_length,
    }
    if item.units:
        row["emission_cu"] = item.delays.tolist()
        if item.elapsed is not None:
            row["emission_ca"] = item.elapsed.tolist()
        row["time_to_recording_end"] = item.source_length \
            if item.time_to_recording_end is None else item.time_to_recording_end
    return row


def _row(row: dict[str, Any], where: str) -> _Row:
    text = row.get("prediction")
    if not isinstance(text, str):
        raise TraceError(f"{where}: 'prediction' must be a text, not {text!r}")
    reference = row.get("reference")
    delays = numbers_at(row, "emission_cu", where)
    elapsed = numbers_at(row, "emission_ca", where)
    if elapsed and len(elapsed) != len(delays):
        raise TraceError(f"{where}: {len(elapsed)} emission_ca for {len(delays)} emission_cu")
    if len(delays) not in (len(split_units(text, "word")), len(split_units(text, "char"))):
        raise TraceError(f"{where}: {len(delays)} emission_cu for neither the words nor the "
                         "characters of its prediction")
    length = number_at(row, "source_length", where) if "source_length" in row else 0.0
    to_end = row.get("time_to_recording_end")
    return _Row(where, text, None if reference is None else str(reference), length, delays,
                elapsed, None if to_end is None else number_at(row, "time_to_recording_end", where))


def _document(
    name: str, rows: Sequence[_Row], langs: tuple[str, str]
) -> tuple[Trace, Recording]:
    offsets, end = _offsets(rows)
    segments = tuple(
        Segment(f"{name}:{i}", offset / 1000.0, (offset + row.length) / 1000.0,
                references={} if row.reference is None else {langs[1]: (row.reference,)})
        for i, (row, offset) in enumerate(zip(rows, offsets, strict=True))
    )
    measured = any(row.elapsed for row in rows)
    trace = Trace(
        system=NAME, recording_id=name, target_lang=langs[1], source_length=end / 1000.0,
        steps=tuple(step for row, offset in zip(rows, offsets, strict=True)
                    for step in _steps(row, offset)),
        clock="realtime" if measured else "ideal",
    )
    source = AudioSource(Path(name), 0.0, end / 1000.0)
    return trace, Recording(name, source, langs[0], (langs[1],), segments, cluster=name)


def _offsets(rows: Sequence[_Row]) -> tuple[list[float], float]:
    """Where each segment begins and where the recording ends, in ms."""
    end = max((row.to_end for row in rows if row.to_end is not None), default=0.0)
    offsets: list[float] = []
    last = 0.0
    for row in rows:
        offsets.append(last if row.to_end is None else end - row.to_end)
        last = offsets[-1] + row.length
    first = min((offset + min([0.0, *row.delays, *row.elapsed])
                 for row, offset in zip(rows, offsets, strict=True)), default=0.0)
    shift = max(0.0, -first)
    end = end if end else last
    return [offset + shift for offset in offsets], end + shift


def _steps(row: _Row, offset: float) -> Iterable[Step]:
    """A step for each unit; the text between units goes with the unit before it."""
    unit: LatencyUnit = "word" if len(row.delays) == len(split_units(row.text)) else "char"
    _, spans = unit_spans(row.text, unit)
    starts = [0, *(start for start, _ in spans[1:]), len(row.text)]
    live = row.elapsed if row.elapsed else row.delays
    for i, (delay, elapsed) in enumerate(zip(row.delays, live, strict=True)):
        text = row.text[starts[i] : starts[i + 1]]
        if i == len(row.delays) - 1:
            text += " "  # the next segment's first word is one of its own
        source_s = (delay + offset) / 1000.0
        later_s = (elapsed - delay) / 1000.0
        yield Step(source_s, source_s, (), (TimedWrite(NO_JOB, later_s, text),))
