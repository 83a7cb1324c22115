"""An mTEDx of a few sentences: flac files that the list calls wav."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s2st_bench.corpora.fixtures import SENTENCES, talk, write_audio, write_lines

SPLITS: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "valid": {"0u7tTptBo9I": (3, 4)},
    "test": {"f4tq3xQOCMw": (0, 1, 2), "wJAPXMIoIG0": (4, 5)},
}
RATE_HZ = 16_000


def make(folder: Path, source: str = "es", target: str = "en") -> dict[str, Any]:
    """Write ``<source>-<target>/data/…`` below ``folder``; returns the options to run it with."""
    for split, talks in SPLITS.items():
        there = folder / f"{source}-{target}" / "data" / split
        entries: list[str] = []
        chosen: list[int] = []
        for name, numbers in talks.items():
            said = talk([SENTENCES[source][k] for k in numbers], source, RATE_HZ)
            write_audio(there / "wav" / f"{name}.flac", said.samples, RATE_HZ)
            chosen += numbers
            entries += [f"- {{duration: {duration_s:.2f}, offset: {offset_s:.2f}, speaker_id: "
                        f"{name}, wav: {name}.wav}}" for offset_s, duration_s in said.spans]
        write_lines(there / "txt" / f"{split}.yaml", entries)
        for lang in (source, target):
            write_lines(there / "txt" / f"{split}.{lang}", [SENTENCES[lang][k] for k in chosen])
    return {"path": folder, "split": "test", "source_lang": source, "target_lang": target}
