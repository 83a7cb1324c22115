"""Any log by the name of its format: the one place that knows all readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from s2st_bench import trace as trace_file
from s2st_bench.formats import (
    omnisteval,
    resegmented,
    simuleval,
    simulstream,
    simulstreaming,
    sltev,
)
from s2st_bench.formats.detect import TRACE
from s2st_bench.formats.log import UNKNOWN_LANG, Ca, Log
from s2st_bench.formats.tokens import Joining
from s2st_bench.types import AudioSource, Recording, Segment, TextSource, Trace

_READERS: Mapping[str, Callable[..., Log]] = MappingProxyType({
    module.NAME: module.read
    for module in (simuleval, omnisteval, resegmented, simulstreaming, sltev)
})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a log does not say itself."""

    source_lang: str = ""
    target_lang: str = ""
    ca: Ca = "logged"
    joining: Joining | None = None
    """How tokens join, in a log of tokens; none: as it says, or as they look."""


def read(path: Path, name: str, reading: Reading | None = None) -> Log:
    """Read a log of format ``name``, one of :data:`s2st_bench.formats.detect.FORMATS`.

    Raises
    ------
    TraceError
        Naming file and line.
    """
    how = reading or Reading()
    if name == TRACE:
        return traces(path / "traces.jsonl" if path.is_dir() else path)
    if name == simulstream.NAME:
        return simulstream.read(path, source_lang=how.source_lang, target_lang=how.target_lang,
                                ca=how.ca, joining=how.joining)
    return _READERS[name](path, source_lang=how.source_lang, target_lang=how.target_lang,
                          ca=how.ca)


def traces(path: Path) -> Log:
    """Traces alone: recordings are made up from what they say, without references."""
    found = tuple(trace_file.read(path))
    recordings: dict[str, Recording] = {}
    for trace in found:
        known = recordings.get(trace.recording_id)
        langs = dict.fromkeys((*(known.target_langs if known else ()), trace.target_lang))
        recordings[trace.recording_id] = replace(known or _made_up(trace),
                                                 target_langs=tuple(langs))
    return Log(found, tuple(recordings.values()), "live")


def _made_up(trace: Trace) -> Recording:
    in_seconds = trace.source_unit == "s"
    length_s = trace.source_length if in_seconds else 0.0
    source = AudioSource(Path(trace.recording_id), 0.0, length_s) if in_seconds else \
        TextSource(("",) * int(trace.source_length))
    segment = Segment(trace.recording_id, 0.0, length_s)
    return Recording(trace.recording_id, source, UNKNOWN_LANG, (trace.target_lang,), (segment,))
