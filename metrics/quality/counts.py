"""What the quality metrics share: integer counts per item, summed over the corpus.

An item without a reference is :class:`Unscored`; an empty hypothesis is an answer like any
other, so that a failed or silent recording costs what it should.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from s2st_bench.errors import ConfigError
from s2st_bench.metric import Floats, Item, Metric, Unscored
from s2st_bench.text_forms import lower


class ReferenceMetric(Metric):
    """Counts of a hypothesis against its references.

    Parameters
    ----------
    text_norm
        ``auto`` (as the corpus writes its references), ``cased`` or ``lower``.
    lowercase
        Compare without case.
    """

    def __init__(
        self, *, aware: bool = False, text_norm: str = "auto", lowercase: bool = False
    ) -> None:
        super().__init__(aware=aware)
        self.text_norm = check_text_norm(text_norm)
        self.lowercase = lowercase
        self._seen_refs: set[int] = set()
        self._seen_norms: set[str] = set()

    def stats(self, item: Item) -> Floats | Unscored:
        if not item.references:
            return Unscored("no reference")
        if "text" not in item.trace.outputs and not item.failed:
            return Unscored("no text output")
        norm = item.recording.text_norm if self.text_norm == "auto" else self.text_norm
        hypothesis, references = item.hypothesis, item.references
        if norm == "lower":
            hypothesis, references = lower(hypothesis), tuple(map(lower, references))
        self._seen_norms.add(norm)
        self._seen_refs.add(len(references))
        return self.counts(hypothesis, references, item.trace.target_lang)

    @abstractmethod
    def counts(self, hypothesis: str, references: tuple[str, ...], lang: str) -> Floats:
        """Counts ``float64[k]`` of one hypothesis against its references."""

    def signature(self) -> Mapping[str, str]:
        nrefs = str(*self._seen_refs) if len(self._seen_refs) == 1 else "var"
        return {
            "nrefs": nrefs,
            "case": "lc" if self.lowercase else "mixed",
            "text_norm": "+".join(sorted(self._seen_norms)) or self.text_norm,
        }


def check_text_norm(name: str) -> str:
    """``name`` if it is a known normalisation, else :class:`ConfigError`."""
    if name not in ("auto", "cased", "lower"):
        raise ConfigError(f"text_norm={name!r}: auto, cased or lower is wanted")
    return name
