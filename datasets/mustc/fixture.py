"""A MuST-C of a few sentences: two talks in ``tst-COMMON``, one each in ``dev`` and ``tst-HE``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s2st_bench.corpora.fixtures import SENTENCES, talk, write_audio, write_lines

Talks = Mapping[str, tuple[int, ...]]
"""Talk to its sentences, by number."""

SPLITS: Mapping[str, Talks] = {
    "dev": {"ted_3": (3, 4)},
    "tst-COMMON": {"ted_1096": (0, 1, 2), "ted_1102": (4, 5, 3)},
    "tst-HE": {"ted_7": (1, 0)},
}


def make(folder: Path, source: str = "en", target: str = "de") -> dict[str, Any]:
    """Write ``<source>-<target>/data/…`` below ``folder``; returns the options to run it with."""
    for split, talks in SPLITS.items():
        write_split(folder / f"{source}-{target}" / "data" / split, split, talks, source, target)
    return {"path": folder, "split": "tst-COMMON", "source_lang": source, "target_lang": target}


def write_split(
    folder: Path, split: str, talks: Talks, source: str, target: str
) -> None:
    """``wav/`` and ``txt/`` of one split."""
    entries: list[str] = []
    chosen: list[int] = []
    for name, numbers in talks.items():
        said = talk([SENTENCES[source][k] for k in numbers], source)
        write_audio(folder / "wav" / f"{name}.wav", said.samples, said.rate_hz)
        chosen += numbers
        for (offset_s, duration_s), k in zip(said.spans, numbers, strict=True):
            words = len(SENTENCES[source][k].split())
            entries.append(f"- {{duration: {duration_s:.6f}, offset: {offset_s:.6f}, rW: {words}, "
                           f"uW: 0, speaker_id: spk.{name[4:]}, wav: {name}.wav}}")
    write_lines(folder / "txt" / f"{split}.yaml", entries)
    for lang in (source, target):
        write_lines(folder / "txt" / f"{split}.{lang}", [SENTENCES[lang][k] for k in chosen])
