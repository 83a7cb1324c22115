"""What CoVoST 2 needs: Common Voice 4, the translations, and the splits made of both.

The splits follow ``get_covost_splits.py`` of its makers: rows of Common Voice's ``validated.tsv``,
in its order, joined with the translations by ``path``; ``train`` also takes ``train_covost``.
Fields are not quoted, and a backslash escapes itself only, as pandas wrote it at that time; later
ones escape quotes too (``\\"``), which reads the same.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from s2st_bench.audio import info
from s2st_bench.corpora import Finding
from s2st_bench.corpora.archives import unpack_step
from s2st_bench.corpora.commonvoice import SPLITS, ClipFolder, clips_of
from s2st_bench.corpora.preparation import Report, Step, written
from s2st_bench.corpora.tables import named_rows
from s2st_bench.errors import AudioError, CorpusError

_EVERY = 1000


def steps(
    path: Path, source_lang: str, target_lang: str, split: str, *, clips: Path | None,
    validated: Path | None,
) -> list[Step]:
    """Steps for a pair, given in CoVoST's codes; ``split`` is the one whose clips are looked at."""
    pair = f"{source_lang}_{target_lang}"
    folder = path / source_lang if (path / source_lang).is_dir() else path
    validated = validated or folder / "validated.tsv"
    clips = clips or folder / "clips"
    translations = folder / f"covost_v2.{pair}.tsv"
    archive = folder / f"{translations.name}.tar.gz"
    lists = {each: folder / f"covost_v2.{pair}.{each}.tsv" for each in SPLITS}
    return [
        Step(f"Common Voice 4, {source_lang}", (validated, clips), by_hand=(
            f"Get release 4 (cv-corpus-4-2019-12-10) of Common Voice in {source_lang!r} and unpack "
            f"it so that {validated} and {clips} are there. Licence: CC0 1.0; you agree not to "
            "try to find out who the speakers are. Releases are at "
            "https://commonvoice.mozilla.org/datasets; other releases lack clips.")),
        unpack_step(f"translations {source_lang}-{target_lang}", archive, translations,
                    member=translations.name, by_hand=(
            f"Download https://dl.fbaipublicfiles.com/covost/{archive.name} to {folder} (no need "
            "to unpack it). Licence: CC0 1.0.")),
        Step(f"splits {source_lang}-{target_lang}", tuple(lists.values()),
             (validated, translations), lambda report: make_splits(
                 validated, translations, lists, report)),
        Step(f"clips of {split}", (), (lists[split], clips),
             lambda report: look_at_clips(lists[split], clips, report)),
    ]


def make_splits(validated: Path, translations: Path, lists: dict[str, Path], report: Report) -> str:
    """Write the lists by the published procedure; ``lists`` maps splits to files.

    Raises
    ------
    DamagedCorpus
        Either table is damaged.
    CorpusError
        A file cannot be written.
    """
    wanted: dict[str, list[tuple[str, str]]] = {}
    for path, translation, split in _rows(translations, ("path", "translation", "split")):
        wanted.setdefault(path, []).append((translation, split))
    counts = dict.fromkeys(lists, 0)
    met: set[str] = set()
    with ExitStack() as files:
        rows = {}
        for split, file in lists.items():
            text = io.TextIOWrapper(files.enter_context(written(file)), "utf-8", newline="",
                                    write_through=True)
            files.callback(text.detach)
            rows[split] = csv.writer(text, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None,
                                     escapechar="\\", lineterminator="\n")
            rows[split].writerow(("path", "sentence", "translation", "client_id"))
        columns = ("path", "sentence", "client_id")
        for number, (path, sentence, speaker) in enumerate(_rows(validated, columns), 1):
            for translation, label in wanted.get(path, ()):
                met.add(path)
                split = "train" if label == "train_covost" else label
                if split in rows:
                    rows[split].writerow((path, sentence, translation, speaker))
                    counts[split] += 1
            if number % _EVERY == 0:
                report(number, None)
    said = ", ".join(f"{count} {split}" for split, count in counts.items())
    if lacking := len(wanted) - len(met):
        said += (f"; {lacking} of {len(wanted)} translations have no clip in {validated}: the "
                 "test set is the published one only with Common Voice 4")
    return said


def look_at_clips(table: Path, folder: Path, report: Report) -> str:
    """See that every clip of a list is there and can be read.

    Raises
    ------
    CorpusError
        Some cannot; names the first.
    """
    clips, total, bad, first = ClipFolder(folder), 0, 0, ""
    for clip in clips_of(table):
        if isinstance(clip, Finding):
            if clip.is_error:
                raise clip.damage()
            continue
        total += 1
        try:
            info(clips[clip.name])
        except AudioError as error:
            bad += 1
            first = first or str(error)
        if total % _EVERY == 0:
            report(total, None)
    if bad:
        raise CorpusError(
            f"{bad} of {total} clips of {table.name} are missing or cannot be read, the first: "
            f"{first}. `s2st-bench check covost2` with the same options lists them all; "
            "dataset.skip_damaged=true leaves them out, counted on the record")
    return f"{total} clips are there and can be read"


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[list[str]]:
    """Fields of a table that must be whole."""
    for found in named_rows(path, columns, escaped=True):
        if not isinstance(found, Finding):
            yield found[1]
        elif found.is_error:
            raise found.damage()
