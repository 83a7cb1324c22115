"""A CoVoST 2 of a few sentences, French to English, with its Common Voice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s2st_bench.corpora.fixtures import SENTENCES, speech, write_audio, write_lines

RATE_HZ = 48_000
SPLITS: Mapping[str, tuple[int, ...]] = {"train": (0, 1), "dev": (2,), "test": (3, 4, 5)}
"""Sentences by number; that of a split is also the last digit of its clip."""
SPEAKERS = ("anna", "ben")


def make(folder: Path, source: str = "fr", target: str = "en") -> dict[str, Any]:
    """Write clips, ``validated.tsv``, the translations and the splits to ``folder``; returns the
    options to run it with.
    """
    write_common_voice(folder, source)
    labels = {k: split for split, numbers in SPLITS.items() for k in numbers}
    write_lines(folder / f"covost_v2.{source}_{target}.tsv", ["path\ttranslation\tsplit", *(
        f"{clip(k, source)}\t{SENTENCES[target][k]}\t{label}" for k, label in labels.items())])
    for split in SPLITS:
        write_split(folder, split, source, target)
    return {"path": folder, "split": "test", "source_lang": source, "target_lang": target}


def write_common_voice(folder: Path, source: str) -> None:
    """``clips/`` and ``validated.tsv`` of a release of Common Voice."""
    columns = "client_id path sentence up_votes down_votes age gender accent".split()
    rows = ["\t".join(columns)]
    for numbers in SPLITS.values():
        for k in numbers:
            sentence = SENTENCES[source][k]
            write_audio(folder / "clips" / clip(k, source), speech(sentence, source, RATE_HZ),
                        RATE_HZ)
            rows.append("\t".join((speaker(k), clip(k, source), sentence, "2", "0", "", "", "")))
    write_lines(folder / "validated.tsv", rows)


def write_split(folder: Path, split: str, source: str, target: str) -> None:
    """``covost_v2.<source>_<target>.<split>.tsv``."""
    write_lines(folder / f"covost_v2.{source}_{target}.{split}.tsv", [
        "path\tsentence\ttranslation\tclient_id", *(
            "\t".join((clip(k, source), SENTENCES[source][k], SENTENCES[target][k], speaker(k)))
            for k in SPLITS[split])])


def clip(k: int, source: str) -> str:
    return f"common_voice_{source}_1729939{k}.mp3"


def speaker(k: int) -> str:
    """As Common Voice writes them: 128 hexadecimal digits."""
    return hashlib.sha512(SPEAKERS[k % len(SPEAKERS)].encode()).hexdigest()
