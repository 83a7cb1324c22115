"""From a bundle of somebody's to a run folder, with nothing believed.

Refused, with the reason: what is no zip, or a damaged one; a name that leads elsewhere or that no
run folder has; links, folders, encrypted or doubled entries; more files, bytes or compression than
:class:`Limits` allow, counted while reading, whatever the headers say; a file that the manifest
does not name or describes otherwise; traces whose speech lies outside ``pieces/``; recordings that
name audio by a path.  Trust marks are laid out as what they are here: a claim.
"""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from s2st_bench.errors import InputError
from s2st_bench.store import RunFolder
from s2st_bench.trust.report import CLAIMED_FILE
from s2st_bench.types import AudioSource

from .layout import MANIFEST, PIECES, REQUIRED, TRUST, VERSION, belongs

_BLOCK = 1 << 18
_MANIFEST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a bundle may be."""

    files: int = 100_000
    bytes: int = 20 << 30
    """Of all files, unpacked."""
    ratio: float = 200.0
    """Unpacked over packed, of each file beyond 1 MB."""


def unpack(bundle: Path, into: Path, limits: Limits | None = None) -> Path:
    """Check ``bundle`` and lay it out in ``into``, which must be empty; returns ``into``.

    Raises
    ------
    InputError
        Naming the bundle, the entry in it and what is wrong.
    """
    allowed = limits or Limits()
    try:
        with zipfile.ZipFile(bundle) as archive:
            entries = _checked(bundle, archive, allowed)
            manifest = _manifest(bundle, archive, entries)
            left = allowed.bytes
            for name, said in manifest.items():
                target = into / (CLAIMED_FILE if name == TRUST else name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entries[name]) as source, target.open("xb") as out:
                    left -= _copy(f"{bundle}: {name}", source, out, said, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
            UnicodeDecodeError) as error:
        raise InputError(f"{bundle}: not a bundle, or a damaged one ({error})") from None
    except OSError as error:
        raise InputError(f"{error.filename or bundle}: {error.strerror or error}") from None
    _check_run(bundle, into)
    return into


def _checked(
    bundle: Path, archive: zipfile.ZipFile, allowed: Limits
) -> dict[str, zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > allowed.files:
        raise InputError(f"{bundle}: holds {len(infos)} files, at most {allowed.files} are taken")
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = info.orig_filename
        where = f"{bundle}: {name[:200]!r}"
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or info.is_dir():
            raise InputError(f"{where}: a link or a folder; a bundle holds files only")
        if name != MANIFEST and not belongs(name):
            raise InputError(f"{where}: no file of a run; a path that leads out of the bundle, or "
                             "one that does not belong in it")
        if name in entries:
            raise InputError(f"{where}: is there twice")
        if info.flag_bits & 1:
            raise InputError(f"{where}: is encrypted")
        if info.file_size > max(1 << 20, allowed.ratio * info.compress_size):
            raise InputError(f"{where}: {info.file_size} bytes out of {info.compress_size} is more "
                             f"than {allowed.ratio:g} to 1: a zip bomb is not unpacked")
        entries[name] = info
    total = sum(info.file_size for info in infos)
    if total > allowed.bytes:
        raise InputError(f"{bundle}: {total} bytes unpacked, at most {allowed.bytes} are taken")
    return entries


def _manifest(
    bundle: Path, archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]
) -> dict[str, dict[str, Any]]:
    if MANIFEST not in entries:
        raise InputError(f"{bundle}: holds no {MANIFEST}; make it with: s2st-bench pack RUN")
    with archive.open(entries[MANIFEST]) as file:
        text = file.read(_MANIFEST_BYTES + 1)
    try:
        row = json.loads(text)
        version, files = row["version"], row["files"]
        found = {str(name): {"size": int(one["size"]), "sha256": str(one["sha256"])}
                 for name, one in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{bundle}: {MANIFEST} is damaged ({error!r})") from None
    if version != VERSION:
        raise InputError(f"{bundle}: a bundle of version {version!r}, this s2st-bench reads "
                         f"{VERSION}")
    if missing := [name for name in REQUIRED if name not in found]:
        raise InputError(f"{bundle}: holds no {missing[0]}")
    inside = entries.keys() - {MANIFEST}
    if differ := sorted(inside ^ found.keys()):
        side = "is not named in" if differ[0] in inside else "is missing, though named in"
        raise InputError(f"{bundle}: {differ[0]!r} {side} {MANIFEST}")
    return found


def _copy(where: str, source: IO[bytes], out: IO[bytes], said: dict[str, Any], left: int) -> int:
    """Copy one file, no more than announced; its bytes."""
    digest, size = hashlib.sha256(), 0
    while block := source.read(_BLOCK):
        size += len(block)
        if size > said["size"] or size > left:
            raise InputError(f"{where}: is longer than announced")
        digest.update(block)
        out.write(block)
    if size != said["size"] or digest.hexdigest() != said["sha256"]:
        raise InputError(f"{where}: is not what {MANIFEST} describes; it was edited or damaged")
    return size


def _check_run(bundle: Path, into: Path) -> None:
    """Nothing in the run points outside it."""
    folder = RunFolder(into)
    try:
        if folder.record().status != "finished":
            raise InputError("the run is not finished")
        for recording in folder.recordings():
            sources = [recording.source, *recording.reference_audio.values()]
            for source in sources:
                if isinstance(source, AudioSource) and source.path.name != str(source.path):
                    raise InputError(f"recording {recording.id!r}: names audio by the path "
                                     f"{str(source.path)!r}; pack the run again")
        for trace in folder.traces():
            for piece in trace.pieces:
                if not (piece.path.startswith(PIECES) and belongs(piece.path)):
                    raise InputError(f"trace of {trace.recording_id!r}: its speech lies at "
                                     f"{piece.path!r}, outside {PIECES}")
    except InputError as error:
        text = str(error).replace(f"{into}/", "")
        raise InputError(f"{bundle}: {text}") from None
