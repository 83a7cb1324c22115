"""Items whose output, source and reference are the samples a test gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from s2st_bench.items import items
from s2st_bench.metric import Item
from s2st_bench.types import (
    AudioSource,
    Failure,
    Job,
    Piece,
    Recording,
    Samples,
    Segment,
    Step,
    TimedWrite,
    Trace,
)

RATE_HZ = 16_000


def spoken(
    folder: Path,
    output: Samples | None,
    source: Samples | None = None,
    reference: Samples | None = None,
    *,
    rate_hz: int = RATE_HZ,
    source_hz: int = RATE_HZ,
    recording_id: str = "r",
    target_lang: str = "en",
    segments: int = 1,
    error: Failure | None = None,
) -> tuple[Item, ...]:
    """The items of one recording; ``output`` none is text output, empty is no piece at all.

    ``folder`` may hold several recordings, by their ids.  Files hold 32-bit floats, so that NaN and
    values outside ±1 stay what they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{recording_id}.{name}.wav"
             for name in ("output", "source", "reference")}
    pieces: tuple[Piece, ...] = ()
    if output is not None and len(output):
        soundfile.write(files["output"], output, rate_hz, subtype="FLOAT")
        pieces = (Piece(files["output"].name, 0, len(output), rate_hz, 0),)
    for name, samples in (("source", source), ("reference", reference)):
        if samples is not None:
            soundfile.write(files[name], samples, source_hz, subtype="FLOAT")
    speech_s = 0.0 if output is None else len(output) / rate_hz
    step = Step(2.0, 2.0, (Job(0, "system", 2.0, 2.1),),
                (TimedWrite(0, 0.1, "one two", speech_s=speech_s),))
    trace = Trace("s", recording_id, target_lang, 4.0, (step,), pieces, error=error,
                  outputs=("text",) if output is None else ("speech", "text"))
    parts = tuple(Segment(str(i), 2.0 * i, 2.0 * i + 2.0, "a", {target_lang: ("one two",)})
                  for i in range(segments))
    anchors = {} if reference is None else {target_lang: AudioSource(files["reference"])}
    recording = Recording(recording_id, AudioSource(files["source"]), "de", (target_lang,), parts,
                          reference_audio=anchors)
    return items(trace, recording, folder=folder)


def tone(hz: float, seconds: float, rate_hz: int = RATE_HZ, level: float = 0.3) -> Samples:
    """A harmonic tone of five partials, which a pitch tracker takes for a voice."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    partials = [np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 6)]
    return np.asarray(level * np.sum(partials, axis=0) / 2.0, dtype=np.float32)


def silence(seconds: float, rate_hz: int = RATE_HZ) -> Samples:
    return np.zeros(round(seconds * rate_hz), np.float32)
