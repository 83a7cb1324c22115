"""espeak-ng, as :mod:`s2st_bench.speech.voice` has it."""

from s2st_bench.speech.voice import Espeak

__all__ = ["Espeak"]
