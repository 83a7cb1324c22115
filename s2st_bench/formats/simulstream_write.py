"""simulstream's metrics log, written (:mod:`s2st_bench.formats.simulstream` reads it).

A line holds a step's computation, and as tokens the text it adds and takes back, to be joined as
they are (:data:`~s2st_bench.formats.simulstream.EVAL_CONFIG`).  What the format has no place for is
in ``metadata``, which is free: id, languages, source length, failure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

from s2st_bench.errors import TraceError
from s2st_bench.formats.segments import wav_names
from s2st_bench.formats.simulstream import EVAL_CONFIG, LOADING, NAME
from s2st_bench.types import Recording, Trace


def write(traces: Iterable[Trace], recordings: Iterable[Recording], path: Path) -> None:
    """Write text output; a failed recording is one that said nothing.

    Raises
    ------
    TraceError
        Text input, which the format does not know, or the file cannot be written.
    """
    by_id = {recording.id: recording for recording in recordings}
    names = wav_names(by_id.values())
    try:
        with path.open("w", encoding="utf-8") as file:
            for number, trace in enumerate(traces):
                if number == 0 and LOADING in trace.load:
                    file.write(json.dumps({LOADING: trace.load[LOADING]}) + "\n")
                recording = by_id[trace.recording_id]
                for row in _rows(trace, recording, names[recording.id]):
                    file.write(json.dumps({"id": number, **row}, ensure_ascii=False) + "\n")
    except OSError as error:
        raise TraceError(f"{path}: cannot be written ({error.strerror})") from None


def _rows(trace: Trace, recording: Recording, wav_name: str) -> Iterator[dict[str, Any]]:
    if trace.source_unit != "s":
        raise TraceError(f"trace of {trace.recording_id!r}: {NAME} knows no text input; "
                         "convert it to simuleval")
    failed = trace.error is not None
    yield {"metadata": {
        "wav_name": wav_name, "recording_id": recording.id,
        "source_lang": recording.source_lang, "target_lang": trace.target_lang,
        "source_length": trace.source_length, **EVAL_CONFIG,
        **({"error": f"{trace.error.kind}: {trace.error.message}"} if trace.error else {}),
    }}
    edits = [] if failed else _token_edits(trace)
    wrote = False
    for step, (gone, new) in zip(trace.steps, edits, strict=False):
        if step.jobs or gone or new:
            wrote = True
            yield _chunk(step.source_s, sum(job.compute_s for job in step.jobs), new, gone)
    if not wrote:
        yield _chunk(trace.source_length, 0.0, [], [])


def _chunk(
    source_s: float, compute_s: float, new: list[str], gone: list[str]
) -> dict[str, Any]:
    return {"total_audio_processed": source_s, "computation_time": compute_s,
            "generated_tokens": new, "deleted_tokens": gone}


def _token_edits(trace: Trace) -> list[tuple[list[str], list[str]]]:
    """For each step the tokens it takes back and those it adds.

    A token is the text of a step, cut where a later step takes back a part of it; what a step
    itself takes back again is never seen.
    """
    cuts = _cuts(trace)
    standing: list[str] = []
    edits = []
    for number, (retract, text) in enumerate(_net_edits(trace)):
        keep = len(standing)
        while retract > 0:
            keep -= 1
            retract -= len(standing[keep])
        gone = standing[keep:]
        del standing[keep:]
        places = sorted({0, len(text), *cuts[number]})
        new = [text[a:b] for a, b in zip(places, places[1:], strict=False)]
        standing += new
        edits.append((gone, new))
    return edits


def _cuts(trace: Trace) -> list[set[int]]:
    """Where in each step's text a later step cuts it."""
    standing: list[tuple[int, int]] = []  # (step, characters of it that stand)
    cuts: list[set[int]] = []
    for number, (retract, text) in enumerate(_net_edits(trace)):
        cuts.append(set())
        while retract > 0:
            step, length = standing.pop()
            if length > retract:
                standing.append((step, length - retract))
                cuts[step].add(length - retract)
            retract -= length
        if text:
            standing.append((number, len(text)))
    return cuts


def _net_edits(trace: Trace) -> Iterator[tuple[int, str]]:
    """What each step takes back of what stood before it, and what it adds."""
    standing = 0
    for step in trace.steps:
        retract, text = 0, ""
        for write in filter(attrgetter("output"), step.writes):
            own = min(write.retract_chars, len(text))
            text = text[: len(text) - own] + write.text
            retract += write.retract_chars - own
        if retract > standing:
            raise TraceError(f"trace of {trace.recording_id!r}: a write takes back more than was "
                             "written")
        standing += len(text) - retract
        yield retract, text
