"""What CVSS needs: its archive unpacked, and Common Voice 4."""

from __future__ import annotations

from pathlib import Path

from s2st_bench.corpora.archives import unpack_step
from s2st_bench.corpora.preparation import Step
from s2st_bench.errors import ConfigError

from .places import find_folder

_CODES = {"zh-CN": "zh", "sv-SE": "sv"}


def steps(path: Path, voice: str, source_lang: str | None, split: str, clips: Path) -> list[Step]:
    """Steps for one source language.

    Raises
    ------
    ConfigError
        No language is given.
    """
    if source_lang is None:
        raise ConfigError("prepare cvss: which language? source_lang=fr")
    lang = _CODES.get(source_lang, source_lang)
    name = f"cvss_{voice.lower()}_{lang}_en_v1.0"
    archive = path / f"{name}.tar.gz"
    return [
        unpack_step(f"CVSS-{voice} {lang}-en", archive, _unpacked(path, voice, lang, split, name),
                    by_hand=(
            f"Download https://storage.googleapis.com/cvss/cvss_{voice.lower()}_v1.0/{archive.name}"
            f" to {path} (no need to unpack it). Licence: CC BY 4.0.")),
        Step(f"Common Voice 4, {lang}", (clips,), by_hand=(
            f"Get release 4 (cv-corpus-4-2019-12-10) of Common Voice in {lang!r} and unpack it so "
            f"that {clips} is there. Licence: CC0 1.0; you agree not to try to find out who the "
            "speakers are. Releases are at https://commonvoice.mozilla.org/datasets; other "
            "releases lack clips. Transcripts and speakers: `s2st-bench prepare covost2`.")),
    ]


def _unpacked(path: Path, voice: str, lang: str, split: str, name: str) -> Path:
    """The folder where the archive is unpacked already, under any of its names, or will be."""
    from s2st_bench.errors import BenchError

    try:
        return find_folder(path, voice, lang, split).path
    except BenchError:
        return path / name
