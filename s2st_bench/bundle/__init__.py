"""A run in one file, to hand in: packed here, and judged by whoever receives it.

A bundle is a zip of the run folder's files and ``bundle.json``, which names each with its length
and SHA-256.  ``pack`` writes it, ``unpack`` checks it and lays it out in an empty folder,
``same_references`` holds its references against those of runs made here, and ``rescored`` computes
its scores anew and refuses one that claims others.
"""

from .pack import pack
from .rescore import rescored, same_references
from .unpack import Limits, unpack

__all__ = ["Limits", "pack", "rescored", "same_references", "unpack"]
