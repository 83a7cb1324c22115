"""A Europarl-ST of a few sentences: two speeches in ``test``, one in ``dev``."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s2st_bench.corpora.fixtures import SENTENCES, Talk, talk, write_audio, write_lines

SPLITS: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "dev": {"en.20081117.20.1-119": (3,)},
    "test": {"en.20081118.3.2-022": (0, 1, 2), "en.20090112.15.1-084": (4, 5)},
}
SPEAKERS = {"en.20081117.20.1-119": "2216", "en.20081118.3.2-022": "4521",
            "en.20090112.15.1-084": "28161"}


def make(folder: Path, target: str = "es") -> dict[str, Any]:
    """Write ``en/…`` below ``folder``; returns the options to run it with.

    The audio is m4a, as the corpus has it, or flac where there is no ffmpeg.
    """
    ending = ".m4a" if shutil.which("ffmpeg") else ".flac"
    for split, speeches in SPLITS.items():
        there = folder / "en" / target / split
        spans: list[str] = []
        chosen: list[int] = []
        for speech, numbers in speeches.items():
            said = talk([SENTENCES["en"][k] for k in numbers], "en")
            _write(folder / "en" / "audios" / f"{speech}{ending}", said)
            chosen += numbers
            spans += [f"{speech} {start:.2f} {start + length:.2f}" for start, length in said.spans]
        write_lines(there / "segments.lst", spans)
        write_lines(there / "speeches.lst", list(speeches))
        write_lines(there / "speakers.lst", [SPEAKERS[speech] for speech in speeches])
        for lang in ("en", target):
            write_lines(there / f"segments.{lang}", [SENTENCES[lang][k] for k in chosen])
    return {"path": folder, "split": "test", "source_lang": "en", "target_lang": target}


def _write(path: Path, said: Talk) -> None:
    if path.suffix != ".m4a":
        write_audio(path, said.samples, said.rate_hz)
        return
    whole = path.with_suffix(".wav")
    write_audio(whole, said.samples, said.rate_hz)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", whole, "-c:a", "aac", "-b:a", "64k", path],
                   check=True, stdin=subprocess.DEVNULL)
    whole.unlink()
