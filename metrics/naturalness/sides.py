"""The speech that is looked at: a system's output, and its anchors.

*Output* is what the listener heard, gapless (:class:`s2st_bench.sound.Sound`), so that waiting
for the system is not in it.  *Source* is the recording's audio, *reference* its recording in the
target language where the corpus has one.  All are mono float32 at 16 kHz within ±1.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from s2st_bench.errors import AudioError
from s2st_bench.metric import Item, Unscored
from s2st_bench.types import AudioSource, Samples

RATE_HZ = 16_000
Side = Literal["output", "source", "reference"]


def hear(item: Item, side: Side) -> Samples | Unscored:
    """Samples of the whole recording, ``float32[n]``, n >= 1, or why there are none."""
    if side == "output":
        return _output(item)
    audio: object = item.recording.source
    if side == "reference":
        audio = item.recording.reference_audio.get(item.trace.target_lang)
    if not isinstance(audio, AudioSource):
        return Unscored("the source is text" if side == "source" else "no reference speech")
    return _read(audio, side)


def _output(item: Item) -> Samples | Unscored:
    from s2st_bench.audio import resampled

    if item.sound is None:
        return Unscored("no speech output")
    speech = item.sound.read()
    if isinstance(speech, Unscored):
        return speech
    return usable(resampled(speech.samples, speech.sample_rate_hz, RATE_HZ))


def _read(audio: AudioSource, side: Side) -> Samples | Unscored:
    from s2st_bench.audio import read_audio

    try:
        samples = read_audio(audio.path, audio.offset_s, audio.duration_s, RATE_HZ)
    except AudioError as error:
        return Unscored(f"the {side} cannot be read: {error}")
    return usable(samples)


def usable(samples: Samples) -> Samples | Unscored:
    """Samples within ±1 (resampling overshoots), or why they are none to look at."""
    if not len(samples):
        return Unscored("no samples")
    if not np.isfinite(samples).all():
        return Unscored("samples that are no finite numbers")
    return np.clip(samples, np.float32(-1.0), np.float32(1.0))
