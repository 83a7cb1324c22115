"""Unpacking what corpora are distributed in: tar archives, member by member.

Only regular files whose names stay inside are taken.  Each is written beside and renamed, and one
that is there with its size is passed over, so that unpacking goes on where it was interrupted; a
folder has its name when it is whole.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path, PurePosixPath

from s2st_bench.corpora.finding import Finding, Place
from s2st_bench.corpora.preparation import Report, Step, written
from s2st_bench.errors import CorpusError


def unpack_step(
    title: str, archive: Path, output: Path, *, by_hand: str, member: str = ""
) -> Step:
    """Unpack ``archive`` as :func:`unpack` does; where it is not there, the user has to get it:
    ``by_hand``.
    """
    if not archive.exists():
        return Step(title, (output,), by_hand=by_hand)
    return Step(title, (output,), (archive,),
                lambda report: unpack(archive, output, report, member=member))


def unpack(archive: Path, output: Path, report: Report, *, member: str = "") -> str:
    """Write the archive's file or folder ``member`` as ``output``; without ``member`` all of it,
    into the folder ``output``.

    Returns a line about what there is now.

    Raises
    ------
    DamagedCorpus
        The archive is damaged, or has no such member.
    CorpusError
        A file cannot be written.
    """
    beside = output.with_name(f".{output.name}.unpacking")
    try:
        count = _unpack(archive, output, beside, member, report)
    except (tarfile.TarError, EOFError) as error:
        raise Finding("bad-archive", Place(archive), f"not a whole tar archive ({error})",
                      "download it again").damage() from None
    if not count:
        raise Finding("bad-archive", Place(archive), f"holds no {member or 'file'}",
                      "see that it is the archive of this corpus, and download it again").damage()
    if beside.is_dir():
        try:
            beside.replace(output)
        except OSError as error:
            raise CorpusError(f"{output}: cannot be made ({error.strerror})") from None
    return f"{output}: {count} file{'' if count == 1 else 's'}"


def _unpack(archive: Path, output: Path, beside: Path, member: str, report: Report) -> int:
    count = 0
    with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as tar:
        size = archive.stat().st_size
        for entry in tar:
            inside = _inside(entry.name, member)
            source = tar.extractfile(entry) if entry.isfile() and inside is not None else None
            if source is None or inside is None:
                continue
            target = beside.joinpath(*inside) if inside else output
            if not (target.is_file() and target.stat().st_size == entry.size):
                with written(target) as file:
                    shutil.copyfileobj(source, file)
            count += 1
            report(min(raw.tell(), size), size)
    return count


def _inside(name: str, member: str) -> tuple[str, ...] | None:
    """Parts of a name below ``member``; none where it is elsewhere or leads out."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        return None
    if not member:
        return path.parts
    return path.parts[path.parts.index(member) + 1:] if member in path.parts else None
