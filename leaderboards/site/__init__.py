"""The HTML leaderboard: ranked tables, quality–latency plots, and recordings to listen to.

:func:`build` turns any number of run folders into a static site that opens from disk, offline.
"""

from .build import AUDIO_S, build
from .definition import Definition, presets, read_definition
from .published import SHIPPED as PUBLISHED
from .single import single_file

__all__ = ["AUDIO_S", "PUBLISHED", "Definition", "build", "presets", "read_definition",
           "single_file"]
