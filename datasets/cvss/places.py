"""Where the parts of CVSS lie: its own folder, and the list of CoVoST 2 that goes with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from s2st_bench.corpora.commonvoice import covost_tables, same_language
from s2st_bench.errors import ConfigError, CorpusError

_FOLDER = re.compile(r"(?:cvss[_-]([ct])[_-])?([a-z]{2,3}(?:-[A-Z]{2})?)[_-]en(?:_v1\.0)?")


class Folder(NamedTuple):
    """CVSS of one source language."""

    path: Path
    source_lang: str


def find_folder(path: Path, voice: str, source_lang: str | None, split: str) -> Folder:
    """``path``, or the folder in it, with ``<split>.tsv`` of the voice and language asked for.

    Raises
    ------
    CorpusError
        ``path`` is no CVSS.
    ConfigError
        The language is not there, or several are and none was chosen; the split is not there.
    """
    if any((path / f"{each}.tsv").exists() for each in ("train", "dev", "test")):
        match = _FOLDER.fullmatch(path.resolve().name)
        lang = match[2] if match else source_lang
        if lang is None:
            raise ConfigError(f"dataset.path={path}: the name of the folder does not tell the "
                              "source language; give source_lang=fr")
        folders = [Folder(path, lang)]
    else:
        folders = _folders(path, voice)
    if not folders:
        raise CorpusError(
            f"dataset.path={path}: neither test.tsv nor a folder such as cvss_{voice.lower()}_fr_en"
            "_v1.0 is there; `s2st-bench prepare` with the same options unpacks the archive")
    fit = [folder for folder in folders if same_language(source_lang, folder.source_lang)]
    listed = ", ".join(folder.source_lang for folder in folders)
    if len(fit) != 1:
        raise ConfigError(f"source_lang={source_lang}: {path} has {listed}" if not fit else
                          f"{path} has {listed}: choose one, source_lang={fit[0].source_lang}")
    if not (fit[0].path / f"{split}.tsv").exists():
        there = sorted(file.stem for file in fit[0].path.glob("*.tsv"))
        raise ConfigError(f"dataset.split={split}: {fit[0].path} has {', '.join(there)}")
    return fit[0]


def covost_list(covost: Path, source_lang: str, split: str) -> Path:
    """The list of CoVoST 2 into English: ``covost`` itself, or in it.

    Raises
    ------
    ConfigError
        It is not there.
    """
    if not covost.is_dir():
        return covost
    for table in covost_tables(covost):
        if (table.split == split and table.target_lang == "en"
                and same_language(source_lang, table.source_lang)):
            return table.path
    raise ConfigError(f"dataset.covost={covost}: no covost_v2.{source_lang}_en.{split}.tsv is "
                      "there; `s2st-bench prepare covost2` makes it")


def _folders(path: Path, voice: str) -> list[Folder]:
    try:
        inside = sorted(entry for entry in path.iterdir() if entry.is_dir())
    except OSError:
        return []
    matches = ((entry, _FOLDER.fullmatch(entry.name)) for entry in inside)
    return [Folder(entry, match[2]) for entry, match in matches
            if match and match[1] in (None, voice.lower())]
