"""Recordings and run records as JSON, so that a run folder can be scored on its own.

``recordings.jsonl`` keeps what the run's corpus said (references, words, source paths); numbers
round-trip exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.types import (
    AudioSource,
    Context,
    Recording,
    RunRecord,
    Score,
    Segment,
    Term,
    TextSource,
    Word,
)


def encode_recording(recording: Recording) -> str:
    """One line of JSON, without the newline."""
    row = {
        "id": recording.id,
        "source": _encode_source(recording.source),
        "source_lang": recording.source_lang,
        "target_langs": recording.target_langs,
        "sample_rate_hz": recording.sample_rate_hz,
        "cluster": recording.cluster,
        "segments": [_encode_segment(s) for s in recording.segments],
        "reference_audio": {k: _encode_source(v) for k, v in recording.reference_audio.items()},
        "documents": recording.context.documents,
        "glossary": [_encode_term(t) for t in recording.context.glossary],
        "licence": recording.licence,
        "text_norm": recording.text_norm,
    }
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def decode_recording(line: str | bytes, where: str = "recording") -> Recording:
    """Read one line back; raises InputError naming ``where``."""
    try:
        row = json.loads(line)
        return Recording(
            id=row["id"],
            source=_decode_source(row["source"]),
            source_lang=row["source_lang"],
            target_langs=tuple(row["target_langs"]),
            segments=tuple(_decode_segment(s) for s in row["segments"]),
            sample_rate_hz=row["sample_rate_hz"],
            cluster=row["cluster"],
            reference_audio={k: _decode_audio(v) for k, v in row["reference_audio"].items()},
            context=Context(
                tuple(row["documents"]), tuple(_decode_term(t) for t in row["glossary"])
            ),
            licence=row["licence"],
            text_norm=row["text_norm"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{where}: not a recording of this release ({error!r})") from None


def encode_run(record: RunRecord) -> str:
    """The run record as readable JSON."""
    return json.dumps(asdict(record), ensure_ascii=False, indent=2) + "\n"


def decode_run(text: str, where: str = "run.json") -> RunRecord:
    """Read a run record back; raises InputError naming ``where``."""
    try:
        row = json.loads(text)
        if row["version"] != RunRecord.__dataclass_fields__["version"].default:
            raise InputError(f"{where}: run record version {row['version']!r} is not known here")
        row["outputs"] = tuple(row["outputs"])
        row["scores"] = tuple(decode_score(s) for s in row["scores"])
        return RunRecord(**row)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{where}: not a run record ({error!r})") from None


def decode_score(row: Mapping[str, Any]) -> Score:
    """A score from its JSON object."""
    ci95 = row.get("ci95")
    return Score(**{**row, "ci95": tuple(ci95) if ci95 is not None else None,
                    "marks": tuple(row.get("marks", ()))})


def _encode_source(source: AudioSource | TextSource) -> dict[str, Any]:
    if isinstance(source, AudioSource):
        return {"audio": str(source.path), "offset_s": source.offset_s,
                "duration_s": source.duration_s}
    return {"tokens": source.tokens, "start_s": source.start_s}


def _decode_source(row: Mapping[str, Any]) -> AudioSource | TextSource:
    if "audio" in row:
        return _decode_audio(row)
    return TextSource(tuple(row["tokens"]), tuple(row["start_s"]))


def _decode_audio(row: Mapping[str, Any]) -> AudioSource:
    return AudioSource(Path(row["audio"]), row["offset_s"], row["duration_s"])


def _encode_segment(s: Segment) -> dict[str, Any]:
    row: dict[str, Any] = {"id": s.id, "start_s": s.start_s, "end_s": s.end_s}
    for name in ("transcript", "references", "speaker", "alignment", "origin"):
        if value := getattr(s, name):
            row[name] = value
    if s.words:
        row["words"] = [[w.text, w.start_s, w.end_s] for w in s.words]
    if s.terms:
        row["terms"] = [_encode_term(t) for t in s.terms]
    return row


def _decode_segment(row: Mapping[str, Any]) -> Segment:
    return Segment(
        id=row["id"],
        start_s=row["start_s"],
        end_s=row["end_s"],
        transcript=row.get("transcript", ""),
        references={k: tuple(v) for k, v in row.get("references", {}).items()},
        speaker=row.get("speaker", ""),
        words=tuple(Word(*w) for w in row.get("words", ())),
        alignment={k: tuple((a, b) for a, b in v) for k, v in row.get("alignment", {}).items()},
        terms=tuple(_decode_term(t) for t in row.get("terms", ())),
        origin=row.get("origin", ""),
    )


def _encode_term(term: Term) -> dict[str, Any]:
    return {"source": term.source, "targets": dict(term.targets)}


def _decode_term(row: Mapping[str, Any]) -> Term:
    return Term(row["source"], {k: tuple(v) for k, v in row["targets"].items()})
