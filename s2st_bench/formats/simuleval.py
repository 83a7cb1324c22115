"""SimulEval's ``instances.log``: one JSON object a line, times in ms (tokens for text input).

*Text output*: ``index, prediction, delays[], elapsed[], prediction_length, reference, source,
source_length`` (and ``prediction_spm[]``); older keys (``metric``, ``reference_length``) are
passed over.  *Speech output*: ``prediction`` is the path of a wav, ``delays[]`` and
``durations[]`` belong to its segments, ``intervals[[start, duration]]`` say when each is heard and
``prediction_offset`` when the wav begins; the silences between are in the wav, not in our pieces.
:mod:`s2st_bench.formats.simuleval_speech` writes it.

*Units*: ``delays`` belong to words, to characters without spaces, or to the pieces of
``prediction_spm``, whichever there are as many of.  With fewer delays than units the last delay
stands for the rest, with more the surplus is dropped; a note says so.

*Aware time*: ``elapsed`` is the audio given so far plus all compute since the recording began.
The compute between two emissions is its increase, less the new audio: that becomes a job, placed
so that the write's live time is the logged one.  ``ca="live"`` lays the jobs out as a queue
instead.  For text input SimulEval measures nothing, and an empty ``elapsed`` (as all speech
output has it) holds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError, TraceError
from s2st_bench.formats.log import UNKNOWN_LANG, Ca, Log, json_lines, number_at, numbers_at, queued
from s2st_bench.formats.simuleval_speech import located, speech_trace
from s2st_bench.metric import LatencyUnit
from s2st_bench.timeline import emissions, final_text
from s2st_bench.types import (
    AudioSource,
    Job,
    Recording,
    Segment,
    Step,
    TextSource,
    TimedWrite,
    Trace,
)
from s2st_bench.units import Span, count_units, unit_spans

NAME = "simuleval"


def read(path: Path, *, source_lang: str = "", target_lang: str = "", ca: Ca = "logged") -> Log:
    """Read a log; a folder means the ``instances.log`` in it.

    Raises
    ------
    TraceError
        Naming file and line.
    """
    file = path / "instances.log" if path.is_dir() else path
    langs = source_lang or UNKNOWN_LANG, target_lang or UNKNOWN_LANG
    notes: list[str] = []
    traces: list[Trace] = []
    recordings: list[Recording] = []
    seen: dict[str, str] = {}
    for where, row in json_lines(file, notes):
        if "index" not in row:
            raise TraceError(f"{where}: no 'index': not an instance of SimulEval")
        trace, recording = instance(row, langs, where, notes)
        trace = located(trace, file.parent)
        if recording.id in seen:
            raise TraceError(f"{where}: index {recording.id} again; it is on {seen[recording.id]}")
        seen[recording.id] = where
        traces.append(queued(trace) if ca == "live" and trace.clock != "ideal" else trace)
        recordings.append(recording)
    if not traces:
        raise TraceError(f"{file}: holds no whole instance")
    measured = any(trace.clock != "ideal" for trace in traces)
    meaning = ("live(from simuleval)" if ca == "live" else NAME) if measured else ""
    return Log(tuple(traces), tuple(recordings), meaning, tuple(notes))


def instance(
    row: dict[str, Any], langs: tuple[str, str], where: str, notes: list[str]
) -> tuple[Trace, Recording]:
    """One instance from its parsed JSON, its ``index`` the recording's id.

    Raises
    ------
    TraceError
        Naming ``where``.
    """
    recording = _recording(row, langs, where)
    return _trace(row, recording, where, notes), recording


def write(
    traces: Iterable[Trace],
    recordings: Iterable[Recording],
    path: Path,
    *,
    unit: LatencyUnit = "word",
) -> None:
    """Write text output as an ``instances.log``; a failed recording is an empty prediction.

    ``elapsed`` gets the live times, not SimulEval's sum, so that its scorers give our aware scores.

    Raises
    ------
    TraceError
        The file cannot be written, there are several traces of one recording, or one holds speech
        only: SimulEval's log would name a wav with its silences, which a trace does not have.
    """
    by_id = {recording.id: recording for recording in recordings}
    written: set[str] = set()
    index = {recording_id: i for i, recording_id in enumerate(by_id)}
    if all(map(str.isdecimal, by_id)):
        index = {recording_id: int(recording_id) for recording_id in by_id}
    try:
        with path.open("w", encoding="utf-8") as file:
            for trace in traces:
                if "text" not in trace.outputs:
                    raise TraceError(f"trace of {trace.recording_id!r}: speech without text cannot "
                                     "be written as an instances.log")
                if trace.recording_id in written:
                    raise TraceError(f"several traces of recording {trace.recording_id!r}; an "
                                     "instances.log holds one repeat and one target language")
                written.add(trace.recording_id)
                row = _row(trace, by_id[trace.recording_id], index[trace.recording_id], unit)
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise TraceError(f"{path}: cannot be written ({error.strerror})") from None


def _recording(row: dict[str, Any], langs: tuple[str, str], where: str) -> Recording:
    recording_id = str(row["index"])
    length = number_at(row, "source_length", where)
    if length < 0:
        raise TraceError(f"{where}: 'source_length' is below 0")
    source, raw = _source(row, length, where)
    reference = row.get("reference")
    references = {} if reference is None else {langs[1]: (str(reference),)}
    in_seconds = isinstance(source, AudioSource)
    segment = Segment(
        recording_id, 0.0, length / 1000.0 if in_seconds else 0.0,
        transcript="" if in_seconds else raw, references=references,
    )
    return Recording(recording_id, source, langs[0], (langs[1],), (segment,),
                     sample_rate_hz=_rate_of(row.get("source")))


def _source(
    row: dict[str, Any], length: float, where: str
) -> tuple[AudioSource | TextSource, str]:
    """Speech is a list that begins with the wav's path (as soundfile describes it)."""
    raw = row.get("source", "")
    if isinstance(raw, list):
        if not raw or not isinstance(raw[0], str):
            raise TraceError(f"{where}: 'source' is a list without a path")
        return AudioSource(Path(raw[0]), 0.0, length / 1000.0), raw[0]
    if not isinstance(raw, str):
        raise TraceError(f"{where}: 'source' must be a text or a list, not {raw!r}")
    if len(raw.split()) != length:
        # a path alone, as OmniSTEval's examples and S2S logs have it
        return AudioSource(Path(raw), 0.0, length / 1000.0), raw
    return TextSource(tuple(raw.split())), raw


