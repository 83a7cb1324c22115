"""Known words found in speech, once.

An alignment is kept (:mod:`s2st_bench.cache`) by the audio, the words, the language and the
aligner's signature.
"""

from __future__ import annotations

from collections.abc import Sequence

from s2st_bench.errors import NotAligned
from s2st_bench.metric import Unscored
from s2st_bench.parts import AlignerModel
from s2st_bench.sound import digest
from s2st_bench.transcripts import base_code
from s2st_bench.types import Speech, Word


def aligned(
    model: AlignerModel, speech: Speech, words: Sequence[str], lang: str
) -> tuple[Word, ...] | Unscored:
    """``words`` where they are said in ``speech``, in seconds, or why they are not found."""
    chosen = model.of(base_code(lang))
    if chosen.languages and base_code(lang) not in chosen.languages:
        known = ", ".join(sorted(chosen.languages))
        return Unscored(f"the aligner knows {known}, not {lang}")

    def found() -> dict[str, object]:
        chosen.load()
        try:
            places = chosen.align(speech.samples, speech.sample_rate_hz, words, lang)
        except NotAligned as error:
            return {"reason": str(error)}
        return {"spans": [[word.start_s, word.end_s] for word in places]}

    key = {"what": "alignment", "aligner": dict(chosen.signature()), "lang": lang,
           "words": list(words), "audio": digest(speech.samples, speech.sample_rate_hz)}
    kept = chosen.kept.get(key, found)
    if "reason" in kept:
        return Unscored(f"not aligned: {kept['reason']}")
    return tuple(Word(text, float(start_s), float(end_s))
                 for text, (start_s, end_s) in zip(words, kept["spans"], strict=True))
