"""An ACL 60/60 of a few sentences: two talks in ``dev``, one in ``eval``; gold sentences overlap
in one place, as some do in the corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from s2st_bench.corpora.fixtures import SENTENCES, talk, write_audio, write_lines

SPLITS: Final[Mapping[str, Mapping[str, tuple[int, ...]]]] = {
    "dev": {"2022.acl-long.268": (0, 1, 2), "2022.acl-long.110": (4, 5, 3)},
    "eval": {"2022.acl-long.111": (3, 4)},
}
TARGETS: Final = ("de", "ja")
EARLY_S: Final = 0.5
"""How far the second sentence of a talk reaches back, over the end of the first."""
RATE_HZ: Final = 16_000


def make(folder: Path) -> dict[str, Any]:
    """Write ``2/acl_6060`` below ``folder``; returns the options to run it with."""
    for split in SPLITS:
        write_split(folder / "2" / "acl_6060" / split, split)
    return {"path": folder, "split": "dev", "source_lang": "en", "target_lang": "de"}


def write_split(folder: Path, split: str) -> None:
    """Audio, texts and FILE_ORDER of one split, and ``acl6060.yaml`` beside them."""
    numbers: list[int] = []
    entries: list[str] = []
    count = 0
    for name, chosen in SPLITS[split].items():
        said = talk([SENTENCES["en"][k] for k in chosen], "en", RATE_HZ)
        write_audio(folder / "full_wavs" / f"{name}.wav", said.samples, RATE_HZ)
        for k, (offset_s, duration_s) in enumerate(said.spans):
            early = EARLY_S if k == 1 else 0.0
            start, end = round((offset_s - early) * RATE_HZ), round((offset_s + duration_s)
                                                                    * RATE_HZ)
            count += 1
            write_audio(folder / "segmented_wavs" / "gold" / f"sent_{count}.wav",
                        said.samples[start:end], RATE_HZ)
            entries.append(f"- {{duration: {(end - start) / RATE_HZ:.6f}, offset: "
                           f"{start / RATE_HZ:.6f}, speaker_id: NA, wav: {name}.wav}}")
        numbers += chosen
    write_lines(folder / "FILE_ORDER", list(SPLITS[split]))
    write_lines(folder / "acl6060.yaml", entries)
    for lang in ("en", *TARGETS):
        name = f"ACL.6060.{split}.en-xx.{lang}"
        write_lines(folder / "text" / "txt" / f"{name}.txt", [SENTENCES[lang][k] for k in numbers])
        write_lines(folder / "text" / "xml" / f"{name}.xml", _markup(split, lang))


def _markup(split: str, lang: str) -> list[str]:
    lines = ["<?xml version='1.0' encoding='utf-8'?>", "<mteval>",
             f'<refset setid="ACL.6060.{split}" srclang="en" trglang="{lang}">']
    count = 0
    for name, chosen in SPLITS[split].items():
        lines.append(f'<doc docid="{name}" genre="presentations">')
        for k in chosen:
            count += 1
            lines.append(f'<seg id="{count}">{SENTENCES[lang][k]}</seg>')
        lines.append("</doc>")
    return [*lines, "</refset>", "</mteval>"]
