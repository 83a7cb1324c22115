"""How far the aligner is off, on words whose times the system itself gave.

The words a system gave with its speech are looked for by the aligner; the error of a word is the
end the aligner finds - the end the system gave, in the gapless speech.

``AlignerBias``       the median error: where positive, all heard latencies are so much too high
``AlignerError@p50``  median of the absolute error
``AlignerError@p95``  its 95th percentile

Both are of the aligner, not of the system, and never rank.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.parts import AlignerModel
from s2st_bench.percentiles import PooledPercentile
from s2st_bench.types import MetricSpec

from .hearing import NEEDS, Heard, Hearing


class AlignerErrors(Hearing, PooledPercentile):
    """A percentile of errors."""

    def __init__(self, *, aware: bool = False, aligner: AlignerModel | None = None) -> None:
        super().__init__(aware=aware, words="given", aligner=aligner)
        self._used = ""

    def of_units(self, item: Item) -> Floats | Unscored:
        given = self.recording(item)
        if isinstance(given, Unscored) or item.sound is None:
            return given if isinstance(given, Unscored) else Unscored("no speech output")
        key = (AlignerErrors, self.aligner)
        errors = item.sound.once(key, lambda: self._errors(item, given))
        if isinstance(errors, Unscored):
            return errors
        self._used = self.aligner_name(item.trace.target_lang)
        number = {id(emission): i for i, emission in enumerate(given.said)}
        here = [number[id(emission)] for emission in given.items[item.id].emissions]
        return errors[here] if here else Unscored("no word was given")

    def _errors(self, item: Item, given: Heard) -> Floats | Unscored:
        """Milliseconds, of every word of the recording."""
        if item.sound is None:
            return Unscored("no speech output")
        if len(given.said) != len(given.words):
            return Unscored("latency is counted in words for this")
        speech = item.sound.read()
        if isinstance(speech, Unscored):
            return speech
        found = self.align(speech, [w.text for w in given.words], item.trace.target_lang)
        if isinstance(found, Unscored):
            return found
        pairs = zip(found, given.words, strict=True)
        return np.array([1000.0 * (ours.end_s - theirs.end_s) for ours, theirs in pairs])

    def signature(self) -> Mapping[str, str]:
        return {"aligner": self._used}


class AlignerBias(AlignerErrors):
    """Median error."""

    spec = MetricSpec("AlignerBias", "ms", None, NEEDS, (), "s2st_bench")
    percent = 50.0


class AbsoluteErrors(AlignerErrors):
    """A percentile of errors without their sign."""

    def of_units(self, item: Item) -> Floats | Unscored:
        errors = super().of_units(item)
        return errors if isinstance(errors, Unscored) else np.abs(errors)


class AlignerErrorP50(AbsoluteErrors):
    """Median."""

    spec = MetricSpec("AlignerError@p50", "ms", None, NEEDS, (), "s2st_bench")
    percent = 50.0


class AlignerErrorP95(AbsoluteErrors):
    """95th percentile."""

    spec = MetricSpec("AlignerError@p95", "ms", None, NEEDS, (), "s2st_bench")
    percent = 95.0
