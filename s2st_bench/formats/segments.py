"""Reference segments for long recordings: a yaml or json list, and a file of references.

The list is that of MuST-C and OmniSTEval: ``{wav, offset, duration, speaker_id}`` in seconds,
one entry a segment; references stand one a line, in the same order.  A log's recordings are
matched to the list's ``wav`` by file name without folder and suffix.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.types import AudioSource, Recording, Segment


def attach(
    recordings: Sequence[Recording],
    target_lang: str,
    *,
    segments: Path | None = None,
    references: Path | None = None,
) -> tuple[Recording, ...]:
    """The recordings with the segments and references of the files.

    Without ``segments``, ``references`` has one line a recording, in their order.

    Raises
    ------
    InputError
        A file is damaged, counts differ, or a recording has no segments.
    """
    lines = None if references is None else _lines(references)
    if segments is None:
        if lines is None:
            return tuple(recordings)
        _same_number(len(lines), references, len(recordings), "recordings")
        return tuple(
            replace(recording, segments=(
                replace(recording.segments[0], references={target_lang: (line,)}),))
            for recording, line in zip(recordings, lines, strict=True)
        )
    rows = _segment_rows(segments)
    if lines is not None:
        _same_number(len(lines), references, len(rows), f"segments of {segments}")
    by_name: dict[str, list[Segment]] = {}
    for number, (name, start_s, end_s, speaker) in enumerate(rows):
        said = {target_lang: (lines[number],)} if lines is not None else {}
        of_recording = by_name.setdefault(Path(name).stem, [])
        of_recording.append(Segment(str(len(of_recording)), start_s, end_s, references=said,
                                    speaker=speaker))
    return tuple(_with(recording, by_name, segments) for recording in recordings)


def wav_names(recordings: Iterable[Recording]) -> dict[str, str]:
    """The name of each recording's audio by its id: no two alike without folder and suffix."""
    paths = {r.id: r.source.path if isinstance(r.source, AudioSource) else Path(r.id)
             for r in recordings}
    stems = Counter(path.stem for path in paths.values())
    return {recording_id: str(path) if stems[path.stem] == 1 else
            f"{recording_id.replace('/', '_')}.wav" for recording_id, path in paths.items()}


def write(
    recordings: Iterable[Recording], target_lang: str, segments: Path, references: Path
) -> None:
    """Write all recordings' segments as yaml, and their first references one a line.

    Raises
    ------
    InputError
        A file cannot be written.
    """
    rows, lines = [], []
    known = {recording.id: recording for recording in recordings}
    for recording_id, name in wav_names(known.values()).items():
        for segment in known[recording_id].segments:
            said = (segment.references.get(target_lang) or ("",))[0]
            rows.append({"wav": Path(name).name, "offset": segment.start_s,
                         "duration": segment.end_s - segment.start_s,
                         "speaker_id": segment.speaker})
            lines.append(" ".join(said.split("\n")) + "\n")
    try:
        # JSON is yaml, and keeps numbers and names as they are
        segments.write_text("".join(f"- {json.dumps(row, ensure_ascii=False)}\n"
                                    for row in rows), "utf-8")
        references.write_text("".join(lines), "utf-8")
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be written ({error.strerror})") from None


def _with(recording: Recording, by_name: dict[str, list[Segment]], path: Path) -> Recording:
    name = recording.source.path.stem if isinstance(recording.source, AudioSource) else ""
    found = by_name.get(name) or by_name.get(recording.id)
    if not found:
        raise InputError(f"{path}: no segments of recording {recording.id!r} ({name or 'text'}); "
                         f"it has {', '.join(sorted(by_name)[:5])} …")
    return replace(recording, segments=tuple(found), cluster=recording.cluster or name)


def _segment_rows(path: Path) -> list[tuple[str, float, float, str]]:
    rows = _load(path)
    if not isinstance(rows, list):
        raise InputError(f"{path}: a list of segments is wanted")
    found = []
    for number, row in enumerate(rows, 1):
        try:
            start_s = float(row["offset"])
            end_s = start_s + float(row["duration"])
            name = str(row["wav"])
        except (TypeError, KeyError, ValueError) as error:
            raise InputError(f"{path}: segment {number}: wav, offset and duration are wanted "
                             f"({error!r})") from None
        if not 0 <= start_s <= end_s < float("inf"):
            raise InputError(f"{path}: segment {number}: offset {row['offset']} and duration "
                             f"{row['duration']} are no stretch of time")
        found.append((name, start_s, end_s, str(row.get("speaker_id", ""))))
    return found


def _load(path: Path) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text("utf-8")
        return json.loads(text) if path.suffix == ".json" else yaml.load(text, loader)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from None


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text("utf-8").rstrip("\n").split("\n")]
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error.reason})") from None


def _same_number(lines: int, path: Path | None, wanted: int, of: str) -> None:
    if lines != wanted:
        raise InputError(f"{path}: {lines} lines for {wanted} {of}")
