"""A FLEURS of a few sentences in French, English and Chinese.

Sentence 1 is read by two people in French and three in English, sentence 2 by two and one; sentence
4 is missing in English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from s2st_bench.corpora.fixtures import SENTENCES, speech, write_audio, write_lines

RATE_HZ = 16_000
TEST: Mapping[str, tuple[int, ...]] = {
    "fr_fr": (2, 1, 4, 1, 2, 0), "en_us": (0, 1, 2, 1, 1, 3), "cmn_hans_cn": (1, 2),
}
"""Sentences of ``test`` in the order of the list; ids are 1000 and more."""
DEV: tuple[int, ...] = (5, 3)
GENDERS = ("FEMALE", "MALE")


def make(folder: Path) -> dict[str, Any]:
    """Write ``fr_fr/``, ``en_us/`` and ``cmn_hans_cn/``; returns the options to run it with."""
    for name, numbers in TEST.items():
        write_split(folder / name, "test", numbers)
        write_split(folder / name, "dev", DEV)
    return {"path": folder, "split": "test", "source_lang": "fr", "target_lang": "en"}


def write_split(folder: Path, split: str, numbers: tuple[int, ...]) -> None:
    """``<split>.tsv`` and ``audio/<split>/`` of a language."""
    code = folder.name.partition("_")[0].replace("cmn", "zh")
    rows = []
    for place, k in enumerate(numbers):
        text = SENTENCES[code][k]
        said = speech(text, code, RATE_HZ)
        # another reading of the sentence sounds and lasts otherwise
        said = np.pad(said, (0, 1600 * place))
        name = file_name(folder.name, split, place)
        write_audio(folder / "audio" / split / name, said, RATE_HZ)
        plain = normalised(text)
        letters = " ".join(plain.replace(" ", "|")) + " |"
        rows.append("\t".join((str(1000 + k), name, text, plain, letters, str(len(said)),
                               GENDERS[place % 2])))
    write_lines(folder / f"{split}.tsv", rows)


def file_name(lang: str, split: str, place: int) -> str:
    """Names are long numbers; these are of the language, the split and the row."""
    return f"{sum(lang.encode()) * 10**8 + sum(split.encode()) * 100 + place}.wav"


def normalised(text: str) -> str:
    """As FLEURS writes its second text: lower-cased, no punctuation."""
    return " ".join(re.sub(r"[^\w\s']", "", text).lower().split())
