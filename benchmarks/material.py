"""Audio to replay, made on the spot: 16 kHz mono wav of quiet noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from s2st_bench.types import Samples

RATE_HZ = 16_000
_BLOCK_S = 60


def clips(folder: Path, count: int, length_s: float, seed: int = 0) -> list[Path]:
    """``count`` clips around ``length_s`` long, as speech corpora have them: no two alike."""
    folder.mkdir(parents=True)
    draws = np.random.default_rng(seed)
    noise = _noise(draws)
    paths = []
    for index in range(count):
        samples = int(length_s * RATE_HZ * draws.uniform(0.5, 1.5))
        paths.append(folder / f"{index:05d}.wav")
        soundfile.write(paths[-1], np.resize(noise, samples), RATE_HZ, subtype="PCM_16")
    return paths


def recording(folder: Path, length_s: float, seed: int = 0) -> list[Path]:
    """One long recording, written block by block."""
    folder.mkdir(parents=True)
    noise = _noise(np.random.default_rng(seed))
    path = folder / "long.wav"
    left = round(length_s * RATE_HZ)
    with soundfile.SoundFile(path, "w", RATE_HZ, 1, "PCM_16") as file:
        while left > 0:
            file.write(noise[:left])
            left -= len(noise)
    return [path]


def seconds(paths: list[Path]) -> float:
    """Length of all of them together."""
    return float(sum(soundfile.info(path).frames for path in paths)) / RATE_HZ


def _noise(draws: np.random.Generator) -> Samples:
    return (draws.standard_normal(_BLOCK_S * RATE_HZ) * 0.01).astype(np.float32)
