"""SimulEval's form for speech output: ``instances.log`` and ``wavs/<index>_pred.wav``.

A wav begins with the first piece (``prediction_offset``) and holds silence where SimulEval's
listener waits: a piece is heard from max(its delay, the end of the piece before).  Times are ms.
``elapsed``, which SimulEval leaves empty, holds the live times of the pieces where there are any.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from s2st_bench.errors import TraceError
from s2st_bench.formats.log import number_at, numbers_at
from s2st_bench.timeline import NO_JOB, Played, logged_times, output_writes, playback
from s2st_bench.types import AudioSource, Piece, Recording, Step, TimedWrite, Trace

_RATE_KHZ = 1000
"""Of pieces whose wav is not there: the log does not say its rate, only times."""


def write(
    traces: Iterable[Trace], recordings: Iterable[Recording], log: Path, audio: Path
) -> list[Path]:
    """Write the log and, in ``wavs`` beside it, the speech; ``audio`` is where pieces lie.

    Raises
    ------
    TraceError
        A source that is not speech, or the log cannot be written.
    AudioError
        A piece cannot be read.
    """
    by_id = {recording.id: recording for recording in recordings}
    wavs = log.parent / "wavs"
    written = [log]
    try:
        wavs.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as file:
            for index, trace in enumerate(traces):
                heard = () if trace.error is not None else playback(trace, aware=False)
                wav = wavs.resolve() / f"{index}_pred.wav"
                seconds = _render(heard, wav, audio) if heard else 0.0
                written += [wav] if heard else []
                row = _row(trace, by_id[trace.recording_id], heard, seconds)
                file.write(json.dumps({"index": index, "prediction": str(wav), **row},
                                      ensure_ascii=False) + "\n")
    except OSError as error:
        raise TraceError(f"{error.filename or log}: cannot be written "
                         f"({error.strerror or error})") from None
    return written


def _render(heard: tuple[Played, ...], wav: Path, audio: Path) -> float:
    from s2st_bench.audio.render import TimelinePiece, render_timeline

    start_s = heard[0].start_s
    pieces = [
        TimelinePiece(p.start_s - start_s, audio / p.piece.path, p.piece.offset,
                      round((p.end_s - p.start_s) * p.piece.sample_rate_hz))
        for p in heard
    ]
    return render_timeline(pieces, wav, heard[0].piece.sample_rate_hz)


def _row(
    trace: Trace, recording: Recording, heard: tuple[Played, ...], seconds: float
) -> dict[str, Any]:
    if not isinstance(recording.source, AudioSource):
        raise TraceError(f"trace of {trace.recording_id!r}: SimulEval's speech output is of speech")
    given = [step.source_s for step, _ in output_writes(trace)]
    live = logged_times(trace)
    said = [references[0] for segment in recording.segments
            if (references := segment.references.get(trace.target_lang))]
    source_ms = trace.source_length * 1000.0
    return {
        "delays": [given[p.write] * 1000.0 for p in heard],
        "durations": [(p.end_s - p.start_s) * 1000.0 for p in heard],
        "prediction_offset": heard[0].start_s * 1000.0 if heard else source_ms,
        "elapsed": [] if live is None else [live[p.write] * 1000.0 for p in heard],
        "intervals": [[p.start_s * 1000.0, (p.end_s - p.start_s) * 1000.0] for p in heard],
        "prediction_length": seconds,
        "source_length": source_ms,
        "reference": " ".join(said) if said else None,
        "source": str(recording.source.path),
    }


def speech_trace(
    row: dict[str, Any], recording: Recording, system: str, where: str
) -> Trace:
    """The trace of one instance; its pieces are where the log says its wav is."""
    in_seconds = isinstance(recording.source, AudioSource)
    scale = 1000.0 if in_seconds else 1.0
    delays = numbers_at(row, "delays", where)
    intervals = row["intervals"]
    if not isinstance(intervals, list) or len(intervals) != len(delays):
        raise TraceError(f"{where}: 'intervals' must be a list, one for each delay")
    heard = [numbers_at({"intervals": interval}, "intervals", where) for interval in intervals]
    if any(len(interval) != 2 or interval[1] < 0 for interval in heard):
        raise TraceError(f"{where}: an interval is [start, duration] in ms")
    path = str(row.get("prediction", ""))
    elapsed = numbers_at(row, "elapsed", where)
    measured = bool(elapsed) and len(elapsed) == len(delays)
    begins = heard[0][0] if heard else 0.0
    pieces = tuple(
        Piece(path, round((start - begins) * _RATE_KHZ), round(length * _RATE_KHZ),
              _RATE_KHZ * 1000, i)
        for i, (start, length) in enumerate(heard)
    )
    steps = tuple(
        Step(delay / scale, delay / scale, (),
             (TimedWrite(NO_JOB, (live - delay) / scale, speech_s=length / 1000.0),))
        for delay, live, (_, length) in zip(delays, elapsed if measured else delays, heard,
                                            strict=True)
    )
    return Trace(
        system=system,
        recording_id=recording.id,
        target_lang=recording.target_langs[0],
        source_length=number_at(row, "source_length", where) / scale,
        steps=steps,
        pieces=pieces,
        source_unit="s" if in_seconds else "tokens",
        clock="realtime" if measured else "ideal",
        outputs=("speech",),
    )


def located(trace: Trace, folder: Path) -> Trace:
    """The trace of a speech instance with its wav found, and pieces at the wav's own rate.

    The wav lies where the log says or, where the log was moved, in ``wavs`` of its folder.
    """
    if not trace.pieces:
        return trace
    said = Path(trace.pieces[0].path)
    found = next((p for p in (said, folder / said, folder / "wavs" / said.name) if p.is_file()),
                 None)
    if found is None:
        return trace
    from s2st_bench.audio.decode import info

    rate_hz = info(found).sample_rate_hz
    return replace(trace, pieces=tuple(
        replace(piece, path=str(found.resolve()), sample_rate_hz=rate_hz,
                offset=round(piece.offset * rate_hz / piece.sample_rate_hz),
                length=round(piece.length * rate_hz / piece.sample_rate_hz))
        for piece in trace.pieces
    ))
