"""What speaking itself costs: the lag of the same words had each text unit been there at once.

``SpeechFloor``: word i is available when an even speaker would have reached it, a_i = (i - 1) S /
max(n, R), takes as long as it was heard, l_i, and waits for the word before it: e_i = max(a_i,
e_(i-1)) + l_i.  The value is the mean of e_i - a_i: HeardLAAL's floor for these words in this
voice.  A segment of long form begins with nothing left to say.  HeardLAAL - SpeechFloor is what
the system's own decisions, its computation and its queue cost.
"""

from __future__ import annotations

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.timed import reference_length
from s2st_bench.types import MetricSpec

from .averages import HeardMean
from .hearing import NEEDS


def queued(available: Floats, lengths: Floats) -> Floats:
    """Ends of words that are spoken one after another, each from when it is available;
    ``float64[n]`` all.
    """
    # With the lengths taken off, the recursion is a running maximum.
    spoken = np.cumsum(lengths)
    return np.asarray(np.maximum.accumulate(available - (spoken - lengths)) + spoken)


class SpeechFloor(HeardMean):
    """HeardLAAL of an instant system with the same words and voice."""

    spec = MetricSpec("SpeechFloor", "ms", None, NEEDS, (), "s2st_bench")

    def of_heard(self, times: Floats, heard: Item) -> float | Unscored:
        length = reference_length(heard)
        if isinstance(length, Unscored):
            return length
        played = [emission.played for emission in heard.emissions if emission.played is not None]
        if len(played) < len(times):
            return Unscored("how long words were is not known")
        lengths = np.array([1000.0 * (end_s - start_s) for start_s, end_s in played])
        pace = heard.source_length / max(len(times), length)
        available = pace * np.arange(len(times))
        return float((queued(available, lengths) - available).mean())
