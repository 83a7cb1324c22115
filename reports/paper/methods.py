"""A paragraph on how the numbers were made, from their signatures, and what to cite for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from s2st_bench.standings.columns import AWARE_SUFFIX, SILENCE_SUFFIX
from s2st_bench.standings.tables import Group
from s2st_bench.standings.text import label

_BIB = Path(__file__).parent / "references.bib"
_ENTRY = re.compile(r"@\w+\{([^,]+),.*?\n\}\n", re.DOTALL)
_METRICS = re.compile(r"^% metrics: (.*)$", re.MULTILINE)
_SAID = {
    "reseg": "talks are cut into reference segments by {}", "tok": "tokeniser {}",
    "unit": "latency units are {}s", "clock": "{} clock", "ca": "computation-aware times: {}",
    "sacrebleu": "sacreBLEU {}", "asr": "speech is transcribed by {}",
    "interval": "95 % intervals by {}", "compat": "definitions of {}",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One BibTeX entry and what it is cited for."""

    key: str
    text: str
    metrics: tuple[str, ...]


def references() -> tuple[Reference, ...]:
    """The shipped bibliography."""
    text = _BIB.read_text("utf-8")
    found = []
    for part in re.split(r"(?=^% metrics: )", text, flags=re.MULTILINE):
        named, entry = _METRICS.search(part), _ENTRY.search(part)
        if named and entry:
            found.append(Reference(entry.group(1), entry.group(0), tuple(named.group(1).split())))
    return tuple(found)


def cited(metrics: Iterable[str]) -> tuple[Reference, ...]:
    """What stands behind metrics, given by the names in the scores; ``*`` is cited always."""
    bases = {base_name(metric) for metric in metrics}
    return tuple(r for r in references()
                 if "*" in r.metrics or bases & set(r.metrics))


def base_name(metric: str) -> str:
    """``AL`` of ``AL_CA_pen``; ``ASR-BLEU`` of ``ASR-BLEU@whisper``."""
    plain = metric.removesuffix(SILENCE_SUFFIX).removesuffix(AWARE_SUFFIX)
    return plain.partition("@")[0]


def paragraph(groups: Sequence[Group]) -> str:
    """Plain text with ``\\cite{…}``-free keys in brackets, one paragraph a test set."""
    parts = []
    for group in groups:
        scores = {name: score for entry in group.entries for name, score in entry.scores.items()
                  if score.value is not None}
        settings: dict[str, dict[str, list[str]]] = {}
        for name, score in scores.items():
            for key, _, value in (field.partition(":") for field in score.signature.split("|")):
                if key in _SAID and value and value != "none":
                    settings.setdefault(key, {}).setdefault(value, []).append(name)
        said = []
        for key, values in settings.items():
            for value, names in values.items():
                of = "" if len(values) == 1 else f" ({', '.join(sorted(names))})"
                said.append(_SAID[key].format(label(value, 80)) + of)
        keys = ", ".join(r.key for r in cited(scores))
        n = max((entry.n_total for entry in group.entries), default=0)
        versions = sorted({str(e.record.versions.get("s2st-bench", "")) for e in group.entries}
                          - {""})
        barred = sorted(name for name, score in scores.items() if score.unranked)
        damaged = {str(e.record.corpus_card["left_out"]["recordings"]) for e in group.entries
                   if e.record.corpus_card.get("left_out")}
        parts.append(
            f"{len(group.entries)} {'run was' if len(group.entries) == 1 else 'runs were'} "
            f"scored with s2st_bench {', '.join(versions)} on "
            f"{label(group.corpus)} {label(group.split)} ({group.source_lang} to "
            f"{group.target_lang}, {n} items, test set {group.fingerprint}): "
            f"{'; '.join(said) or 'no settings to state'}. Ranks come from paired tests of all "
            "pairs of systems on the same recordings, corrected by Holm within each column."
            + (f" Never ranked by: {', '.join(barred)}." if barred else "")
            + (f" Left out as damaged: {' or '.join(sorted(damaged))} recordings of the corpus."
               if damaged else "")
            + (" The corpus is synthetic: the numbers show the tool, not the systems."
               if group.synthetic else "")
            + f" [{keys}]")
    return "\n\n".join(parts) + "\n"
