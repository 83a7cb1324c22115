"""Comparing texts: counts of one item that sum over a corpus, and the score of their sum.

=============  ==============================================================================
BLEU           ``float64[10]``: system length, reference length, correct 1..4-grams, total
               1..4-grams (sacrebleu; Papineni et al. 2002; Post 2018)
chrF           for each order the triple hypothesis n-grams, reference n-grams, matches
               (sacrebleu; Popović 2015, 2017)
error rates    ``float64[2]``: edits, reference length (jiwer, Tercom)
=============  ==============================================================================

Values take arrays of any leading shape, so that every resample is a matrix product.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from sacrebleu.metrics.bleu import BLEU as SacreBLEU

from s2st_bench.errors import DependencyError, InputError
from s2st_bench.metric import Floats

ORDER: Final = 4
"""Longest n-gram of BLEU."""
BETA: Final = 2
"""Weight of recall in chrF."""

_MECAB: Final = {"ja-mecab": ("mecab-python3", "ja"), "ko-mecab": ("mecab-ko", "ko")}


def sacrebleu_bleu(tokenizer: str, lowercase: bool = False) -> Any:
    """sacrebleu's BLEU with a tokenizer it knows by name.

    Raises
    ------
    DependencyError
        The tokenizer's package is not installed.
    InputError
        Its model is not here and cannot be fetched.
    """
    try:
        return SacreBLEU(tokenize=tokenizer, lowercase=lowercase, force=True)
    except RuntimeError as error:
        if tokenizer not in _MECAB:
            raise
        package, extra = _MECAB[tokenizer]
        raise DependencyError(package, f"BLEU with the {tokenizer} tokenizer", extra) from error
    except OSError as error:  # sacrebleu fetches SentencePiece models when they are first asked for
        raise InputError(f"tokenizer={tokenizer}: sacrebleu has no copy of its model and could not "
                         f"fetch it ({getattr(error, 'reason', None) or error})") from None


def sacrebleu_counts(metric: Any, hypothesis: str, references: tuple[str, ...]) -> Floats:
    """One segment's sufficient statistics from a sacrebleu metric.

    sacrebleu sums exactly these over the corpus; it has no public door to them, and its own
    significance tests use this one.
    """
    rows = metric._extract_corpus_statistics([hypothesis], [[ref] for ref in references])
    return np.asarray(rows[0], dtype=np.float64)


def word_edits(hypothesis: str, reference: str) -> tuple[int, int]:
    """Edits and reference length in words."""
    import jiwer

    if not reference.split():
        return len(hypothesis.split()), 0
    found = jiwer.process_words(reference, hypothesis)
    return (
        found.substitutions + found.deletions + found.insertions,
        found.hits + found.substitutions + found.deletions,
    )


def char_edits(hypothesis: str, reference: str) -> tuple[int, int]:
    """Edits and reference length in characters; spaces count, runs of them as one."""
    import jiwer

    hypothesis, reference = " ".join(hypothesis.split()), " ".join(reference.split())
    if not reference:
        return len(hypothesis), 0
    found = jiwer.process_characters(reference, hypothesis)
    return (
        found.substitutions + found.deletions + found.insertions,
        found.hits + found.substitutions + found.deletions,
    )


def bleu(totals: Floats) -> Floats:
    """BLEU in per cent from summed counts ``float64[..., 10]``; NaN where nothing was summed."""
    totals = np.asarray(totals, dtype=np.float64)
    sys_len, ref_len = totals[..., 0], totals[..., 1]
    correct, total = totals[..., 2 : 2 + ORDER], totals[..., 2 + ORDER :]
    missed = correct == 0
    # exponential smoothing: the i-th order without a match counts as 1 / 2^i of a match
    numerator = np.where(missed, 0.5 ** np.cumsum(missed, axis=-1), correct)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_log = np.mean(np.log(numerator) - np.log(total), axis=-1)
        brevity = np.where(sys_len < ref_len, np.exp(1.0 - ref_len / sys_len), 1.0)
        score = 100.0 * brevity * np.exp(mean_log)
    zero = missed.all(axis=-1) | (total == 0).any(axis=-1)
    return np.asarray(np.where(zero, 0.0, score))


def chrf(totals: Floats, beta: float = BETA) -> Floats:
    """chrF in per cent from summed counts ``float64[..., 3 * orders]``."""
    totals = np.asarray(totals, dtype=np.float64)
    triples = totals.reshape(*totals.shape[:-1], -1, 3)
    hyp, ref, match = triples[..., 0], triples[..., 1], triples[..., 2]
    counted = (hyp > 0) & (ref > 0)
    orders = np.maximum(counted.sum(axis=-1), 1)
    precision = np.where(counted, match / np.where(counted, hyp, 1.0), 0.0).sum(axis=-1) / orders
    recall = np.where(counted, match / np.where(counted, ref, 1.0), 0.0).sum(axis=-1) / orders
    factor = beta**2
    denominator = factor * precision + recall
    return np.asarray(
        100.0 * (1 + factor) * precision * recall / np.where(denominator > 0, denominator, 1.0)
    )


def error_rate(totals: Floats) -> Floats:
    """Per cent from summed ``float64[..., 2]`` edits and reference lengths.

    A reference that is empty in all gives 100 for any edit at all, as sacrebleu does.
    """
    totals = np.asarray(totals, dtype=np.float64)
    edits, length = totals[..., 0], totals[..., 1]
    rate = edits / np.where(length > 0, length, 1.0)
    return np.asarray(100.0 * np.where(length > 0, rate, (edits > 0).astype(np.float64)))
