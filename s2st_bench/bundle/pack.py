"""From a run folder to a bundle.

Paths of source and reference audio are cut to their file names: nobody else has them there, and
they would tell where they lay.  The same run gives the same bundle, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from s2st_bench import records
from s2st_bench.audio import AudioInfo, info
from s2st_bench.errors import InputError, RunError
from s2st_bench.store import RunFolder
from s2st_bench.types import AudioSource, Recording

from .layout import MANIFEST, OPTIONAL, PIECES, REQUIRED, VERSION, belongs

_EPOCH = (1980, 1, 1, 0, 0, 0)
_BLOCK = 1 << 20


def pack(run: Path, out: Path) -> Path:
    """Write the bundle of a finished, scored run to ``out``, atomically.

    Raises
    ------
    InputError
        It is no run, is not finished or not scored, or holds a file that cannot be read.
    RunError
        ``out`` cannot be written.
    """
    folder = RunFolder(run)
    if (status := folder.record().status) != "finished":
        raise InputError(f"{run}: the run is not finished ({status}); "
                         f"go on with: s2st-bench run resume={run}")
    for name in REQUIRED:
        if not (run / name).is_file():
            raise InputError(f"{run / name}: missing; score the run first: s2st-bench score {run}")
    _check_speech(folder)
    beside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as bundle:
            files = {name: _add(bundle, name, data) for name, data in _contents(folder)}
            manifest = {"version": VERSION, "files": files}
            bundle.writestr(_entry(MANIFEST), json.dumps(manifest, indent=1, sort_keys=True))
        beside.replace(out)
    except OSError as error:
        where = out if str(error.filename) == str(beside) else error.filename or out
        raise RunError(f"{where}: cannot be written ({error.strerror or error}); give --out FILE"
                       ) from None
    finally:
        beside.unlink(missing_ok=True)
    return out


def portable(recording: Recording) -> Recording:
    """The recording without the folders of its audio."""

    def bare(source: AudioSource) -> AudioSource:
        return replace(source, path=Path(source.path.name))

    source = recording.source
    return replace(
        recording, source=bare(source) if isinstance(source, AudioSource) else source,
        reference_audio={k: bare(v) for k, v in recording.reference_audio.items()},
    )


def _check_speech(folder: RunFolder) -> None:
    """Every piece of the traces is there, whole; raises InputError."""
    known: dict[str, AudioInfo] = {}
    for trace in folder.traces():
        for piece in trace.pieces:
            path = folder.path / piece.path
            if piece.path not in known:
                known[piece.path] = info(path)  # raises where there is none
            held = known[piece.path]
            if held.sample_rate_hz != piece.sample_rate_hz or (
                held.frames is not None and held.frames < piece.offset + piece.length
            ):
                raise InputError(f"{path}: is not the speech that the trace of "
                                 f"{trace.recording_id!r} describes; run it again")


def _contents(folder: RunFolder) -> Iterator[tuple[str, Path | bytes]]:
    """Every file of the bundle, in order; bytes where it is not the folder's own."""
    for name in (*REQUIRED, *OPTIONAL):
        if name == "recordings.jsonl":
            rows = (records.encode_recording(portable(r)) for r in folder.recordings())
            yield name, "".join(row + "\n" for row in rows).encode()
        elif (folder.path / name).is_file():
            yield name, folder.path / name
    for path in sorted((folder.path / PIECES).glob("*")):
        name = f"{PIECES}{path.name}"
        if not belongs(name):
            raise InputError(f"{path}: a name that no bundle may hold; rename it, and in "
                             "traces.jsonl")
        yield name, path


def _add(bundle: zipfile.ZipFile, name: str, data: Path | bytes) -> dict[str, int | str]:
    digest, size = hashlib.sha256(), 0
    with bundle.open(_entry(name), "w", force_zip64=True) as out:
        if isinstance(data, bytes):
            digest.update(data)
            size = len(data)
            out.write(data)
        else:
            with data.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
                    out.write(block)
    return {"size": size, "sha256": digest.hexdigest()}


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
