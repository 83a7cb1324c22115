"""Cut what was said during a long recording into the recording's reference segments.

A :class:`Resegmenter` gives every unit of a hypothesis the index of its segment.  It sees texts
and computation-unaware times only, so that one alignment serves quality, unaware and aware
latency alike.

:class:`MinWerSegmenter` cuts so that word errors are fewest, as StreamLAAL was defined.
:class:`SoftSegmenter` is OmniSTEval's (:mod:`s2st_bench.softalign`), and our variant of it in which
no word can belong to a sentence that had not begun when the word was said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

import numpy as np

from s2st_bench.errors import ConfigError, DependencyError
from s2st_bench.metric import Floats, LatencyUnit
from s2st_bench.minwer import cuts
from s2st_bench.softalign import NOWHERE, Codes, owners
from s2st_bench.types import Segment
from s2st_bench.units import split_units

Tokenize = Callable[[str], Sequence[str]]

_UNSPLIT = frozenset({"zh", "ja", "cmn", "zho", "jpn"})


class Resegmenter(Protocol):
    """Assigns the units of one long hypothesis to reference segments."""

    def assign(
        self,
        units: Sequence[str],
        delays_s: Floats,
        segments: Sequence[Segment],
        references: Sequence[str],
        lang: str,
        unit: LatencyUnit,
    ) -> Codes:
        """The segment of each unit, ``intp[n]``; :data:`NOWHERE` for one that none takes.

        Parameters
        ----------
        delays_s
            Computation-unaware times ``float64[n]`` from the start of the recording.
        references
            One per segment, empty where a segment has none.
        """

    def signature(self) -> Mapping[str, str]:
        """What enters the signature of every score made from the segmentation."""


class SoftSegmenter:
    """SoftSegmenter's alignment.

    Parameters
    ----------
    tokenizer
        ``none`` aligns whole units; ``moses`` splits words first with the Moses tokenizer of the
        target language (Chinese and Japanese never), as OmniSTEval does when given ``--lang``.
    slack_s
        None: a word may belong to any sentence, as published.  Else only to one that begins at
        most so many seconds after the word's unaware time.
    """

    def __init__(
        self, tokenizer: Literal["none", "moses"] = "none", slack_s: float | None = None
    ) -> None:
        if tokenizer not in ("none", "moses"):
            raise ConfigError(f"tokenizer={tokenizer!r}: none or moses is wanted")
        if slack_s is not None and not 0 <= slack_s < float("inf"):
            raise ConfigError(f"slack_s={slack_s}: seconds, 0 or more, are wanted")
        self.tokenizer = tokenizer
        self.slack_s = slack_s

    def assign(
        self,
        units: Sequence[str],
        delays_s: Floats,
        segments: Sequence[Segment],
        references: Sequence[str],
        lang: str,
        unit: LatencyUnit,
    ) -> Codes:
        ref_units = [split_units(r.lower(), unit) for r in references]
        ref_segment = [i for i, row in enumerate(ref_units) for _ in row]
        with self._splitter(lang, unit) as split:
            hyp_tokens, hyp_owner = _tokens(units, split)
            ref_tokens, ref_owner = _tokens([u for row in ref_units for u in row], split)
        of_ref_token = np.array([ref_segment[i] for i in ref_owner] + [NOWHERE], dtype=np.intp)
        reach = None
        if self.slack_s is not None:
            starts = np.array([segment.start_s for segment in segments])[of_ref_token[:-1]]
            latest = delays_s[hyp_owner] + self.slack_s
            reach = np.searchsorted(np.maximum.accumulate(starts), latest, side="right")
        found = owners(ref_tokens, hyp_tokens, char_level=unit == "char", reach=reach)
        codes = np.full(len(units), NOWHERE, dtype=np.intp)
        # the first token of a unit decides for the whole unit; NOWHERE is the last element
        codes[hyp_owner[::-1]] = of_ref_token[found][::-1]
        return codes

    def signature(self) -> Mapping[str, str]:
        if self.slack_s is None:
            return {"reseg": f"softsegmenter({self.tokenizer})"}
        return {"reseg": f"timed-softsegmenter({self.tokenizer},{self.slack_s:g}s)"}

    @contextmanager
    def _splitter(self, lang: str, unit: LatencyUnit) -> Iterator[Tokenize | None]:
        base = lang.split("-")[0]
        if self.tokenizer == "none" or unit == "char" or base in _UNSPLIT:
            yield None
            return
        try:
            from mosestokenizer import MosesTokenizer
        except ImportError:
            raise DependencyError(
                "mosestokenizer", "SoftSegmenter with the Moses tokenizer", "longform"
            ) from None
        with MosesTokenizer(base, no_escape=True) as moses:  # a perl process
            yield moses


class MinWerSegmenter:
    """Fewest word errors, compared in NFKC and lower case (:mod:`s2st_bench.minwer`)."""

    def assign(
        self,
        units: Sequence[str],
        delays_s: Floats,
        segments: Sequence[Segment],
        references: Sequence[str],
        lang: str,
        unit: LatencyUnit,
    ) -> Codes:
        rows = [_tokens(split_units(r, unit), None)[0] for r in references]
        ends = cuts(rows, _tokens(units, None)[0])
        return np.searchsorted(ends, np.arange(len(units)), side="right")

    def signature(self) -> Mapping[str, str]:
        return {"reseg": "min-wer"}


def _tokens(units: Sequence[str], split: Tokenize | None) -> tuple[list[str], Codes]:
    """Tokens of all units, NFKC and lower case, and the unit each comes from."""
    tokens: list[str] = []
    owner: list[int] = []
    for i, unit in enumerate(units):
        text = unicodedata.normalize("NFKC", unit).lower()
        pieces = [text] if split is None else split(text)
        tokens += pieces
        owner += [i] * len(pieces)
    return tokens, np.array(owner, dtype=np.intp)
