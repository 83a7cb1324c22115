"""What tests of the replay share: a run folder and a short recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from s2st_bench.audio import write_wav
from s2st_bench.types import (
    AudioSource,
    Recording,
    Segment,
)
from scripted import RATE


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    for name in ("pieces", "spool"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def recording(run_folder: Path) -> Recording:
    path = run_folder / "source.wav"
    samples = np.linspace(-0.5, 0.5, 8200, dtype=np.float32)
    write_wav(path, samples, RATE)
    segment = Segment("0", 0.0, 0.5125, references={"de": ("eins zwei",)})
    return Recording("r", AudioSource(path), "en", ("de",), (segment,))
