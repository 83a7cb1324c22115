"""``LanguageRight``: how much of the output speech is in the target language.

The gapless speech is cut into windows of at most 30 s where it is quiet; an identifier names the
most probable language of each.  Corpus value: 100 Σ seconds of windows in the target language /
Σ seconds.  Regions and scripts are not told apart (``zh-CN`` is ``zh``).  A recording that says
nothing has no value.  No identifier comes along: give one, such as Whisper's::

    --metric-option 'LanguageRight.identifier={name: whisper, checkpoint: openai/whisper-small}'

What it is not: a check of accent or of words; one foreign name in 30 s goes unseen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from s2st_bench.audio import windows
from s2st_bench.cache import Cache
from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.parts import IdentifierModel
from s2st_bench.sound import digest
from s2st_bench.transcripts import base_code
from s2st_bench.types import MetricSpec, Samples

_SHORTEST_S = 0.5


class LanguageRight(Metric):
    """Share of speech in the target language, in per cent."""

    spec = MetricSpec("LanguageRight", "%", True, frozenset({"speech"}), source="s2st_bench")

    def __init__(
        self, *, aware: bool = False, identifier: IdentifierModel | None = None
    ) -> None:
        super().__init__(aware=aware)
        self.identifier = identifier
        self._cache = Cache.standard()
        self._used = False

    def stats(self, item: Item) -> Floats | Unscored:
        if item.sound is None:
            return Unscored("no speech output")
        if self.identifier is None:
            return Unscored("no model that identifies languages is given: "
                            "LanguageRight.identifier={name: whisper, checkpoint: PATH}")
        if item.recording.segments and item.segment is not item.recording.segments[0]:
            return Unscored("counted with the first segment")
        speech = item.sound.read()
        if isinstance(speech, Unscored):
            return speech
        rate_hz, wanted = speech.sample_rate_hz, base_code(item.trace.target_lang)
        right = total = 0.0
        for first, last in windows(speech.samples, rate_hz):
            length_s = (last - first) / rate_hz
            if length_s < _SHORTEST_S and total:
                continue
            total += length_s
            right += length_s * (self._language(speech.samples[first:last], rate_hz) == wanted)
        return np.array([right, total])

    def value(self, totals: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(100.0 * totals[..., 0] / totals[..., 1])

    def signature(self) -> Mapping[str, str]:
        return self.identifier.signature() if self.identifier and self._used else {}

    def _language(self, samples: Samples, rate_hz: int) -> str:
        model = self.identifier
        if model is None:
            return ""
        self._used = True

        def identify() -> str:
            model.load()
            found = model.identify(samples, rate_hz)
            return max(found, key=lambda lang: found[lang], default="")

        key = {"what": "language", "model": dict(model.signature()),
               "audio": digest(samples, rate_hz)}
        return str(self._cache.get(key, identify))
