"""Traces as the logs of other tools, with the files those need to score them.

========================  =========================================================================
``simuleval``             ``instances.log``, ``config.yaml``, for ``simuleval --score-only``;
                          ``wavs`` of speech output
``simulstream``           ``metrics.jsonl``, ``eval.yaml``, and segments and references
``omnisteval``            ``hypotheses.jsonl``, and segments and references
``resegmented``           ``instances.resegmented.jsonl``, cut by our resegmenter
``simulstreaming, sltev``  a file a recording
``trace``                 ``traces.jsonl``
``run``                   a run folder: what every other verb reads
========================  =========================================================================

Segments and references are ``segments.yaml`` and ``references.txt``.  A log holds one hypothesis a
recording, in the corpus' order; a recording without a trace is one that said nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from s2st_bench import __version__
from s2st_bench import trace as trace_file
from s2st_bench.corpus import fingerprint
from s2st_bench.errors import InputError, UsageError
from s2st_bench.formats import (
    omnisteval,
    resegmented,
    segments,
    simuleval,
    simuleval_speech,
    simulstream,
    simulstream_write,
    simulstreaming,
    sltev,
)
from s2st_bench.items import RecordingEnd, items, lost_trace
from s2st_bench.metric import LatencyUnit
from s2st_bench.resegment import Resegmenter, SoftSegmenter
from s2st_bench.store import RunWriter, write_atomically
from s2st_bench.types import Recording, RunRecord, Trace

TARGETS = ("run", "trace", "simuleval", "simulstream", "omnisteval", "resegmented",
           "simulstreaming", "sltev")
_LOGS: Mapping[str, str] = MappingProxyType({
    simuleval.NAME: "instances.log", simulstream.NAME: simulstream.FILE,
    omnisteval.NAME: omnisteval.FILE, resegmented.NAME: resegmented.FILE,
})
_NAMES_ITS_OWN = frozenset({"run", simulstreaming.NAME, sltev.NAME})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a log cannot hold all of."""

    unit: LatencyUnit = "word"
    """Whose times a log of units holds."""
    target_lang: str = ""
    """Which language, where the traces have several."""
    repeat: int | None = None
    """Which repeat, where there are several."""
    resegmenter: Resegmenter = field(default_factory=SoftSegmenter)
    recording_end: RecordingEnd = "audio"
    corpus: str = ""
    """What a run folder calls its corpus."""
    speech: bool = False
    """Speech output rather than text, where the traces have both."""
    audio: Path = Path()
    """Where pieces of speech lie."""
    file: str = ""
    """The log alone, by this name, without the files beside it."""


