"""Three sentences in SimulEval's lists: ``source.txt`` of wav files, ``target.txt``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s2st_bench.corpora.fixtures import SENTENCES, speech, write_audio, write_lines

RATE_HZ = 16_000


def make(
    folder: Path, source: str = "en", target: str = "de", numbers: Sequence[int] = (0, 3, 5),
) -> dict[str, Any]:
    """Write the lists and ``wavs/``; returns the options to run them with."""
    for k, number in enumerate(numbers):
        samples = speech(SENTENCES[source][number], source, RATE_HZ)
        write_audio(folder / "wavs" / f"{k}.wav", samples, RATE_HZ)
    write_lines(folder / "source.txt", [f"wavs/{k}.wav" for k in range(len(numbers))])
    write_lines(folder / "target.txt", [SENTENCES[target][k] for k in numbers])
    write_lines(folder / "transcripts.txt", [SENTENCES[source][k] for k in numbers])
    return {"source": folder / "source.txt", "target": folder / "target.txt",
            "transcripts": folder / "transcripts.txt", "source_lang": source,
            "target_lang": target}
