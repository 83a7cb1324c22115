"""CVSS-C and CVSS-T of a few French sentences, with Common Voice and CoVoST beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from s2st_bench.corpora.fixtures import SENTENCES, speech, write_audio, write_lines

RATE_HZ = 24_000
CLIP_HZ = 48_000
SPLITS: Mapping[str, tuple[int, ...]] = {"train": (0, 1), "dev": (2,), "test": (5, 3, 4)}
"""Sentences in the order of CVSS; CoVoST has those of ``test`` as 3, 4, 5."""
SPEAKERS = ("a" * 128, "b" * 128)


def make(folder: Path, source: str = "fr") -> dict[str, Any]:
    """Write ``cvss_c_…``, ``cvss_t_…`` and ``common_voice`` to ``folder``; returns the options to
    run it with.
    """
    common_voice = folder / "common_voice" / source
    for split, numbers in SPLITS.items():
        for k in numbers:
            write_audio(common_voice / "clips" / clip(k, source),
                        speech(SENTENCES[source][k], source, CLIP_HZ), CLIP_HZ)
        write_lines(common_voice / f"covost_v2.{source}_en.{split}.tsv", [
            "path\tsentence\ttranslation\tclient_id", *(
                f"{clip(k, source)}\t{SENTENCES[source][k]}\t{SENTENCES['en'][k]}\t"
                f"{SPEAKERS[k % 2]}" for k in sorted(numbers))])
    for voice in "ct":
        for split, numbers in SPLITS.items():
            write_split(folder / f"cvss_{voice}_{source}_en_v1.0", split, numbers, source, voice)
    return {"path": folder, "clips": common_voice / "clips", "covost": common_voice,
            "split": "test", "source_lang": source, "target_lang": "en"}


def write_split(
    folder: Path, split: str, numbers: tuple[int, ...], source: str, voice: str
) -> None:
    """``<split>.tsv`` and ``<split>/`` of one voice."""
    write_lines(folder / f"{split}.tsv", [
        f"{clip(k, source)}\t{normalised(SENTENCES['en'][k])}" for k in numbers])
    for k in numbers:
        said = speech(SENTENCES["en"][k], "en", RATE_HZ)
        # the voice of T is another one: here a softer one
        write_audio(folder / split / f"{clip(k, source)}.wav",
                    said if voice == "c" else (said * np.float32(0.5)), RATE_HZ)


def clip(k: int, source: str) -> str:
    return f"common_voice_{source}_1729939{k}.mp3"


def normalised(text: str) -> str:
    """As CVSS writes text: lower-cased, no punctuation."""
    return re.sub(r"[^\w\s']", "", text).lower()
