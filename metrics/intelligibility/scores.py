"""ASR-BLEU, ASR-chrF, ASR-WER and ASR-CER: a transcript of output speech, compared.

BLEU and chrF compare it with the references.  Error rates compare it with the system's own final
text by default (how much of what the system meant can be understood), or with the nearest
reference (``against: reference``).  Long recordings: BLEU, chrF and rates against references cut
the transcript into segments; against own text the whole recording counts once, with its first
segment.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import sacrebleu
from sacrebleu.metrics.bleu import BLEU as SacreBLEU
from sacrebleu.metrics.chrf import CHRF

from s2st_bench.errors import ConfigError
from s2st_bench.metric import Floats, Item, Unscored
from s2st_bench.parts import RecogniserModel
from s2st_bench.text_counts import (
    BETA,
    bleu,
    char_edits,
    chrf,
    error_rate,
    sacrebleu_bleu,
    sacrebleu_counts,
    word_edits,
)
from s2st_bench.timeline import final_text
from s2st_bench.types import MetricSpec

from .heard import NEEDS, HeardMetric
from .normalisers import Name, Normaliser, tokenizer_of, words_of


class BleuCounter:
    """BLEU's counts of texts that were normalised alike.

    Parameters
    ----------
    tokenizer
        ``auto`` (by target language), or a name sacrebleu knows.
    """

    def __init__(self, tokenizer: str) -> None:
        known = SacreBLEU.TOKENIZERS
        if tokenizer != "auto" and tokenizer not in known:
            raise ConfigError(f"tokenizer={tokenizer!r}: auto or one of {', '.join(known)}")
        self.tokenizer = tokenizer
        self._made: dict[str, Any] = {}

    def __call__(self, heard: Item, normalise: Normaliser) -> Floats | Unscored:
        if not heard.references:
            return Unscored("no reference")
        lang = heard.trace.target_lang
        name = tokenizer_of(lang) if self.tokenizer == "auto" else self.tokenizer
        if name not in self._made:
            self._made[name] = sacrebleu_bleu(name)
        return sacrebleu_counts(self._made[name], normalise(heard.hypothesis, lang),
                                tuple(normalise(ref, lang) for ref in heard.references))

    def signature(self) -> Mapping[str, str]:
        used = {str(metric.tokenizer_signature) for metric in self._made.values()}
        return {"eff": "no", "tok": "+".join(sorted(used)) or self.tokenizer, "smooth": "exp",
                "sacrebleu": sacrebleu.__version__}


class ASRBLEU(HeardMetric):
    """Corpus BLEU of what was heard."""

    spec = MetricSpec("ASR-BLEU", "%", True, NEEDS, source="sacrebleu of a transcript")

    def __init__(
        self, *, aware: bool = False, asr: RecogniserModel | None = None,
        normalise: Name = "cvss", silence: Literal["without", "with"] = "without",
        tokenizer: str = "auto",
    ) -> None:
        super().__init__(aware=aware, asr=asr, normalise=normalise, silence=silence)
        self._counter = BleuCounter(tokenizer)

    def counts(self, item: Item, heard: Item) -> Floats | Unscored:
        return self._counter(heard, self.normalise)

    def value(self, totals: Floats) -> Floats:
        return bleu(totals)

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), **self._counter.signature()}


class ASRChrF(HeardMetric):
    """chrF of what was heard."""

    spec = MetricSpec("ASR-chrF", "%", True, NEEDS, source="sacrebleu of a transcript")

    def __init__(
        self, *, aware: bool = False, asr: RecogniserModel | None = None,
        normalise: Name = "cvss", silence: Literal["without", "with"] = "without",
    ) -> None:
        super().__init__(aware=aware, asr=asr, normalise=normalise, silence=silence)
        self._metric = CHRF(word_order=0, beta=BETA)

    def counts(self, item: Item, heard: Item) -> Floats | Unscored:
        if not item.references:
            return Unscored("no reference")
        lang = item.trace.target_lang
        return sacrebleu_counts(self._metric, self.normalise(heard.hypothesis, lang),
                                tuple(self.normalise(ref, lang) for ref in item.references))

    def value(self, totals: Floats) -> Floats:
        return chrf(totals)

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "eff": "yes", "nc": str(self._metric.char_order),
                "nw": "0", "space": "no", "sacrebleu": sacrebleu.__version__}


class ASRErrorRate(HeardMetric):
    """Edits between what was heard and the system's own text, or the nearest reference.

    Parameters
    ----------
    against
        ``own`` or ``reference``.
    """

    def __init__(
        self, *, aware: bool = False, asr: RecogniserModel | None = None,
        normalise: Name = "cvss", silence: Literal["without", "with"] = "without",
        against: Literal["own", "reference"] = "own",
    ) -> None:
        super().__init__(aware=aware, asr=asr, normalise=normalise, silence=silence)
        self.against = against

    def counts(self, item: Item, heard: Item) -> Floats | Unscored:
        lang = item.trace.target_lang
        if self.against == "reference":
            if not item.references:
                return Unscored("no reference")
            text = self.normalise(heard.hypothesis, lang)
            found = [self.distance(text, self.normalise(ref, lang), lang)
                     for ref in item.references]
            return np.array(min(found), np.float64)
        if item.failed:
            return Unscored("the recording failed")
        if "text" not in item.trace.outputs:
            return Unscored("speech only: the system gives no text of its own")
        if item.recording.segments and item.segment is not item.recording.segments[0]:
            return Unscored("counted with the first segment")
        own = self.normalise(final_text(item.trace), lang)
        text = self.normalise(self.whole(item), lang)
        return np.array(self.distance(text, own, lang), np.float64)

    @abstractmethod
    def distance(self, hypothesis: str, reference: str, lang: str) -> tuple[int, int]:
        """Edits and reference length."""

    def value(self, totals: Floats) -> Floats:
        return error_rate(totals)

    def signature(self) -> Mapping[str, str]:
        return {**super().signature(), "against": self.against, "jiwer": version("jiwer")}


class ASRWER(ASRErrorRate):
    """Word error rate of what was heard."""

    spec = MetricSpec("ASR-WER", "%", False, frozenset({"speech"}), source="jiwer of a transcript")

    def distance(self, hypothesis: str, reference: str, lang: str) -> tuple[int, int]:
        return word_edits(words_of(hypothesis, lang), words_of(reference, lang))


class ASRCER(ASRErrorRate):
    """Character error rate of what was heard."""

    spec = MetricSpec("ASR-CER", "%", False, frozenset({"speech"}), source="jiwer of a transcript")

    def distance(self, hypothesis: str, reference: str, lang: str) -> tuple[int, int]:
        return char_edits(hypothesis, reference)
