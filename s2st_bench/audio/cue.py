"""Audio made on the fly from other files: slices and silence in a row, faster or slower, in noise.

A *cue* is a small file ``<name>.cue.json`` that says what to play::

    {"version": 1, "rate_hz": 16000, "frames": 48000, "speed": 1.0,
     "parts": [{"path": "/…/talk.wav", "offset_s": 2.0, "duration_s": 3.0, "start": 0,
                "frames": 32000}, {"silence": 16000}],
     "noise": {"kind": "white", "snr_db": 0.0, "seed": 1, "sources": []}}

``start`` and ``frames`` count samples of the slice at ``rate_hz``; ``frames`` of the whole is after
the change of speed, which moves tempo and pitch together.  Levels are root mean squares; that of
speech is taken over its frames of 10 ms within 34 dB of the loudest.  Nothing is held in memory and
the result does not depend on how it is read.  Everything that opens audio opens cues.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from s2st_bench.audio.decoder import Decoder
from s2st_bench.audio.resample import Resampler
from s2st_bench.errors import AudioError
from s2st_bench.types import Samples

SUFFIX: Final = ".cue.json"
_BLOCK: Final = 1 << 14
_QUIET: Final = 0.02
"""Of the loudest frame: -34 dB."""


class CueDecoder(Decoder):
    """Plays a cue."""

    channels = 1
    exact_length = True
    format = "CUE/FLOAT"

    def __init__(self, path: Path) -> None:
        """Raises AudioError for what is no cue."""
        self._path = path
        try:
            cue = json.loads(path.read_bytes())
            if cue["version"] != 1:
                raise ValueError(f"version {cue['version']}")
            self.sample_rate_hz = int(cue["rate_hz"])
            self.frames: int | None = int(cue["frames"])
            self._speed = float(cue["speed"])
            self._parts: list[Mapping[str, Any]] = list(cue["parts"])
            self._noise: Mapping[str, Any] | None = cue["noise"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AudioError(f"{path}: no cue ({error}): make the stress version again") from None
        self._left = self.frames
        self._held = np.empty(0, np.float32)
        self._blocks: Iterator[Samples] | None = None

    def read(self, n: int) -> Samples:
        if self._blocks is None:
            self._blocks = self._play()
        n = min(n, self._left)
        got = [self._held]
        have = len(self._held)
        while have < n:
            block = next(self._blocks, None)
            if block is None:  # a resampler may end a sample early
                block = np.zeros(n - have, np.float32)
            got.append(block)
            have += len(block)
        whole = np.concatenate(got)
        self._held = whole[n:]
        self._left -= n
        return whole[:n].reshape(-1, 1)

    def close(self) -> None:
        if self._blocks is not None:
            self._blocks.close()  # type: ignore[attr-defined]  # a generator
            self._blocks = None

    def _play(self) -> Iterator[Samples]:
        speech = self._spoken()
        if self._noise is None:
            yield from speech
            return
        level = _level(self._spoken(), self.sample_rate_hz)
        seed, sources = int(self._noise["seed"]), self._noise["sources"]
        if self._noise["kind"] == "white":
            noise_level, noise = 1.0, _white(seed)
        else:
            noise_level = math.sqrt(sum(
                _level(_slice(source, self.sample_rate_hz), self.sample_rate_hz) ** 2
                for source in sources))
            noise = _babble(sources, self.sample_rate_hz)
        gain = np.float32(level / noise_level * 10 ** (-float(self._noise["snr_db"]) / 20)
                          if noise_level else 0.0)
        held = np.empty(0, np.float32)
        for block in speech:
            while len(held) < len(block):
                held = np.concatenate([held, next(noise)])
            yield block + gain * held[: len(block)]
            held = held[len(block):]

    def _spoken(self) -> Iterator[Samples]:
        """The parts at their speed."""
        rate = self.sample_rate_hz
        if self._speed == 1:
            yield from _row(self._parts, rate)
            return
        resampler = Resampler(rate * self._speed, rate)
        for block in _row(self._parts, rate):
            yield resampler.push(block)
        yield resampler.finish()


def _row(parts: list[Mapping[str, Any]], rate_hz: int) -> Iterator[Samples]:
    """Slices and silence in a row; a slice that goes on where the last part left it is not opened
    anew.
    """
    now: tuple[Any, ...] = ()
    at = 0
    stream: Iterator[Samples] = iter(())
    held = np.empty(0, np.float32)
    for part in parts:
        if "silence" in part:
            for start in range(0, int(part["silence"]), _BLOCK):
                yield np.zeros(min(_BLOCK, int(part["silence"]) - start), np.float32)
            continue
        wanted = (part["path"], part["offset_s"], part["duration_s"])
        if wanted != now or part["start"] < at:
            now, at, stream, held = wanted, 0, _slice(part, rate_hz), np.empty(0, np.float32)
        end = part["start"] + part["frames"]
        while at < end:
            if not len(held):
                held = next(stream, held)
                if not len(held):  # shorter than its header says by a resampler's last samples
                    held = np.zeros(end - at, np.float32)
            skip = min(len(held), max(0, part["start"] - at))
            take = held[skip : end - at]
            at += skip + len(take)
            held = held[skip + len(take):]
            if len(take):
                yield take


def _slice(source: Mapping[str, Any], rate_hz: int) -> Iterator[Samples]:
    """The blocks of a slice of a file at ``rate_hz``."""
    from s2st_bench.audio.source import source_stream

    with source_stream(Path(source["path"]), source["offset_s"], source["duration_s"],
                       rate_hz) as stream:
        is_last = False
        while not is_last:
            block, is_last = stream.take(_BLOCK)
            yield block


def _white(seed: int) -> Iterator[Samples]:
    """Gaussian noise of level 1."""
    random = np.random.Generator(np.random.PCG64(seed))
    while True:
        yield random.standard_normal(_BLOCK, np.float32)


def _babble(sources: list[Mapping[str, Any]], rate_hz: int) -> Iterator[Samples]:
    """All sources at once, each again and again."""
    voices = [_endless(source, rate_hz) for source in sources]
    held = [np.empty(0, np.float32) for _ in voices]
    while True:
        mixed = np.zeros(_BLOCK, np.float32)
        for number, voice in enumerate(voices):
            parts = [held[number]]
            while sum(map(len, parts)) < _BLOCK:
                parts.append(next(voice))
            whole = np.concatenate(parts)
            mixed += whole[:_BLOCK]
            held[number] = whole[_BLOCK:]
        yield mixed


def _endless(source: Mapping[str, Any], rate_hz: int) -> Iterator[Samples]:
    while True:
        heard = False
        for block in _slice(source, rate_hz):
            heard = heard or bool(len(block))
            yield block
        if not heard:
            yield np.zeros(_BLOCK, np.float32)


def _level(blocks: Iterator[Samples], rate_hz: int) -> float:
    """Root mean square of the frames of 10 ms that are not much softer than the loudest."""
    size = max(1, rate_hz // 100)
    powers: list[np.ndarray[Any, Any]] = []
    held = np.empty(0, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        whole = len(held) // size
        powers.append(np.mean(held[: whole * size].astype(np.float64).reshape(whole, size) ** 2,
                              axis=1))
        held = held[whole * size:]
    power = np.concatenate(powers) if powers else np.empty(0)
    if not len(power) or not power.max():
        return 0.0
    return float(np.sqrt(power[power >= power.max() * _QUIET**2].mean()))
