"""simulstream's metrics log: JSON lines, times in seconds.

Lines: ``{"model_loading_time"}``; ``{"id", "metadata": {"wav_name"}}`` opens a recording; then one
line a processed chunk, ``{"id", "total_audio_processed", "computation_time",
"generated_tokens", "deleted_tokens"}``, the last at the end of the stream.

The log holds tokens, not text: pieces that begin words with ``▁`` are joined as SentencePiece
does, others by spaces (or by nothing, on request).  A chunk's write takes back what its deleted
tokens had been and appends what its new ones make.  The source's length is not logged: it is the
audio processed.

*Aware time* is the audio processed so far plus the compute of the chunk alone, backlog apart, as
simulstream's own scorer has it; ``ca="live"`` lays the chunks' work out as a queue instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from os.path import commonprefix
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from s2st_bench.errors import TraceError
from s2st_bench.formats.log import UNKNOWN_LANG, Ca, Log, json_lines, number_at, queued
from s2st_bench.types import AudioSource, Job, Recording, Segment, Step, TimedWrite, Trace
from s2st_bench.units import META

NAME = "simulstream"
Detokenizer = Literal["auto", "spm", "word", "char"]


def read(
    path: Path,
    *,
    source_lang: str = "",
    target_lang: str = "",
    ca: Ca = "logged",
    detokenizer: Detokenizer = "auto",
) -> Log:
    """Read a log.

    Raises
    ------
    TraceError
        Naming file and line.
    """
    notes: list[str] = []
    by_id: dict[str, _Recording] = {}
    found: dict[str, _Recording] = {}
    for where, row in json_lines(path, notes):
        if "metadata" in row:
            opened = _Recording(_name(row, where))
            if opened.name in found:
                raise TraceError(f"{where}: {opened.name} again; each recording stands once")
            by_id[str(row.get("id"))] = found[opened.name] = opened
        elif "id" in row:
            if str(row["id"]) not in by_id:
                raise TraceError(f"{where}: id {row['id']} has no line with its metadata before")
            by_id[str(row["id"])].add(row, where)
    if not found:
        raise TraceError(f"{path}: holds no recording")
    join = _joiner(detokenizer, found.values())
    langs = source_lang or UNKNOWN_LANG, target_lang or UNKNOWN_LANG
    traces = [recording.trace(join, langs[1]) for recording in found.values()]
    if ca == "live":
        traces = [queued(trace) for trace in traces]
    recordings = tuple(recording.recording(langs) for recording in found.values())
    return Log(tuple(traces), recordings, f"live(from {NAME})" if ca == "live" else NAME,
               tuple(notes))


@dataclass(slots=True)
class _Chunk:
    audio_s: float
    compute_s: float
    kept: int
    """Tokens that stay of those before."""
    tokens: tuple[str, ...]
    """All that stand after it."""


@dataclass(slots=True)
class _Recording:
    """One recording as its lines come in."""

    name: str
    chunks: list[_Chunk] = field(default_factory=list)

    def add(self, row: dict[str, Any], where: str) -> None:
        before = self.chunks[-1].tokens if self.chunks else ()
        deleted, generated = _tokens(row, "deleted_tokens", where), \
            _tokens(row, "generated_tokens", where)
        kept = len(before) - len(deleted)
        if kept < 0 or before[kept:] != deleted:
            raise TraceError(f"{where}: 'deleted_tokens' are not the last of {self.name}'s tokens")
        audio_s = number_at(row, "total_audio_processed", where)
        compute_s = number_at(row, "computation_time", where)
        if compute_s < 0 or audio_s < 0:
            raise TraceError(f"{where}: a time below 0")
        self.chunks.append(_Chunk(audio_s, compute_s, kept, before[:kept] + generated))

    def trace(self, join: Callable[[Sequence[str]], str], target_lang: str) -> Trace:
        text = ""
        before: tuple[str, ...] = ()
        steps = []
        for number, chunk in enumerate(self.chunks):
            job = Job(number, "system", chunk.audio_s, chunk.audio_s + chunk.compute_s)
            after = join(chunk.tokens)
            # deleted text that is said again is new; its times are this chunk's
            stays = len(commonprefix([text, join(before[: chunk.kept]), after]))
            said = TimedWrite(number, chunk.compute_s, after[stays:],
                              retract_chars=len(text) - stays)
            writes = (said,) if said.text or said.retract_chars else ()
            steps.append(Step(chunk.audio_s, chunk.audio_s, (job,), writes))
            text, before = after, chunk.tokens
        length = max((chunk.audio_s for chunk in self.chunks), default=0.0)
        return Trace(NAME, self.name, target_lang, length, tuple(steps))

    def recording(self, langs: tuple[str, str]) -> Recording:
        length = max((chunk.audio_s for chunk in self.chunks), default=0.0)
        return Recording(self.name, AudioSource(Path(self.name), 0.0, length), langs[0],
                         (langs[1],), (Segment(self.name, 0.0, length),))


def _name(row: dict[str, Any], where: str) -> str:
    metadata = row["metadata"]
    name = metadata.get("wav_name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not PurePosixPath(name).stem:
        raise TraceError(f"{where}: 'metadata' without 'wav_name'")
    return PurePosixPath(name).stem


def _tokens(row: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = row.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TraceError(f"{where}: {key!r} must be a list of texts")
    return tuple(values)


def _joiner(
    name: Detokenizer, recordings: Iterable[_Recording]
) -> Callable[[Sequence[str]], str]:
    if name == "auto":
        tokens = (t for r in recordings for chunk in r.chunks for t in chunk.tokens)
        name = "spm" if any(token.startswith(META) for token in tokens) else "word"
    if name == "spm":
        return lambda tokens: "".join(tokens).replace(META, " ").strip()
    return (" " if name == "word" else "").join