def convert(
    traces: Sequence[Trace], recordings: Sequence[Recording], to: str, folder: Path,
    settings: Settings | None = None,
) -> list[Path]:
    """Write ``traces`` as ``to``, one of :data:`TARGETS`, into ``folder``; the files written.

    Raises
    ------
    UsageError
        Several languages or repeats where the log holds one.
    TraceError
        A trace holds what the log cannot.
    InputError
        The folder cannot be made.
    """
    how = settings or Settings()
    if how.file and to in _NAMES_ITS_OWN:
        raise UsageError(f"--out {how.file}: {to} is a folder of files; name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from None
    if to == "trace":
        return [_traces(traces, folder / (how.file or "traces.jsonl"))]
    if to == "run":
        return [_run(traces, recordings, folder, how)]
    one = list(_one_each(traces, recordings, how))
    if to == simulstreaming.NAME:
        return simulstreaming.write(one, recordings, folder)
    if to == sltev.NAME:
        return sltev.write(one, recordings, folder)
    if to not in _LOGS:
        raise UsageError(f"--to {to}: one of {', '.join(TARGETS)}")
    if to == simuleval.NAME and (how.speech or "text" not in one[0].outputs):
        speech = simuleval_speech.write(one, recordings, folder / (how.file or _LOGS[to]),
                                        how.audio)
        return [*speech, *([] if how.file else [_config(one, "speech", folder)])]
    log = folder / (how.file or _LOGS[to])
    _write(one, recordings, to, log, how)
    return [log, *([] if how.file else _beside(one, recordings, to, folder))]


def _write(
    one: Sequence[Trace], recordings: Sequence[Recording], to: str, log: Path, how: Settings
) -> None:
    if to == simuleval.NAME:
        simuleval.write(one, recordings, log, unit=how.unit)
    elif to == simulstream.NAME:
        simulstream_write.write(one, recordings, log)
    elif to == omnisteval.NAME:
        omnisteval.write(one, recordings, log, unit=how.unit)
    else:
        by_id = {recording.id: recording for recording in recordings}
        resegmented.write((item for trace in one for item in items(
            trace, by_id[trace.recording_id], how.unit, resegmenter=how.resegmenter,
            recording_end=how.recording_end)), log)


def _beside(
    one: Sequence[Trace], recordings: Sequence[Recording], to: str, folder: Path
) -> list[Path]:
    """What the tool needs to score the log."""
    if to == simuleval.NAME:
        return [_config(one, "text", folder)]
    if to == simulstream.NAME:
        config = folder / "eval.yaml"
        write_atomically(config, "".join(f"{key}: {value}\n"
                                         for key, value in simulstream.EVAL_CONFIG.items()))
        return [config, *_references(recordings, one[0].target_lang, folder)]
    if to == omnisteval.NAME:
        return _references(recordings, one[0].target_lang, folder)
    return []


def _config(one: Sequence[Trace], target: str, folder: Path) -> Path:
    """SimulEval's note of what its agent hears and says."""
    path = folder / "config.yaml"
    source = "text" if one[0].source_unit == "tokens" else "speech"
    write_atomically(path, f"source_type: {source}\ntarget_type: {target}\n")
    return path


def _one_each(
    traces: Sequence[Trace], recordings: Sequence[Recording], how: Settings
) -> Iterator[Trace]:
    """One trace a recording, in the corpus' order."""
    langs = {t.target_lang for t in traces if how.target_lang in ("", t.target_lang)}
    repeats = {t.repeat for t in traces if how.repeat in (None, t.repeat)}
    if len(langs) != 1:
        raise UsageError(f"the log holds one target language, and there are "
                         f"{', '.join(sorted(langs)) or 'none'}; choose with --target-lang")
    if len(repeats) != 1:
        raise UsageError(f"the log holds one repeat, and there are "
                         f"{', '.join(map(str, sorted(repeats))) or 'none'}; choose with --repeat")
    (lang,), (repeat,) = langs, repeats
    by_key = {trace.key: trace for trace in traces}
    for recording in recordings:
        found = by_key.get((recording.id, lang, repeat))
        yield found or lost_trace(recording, lang, like=traces[0], repeat=repeat)


def _references(recordings: Sequence[Recording], lang: str, folder: Path) -> list[Path]:
    if not any(s.references.get(lang) for r in recordings for s in r.segments):
        return []
    written = [folder / "segments.yaml", folder / "references.txt"]
    segments.write(recordings, lang, *written)
    return written


def _traces(traces: Sequence[Trace], path: Path) -> Path:
    write_atomically(path, "".join(trace_file.encode(trace) + "\n" for trace in traces))
    return path


def _run(
    traces: Sequence[Trace], recordings: Sequence[Recording], folder: Path, how: Settings
) -> Path:
    first = traces[0]
    record = RunRecord(
        system=first.system,
        corpus=how.corpus,
        clock=first.clock,
        config={"converted": True},
        source_lang=recordings[0].source_lang,
        target_lang=how.target_lang or first.target_lang,
        outputs=first.outputs,
        fingerprint=fingerprint(recordings, headers=False),
        n_recordings=len(recordings),
        versions={"s2st_bench": __version__},
        status="finished",
    )
    with RunWriter(folder) as run:
        run.write_recordings(recordings)
        for trace in traces:
            run.append_trace(trace_file.encode(trace).encode())
        run.write_record(record)
    return folder