def _rate_of(source: Any) -> int:
    """``["…", "samplerate: 16000", …]`` to 16000."""
    for line in source if isinstance(source, list) else ():
        key, _, value = str(line).partition(":")
        digits = value.split()
        if key == "samplerate" and digits and digits[0].isdecimal():
            return int(digits[0])
    return 16_000


def _trace(row: dict[str, Any], recording: Recording, where: str, notes: list[str]) -> Trace:
    if "intervals" in row:
        return speech_trace(row, recording, NAME, where)
    text = row.get("prediction")
    if not isinstance(text, str):
        raise TraceError(f"{where}: 'prediction' must be a text, not {text!r}")
    in_seconds = isinstance(recording.source, AudioSource)
    scale = 1000.0 if in_seconds else 1.0
    delays = [d / scale for d in numbers_at(row, "delays", where)]
    if any(delay < 0 for delay in delays):
        raise TraceError(f"{where}: a delay below 0")
    elapsed = [e / scale for e in numbers_at(row, "elapsed", where)]
    measured = in_seconds and bool(elapsed) and len(elapsed) == len(delays)
    if in_seconds and elapsed and not measured:
        notes.append(f"{where}: {len(elapsed)} elapsed for {len(delays)} delays; "
                     "computation-aware times left out")
    parts = _parts(text, delays, row, where, notes)
    times = list(zip(delays, elapsed if measured else delays, strict=True))
    return Trace(
        system=NAME,
        recording_id=recording.id,
        target_lang=recording.target_langs[0],
        source_length=number_at(row, "source_length", where) / scale,
        steps=_steps(list(zip(parts, times, strict=False)), measured),
        source_unit="s" if in_seconds else "tokens",
        clock="simulated" if measured else "ideal",
    )


def _parts(
    text: str, delays: Sequence[float], row: dict[str, Any], where: str, notes: list[str]
) -> list[str]:
    """The text cut at its units, one part a delay, so that joined they are the text again."""
    n = len(delays)
    spans = unit_spans(text, "word")[1]
    if n != len(spans):
        try:
            spans = _other_spans(text, n, row.get("prediction_spm")) or spans
        except InputError as error:
            raise TraceError(f"{where}: {error}") from None
    if not spans:
        return []
    starts = [0, *(start for start, _ in spans[1:])]
    if len(spans) > n:
        notes.append(f"{where}: {n} delays for {len(spans)} words; "
                     + ("the last stands for the rest" if n else "the text has no times"))
        if not n:
            raise TraceError(f"{where}: a prediction without delays")
        starts = starts[:n]
    elif len(spans) < n:
        notes.append(f"{where}: {n} delays for {len(spans)} words; the surplus is dropped")
        starts = starts[: len(spans)]
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def _other_spans(text: str, n: int, pieces: Any) -> tuple[Span, ...]:
    """Spans of the units, if no words, of which there are ``n``; none where nothing fits."""
    if isinstance(pieces, list) and pieces and len(pieces) == n:
        return unit_spans(text, "spm", lambda _: [str(piece) for piece in pieces])[1]
    units: tuple[LatencyUnit, ...] = ("char", "any_char")
    for unit in units:  # OmniSTEval's count spaces
        if count_units(text, unit) == n:
            return unit_spans(text, unit)[1]
    return ()


def _steps(
    parts: Sequence[tuple[str, tuple[float, float]]], measured: bool
) -> tuple[Step, ...]:
    """One step for each run of units with the same times."""
    steps: list[Step] = []
    spent = 0.0
    for number, ((delay, elapsed), run) in enumerate(groupby(parts, key=lambda part: part[1])):
        compute = max(0.0, elapsed - delay - spent) if measured else 0.0
        spent += compute
        job = Job(number, "system", elapsed - compute, elapsed)
        said = TimedWrite(number, compute, "".join(text for text, _ in run))
        steps.append(Step(delay, delay, (job,), (said,)))
    return tuple(steps)


def _row(
    trace: Trace, recording: Recording, index: int, unit: LatencyUnit
) -> dict[str, Any]:
    failed = trace.error is not None
    units = () if failed else emissions(trace, unit)
    scale = 1000.0 if trace.source_unit == "s" else 1.0
    measured = all(e.elapsed is not None for e in units)
    source = recording.source
    references = [said[0] for segment in recording.segments
                  if (said := segment.references.get(trace.target_lang))]
    return {
        "index": index,
        "prediction": "" if failed else final_text(trace),
        "delays": [e.delay * scale for e in units],
        "elapsed": [e.elapsed * scale for e in units if e.elapsed is not None] if measured else [],
        "prediction_length": len(units),
        "reference": " ".join(references) if references else None,
        "source": " ".join(source.tokens) if isinstance(source, TextSource) else [
            str(source.path), f"samplerate: {recording.sample_rate_hz} Hz"],
        "source_length": trace.source_length * scale,
    }
