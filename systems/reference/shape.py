"""The numbers that fix a model's shape, shared by training, export and inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CHUNK_FRAMES: Final = 4
"""Encoder frames computed at a time, and the pre-decision step of monotonic attention."""
SUBSAMPLING: Final = 8
FRAME_S: Final = 0.08
CHUNK_S: Final = CHUNK_FRAMES * FRAME_S
CHUNK_MELS: Final = CHUNK_FRAMES * SUBSAMPLING
MEL_CONTEXT: Final = 9
"""Mel frames before a chunk that its first encoder frame looks at."""

LANGS: Final = ("de", "en", "es")
"""Target languages in the order of the ST-CTC heads."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of one model."""

    pieces: int
    width: int = 192
    heads: int = 4
    ff: int = 768
    encoder_layers: int = 8
    asr_layer: int = 6
    """Layers below the ASR-CTC head; those above it are free to reorder towards the target."""
    decoder_layers: int = 3
    left_frames: int = 32
    """Encoder frames of the past that attention sees in each layer: what bounds the cost."""
    kernel: int = 7
    dropout: float = 0.0
    """None: training speech is endless and varied each time it is heard."""
