"""What :class:`~s2st_bench.audio.decode.AudioReader` needs of a decoding library."""

from __future__ import annotations

from abc import ABC, abstractmethod

from s2st_bench.types import Samples

_SKIP_FRAMES = 1 << 16


class Decoder(ABC):
    """The frames of one file in order, with its own rate and channels."""

    sample_rate_hz: int
    channels: int
    frames: int | None
    """Length by the header; None where it does not say."""
    exact_length: bool
    """Whether ``frames`` is what will be decoded, and not an estimate."""
    format: str

    @abstractmethod
    def read(self, n: int) -> Samples:
        """The next ``float32[<= n, channels]``; fewer only at the end.  Raises AudioError."""

    @abstractmethod
    def close(self) -> None: ...

    def skip(self, n: int) -> int:
        """Drop the next ``n`` frames and return how many there were; decodes them by default."""
        done = 0
        while done < n and (got := len(self.read(min(_SKIP_FRAMES, n - done)))):
            done += got
        return done
