"""Indexing a corpus of clips: CoVoST 2 with as many rows as its largest training sets have.

Material: a list of 250,000 rows in the true layout, with as many mp3 files, links to eight of them
(48 kHz, 64 kbit/s, four seconds: true headers around silence).  Unlike talks, every row has a file
of its own, whose header must be read.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from pathlib import Path
from typing import Any

ROWS = 250_000
_FR = "le la nous avons mesuré cela pendant deux ans et voici trouvé question simple merci".split()
_EN = "the a we have measured this for two years and here found question simple thanks".split()
_FRAME = bytes.fromhex("fffb54c4") + bytes(188)
_FILES = 8
_SPEAKERS = 12_000


def corpus(folder: Path, n_rows: int, seed: int = 0) -> Path:
    """Write ``covost_v2.fr_en.test.tsv`` and ``clips/``."""
    draws = random.Random(seed)
    clips = folder / "clips"
    clips.mkdir(parents=True)
    for number in range(_FILES):  # a file may have some 65,000 names
        (folder / f"{number}.mp3").write_bytes(_FRAME * 167)
    speakers = [hashlib.sha512(str(k).encode()).hexdigest() for k in range(_SPEAKERS)]
    with (folder / "covost_v2.fr_en.test.tsv").open("w", encoding="utf-8") as table:
        table.write("path\tsentence\ttranslation\tclient_id\n")
        for row in range(n_rows):
            name = f"common_voice_fr_{17_000_000 + row}.mp3"
            os.link(folder / f"{row % _FILES}.mp3", clips / name)
            table.write(f"{name}\t{' '.join(draws.choices(_FR, k=10))}\t"
                        f"{' '.join(draws.choices(_EN, k=10))}\t{draws.choice(speakers)}\n")
    return folder


def index(folder: str, hold: str) -> dict[str, Any]:
    """Read all recordings, one at a time or as a list (in a process of its own)."""
    from s2st_bench.corpora import Selection
    from s2st_bench.datasets.covost2.covost2 import Covost2

    reader = Covost2(Path(folder), Selection())
    started = time.perf_counter()
    cpu = time.process_time()
    found = list(reader.recordings()) if hold == "list" else reader.recordings()
    n = sum(1 for _ in found)
    return {"n": n, "wall_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
