"""Run folders from elsewhere, copied here to be read."""

from __future__ import annotations

import json
import posixpath
from pathlib import Path
from typing import Any

from s2st_bench.errors import InputError
from s2st_bench.remote.address import HOME, address_of, file_system, staging
from s2st_bench.remote.mirror import parts

_SEEN = ".remote.json"
"""What stood there when a folder was copied: name to size and version."""
_LEFT = ("traces/", "spool/", ".lock")


def here(path: Path) -> list[Path]:
    """``path`` itself; for an address the run folder at it, or the run folders one level below,
    copied to this machine.

    Raises
    ------
    InputError
        There is no run at the address, or it cannot be reached.
    """
    address = address_of(path)
    if address is None:
        return [path]
    system, root = file_system(address)
    try:
        system.invalidate_cache()
        if system.exists(f"{root}/run.json"):
            return [fetched(address)]
        below = sorted(name for name in map(str, system.ls(root, detail=False))
                       if system.exists(f"{name}/run.json"))
    except FileNotFoundError:
        below = []
    except Exception as error:  # the store's own
        raise InputError(f"{address}: cannot be read ({type(error).__name__}: "
                         f"{' '.join(str(error).split())[:300]})") from error
    if not below:
        raise InputError(f"{address}: no run folder there, nor one level below")
    return [fetched(f"{address}/{posixpath.basename(name.rstrip('/'))}") for name in below]


def fetched(address: str, into: Path | None = None) -> Path:
    """The run folder at ``address``, copied (to ``into``); what has not changed since is not
    copied again.

    Traces of a run that is not finished stand in parts there and in one file here.
    """
    system, root = file_system(address)
    folder = into or staging(address, "read")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        system.invalidate_cache()
        found: dict[str, dict[str, Any]] = system.find(root, detail=True)
        seen = _seen(folder)
        now: dict[str, list[str]] = {}
        for name, info in found.items():
            relative = posixpath.relpath(name, root)
            if relative.startswith(_LEFT) or relative.startswith(".."):
                continue
            now[relative] = _version(info)
            if seen.get(relative) != now[relative] or not (folder / relative).is_file():
                (folder / relative).parent.mkdir(parents=True, exist_ok=True)
                (folder / relative).write_bytes(system.cat_file(name))
        _join_parts(system, root, folder, whole="traces.jsonl" in now)
    except InputError:
        raise
    except Exception as error:  # the store's own
        raise InputError(f"{address}: cannot be read ({type(error).__name__}: "
                         f"{' '.join(str(error).split())[:300]})") from error
    for gone in seen.keys() - now.keys():
        (folder / gone).unlink(missing_ok=True)
    (folder / _SEEN).write_text(json.dumps(now), "utf-8")
    (folder / HOME).write_text(address + "\n", "utf-8")
    return folder


def _join_parts(system: Any, root: str, folder: Path, *, whole: bool) -> None:
    """The parts as one file; those of a run that was finished are in the whole already."""
    if whole and json.loads((folder / "run.json").read_bytes()).get("status") == "finished":
        return
    names = parts(system, root)
    earlier = system.cat_file(f"{root}/traces.jsonl") if whole else b""
    if names or whole:
        lines = earlier.splitlines(keepends=True)
        for name in names:
            lines += system.cat_file(name).splitlines(keepends=True)
        # parts of a run that was finished before may not have been removed yet, and a recording
        # that was done again stands in a later part
        latest = {_key(line): line for line in lines}
        (folder / "traces.jsonl").write_bytes(b"".join(latest.values()))


def _key(line: bytes) -> tuple[object, ...]:
    row = json.loads(line)
    return row.get("recording_id"), row.get("target_lang"), row.get("repeat")


def _seen(folder: Path) -> dict[str, list[str]]:
    try:
        found: dict[str, list[str]] = json.loads((folder / _SEEN).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _version(info: dict[str, Any]) -> list[str]:
    """Size, and whatever the store changes with the content."""
    return [str(info.get(key, "")) for key in ("size", "ETag", "etag", "mtime", "LastModified",
                                               "created")]
