"""Cut what was said during a long recording into the recording's reference segments.

A :class:`Resegmenter` gives every unit of a hypothesis the index of its segment.  It sees texts
and computation-unaware times only, so that one alignment serves quality, unaware and aware
latency alike.

:class:`MinWerSegmenter` cuts so that word errors are fewest, as StreamLAAL was defined;
:class:`MwerAlign` leaves that to the package that simulstream calls, which may miss the fewest.
:class:`SoftSegmenter` is OmniSTEval's (:mod:`s2st_bench.softalign`), and our variant of it in which
no word can belong to a sentence that had not begun when the word was said.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from typing import Literal, Protocol

import numpy as np

from s2st_bench.errors import ConfigError, DependencyError, InputError
from s2st_bench.metric import Floats, LatencyUnit
from s2st_bench.minwer import cuts
from s2st_bench.softalign import NOWHERE, Codes, owners
from s2st_bench.types import Segment
from s2st_bench.units import split_units

Tokenize = Callable[[str], Sequence[str]]

TIMED_SLACK_S = 0.5
"""How long before a sentence begins a word of it may have been said, with ``timed``."""

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


class MwerAlign:
    """Fewest word errors as the package mweralign (GPL-3) finds them for simulstream 1.0.0.

    Raises
    ------
    DependencyError
        The package is not installed.
    """

    def __init__(self) -> None:
        try:
            self._version = metadata.version("mweralign")
        except metadata.PackageNotFoundError:
            raise DependencyError("mweralign", "the resegmenter mweralign", "peers") from None

    def assign(
        self,
        units: Sequence[str],
        delays_s: Floats,
        segments: Sequence[Segment],
        references: Sequence[str],
        lang: str,
        unit: LatencyUnit,
    ) -> Codes:
        rows = [[_plain(word) for word in split_units(r, unit)] for r in references]
        if not units or not any(rows):
            return np.zeros(len(units), dtype=np.intp)
        from mweralign import mweralign

        lines = mweralign.align_texts(
            "\n".join(map(" ".join, rows)), " ".join(map(_plain, units))
        ).split("\n")
        sizes = [len(line.split()) for line in lines]
        if len(sizes) != len(rows) or sum(sizes) != len(units):
            raise InputError(
                f"mweralign cut {len(units)} units and {len(rows)} references into {sum(sizes)} "
                f"units in {len(sizes)} lines; use --resegmenter min-wer"
            )
        return np.repeat(np.arange(len(sizes)), sizes)

    def signature(self) -> Mapping[str, str]:
        return {"reseg": f"mweralign({self._version})"}


def named(name: str) -> Resegmenter:
    """The resegmenter that the command line calls so.

    Raises
    ------
    ConfigError, DependencyError
    """
    made: Mapping[str, Callable[[], Resegmenter]] = {
        "soft": SoftSegmenter, "soft-moses": lambda: SoftSegmenter("moses"),
        "timed": lambda: SoftSegmenter(slack_s=TIMED_SLACK_S),
        "min-wer": MinWerSegmenter, "mweralign": MwerAlign,
    }
    if name not in made:
        raise ConfigError(f"resegmenter {name!r}: one of {', '.join(made)} is wanted")
    return made[name]()


def _plain(unit: str) -> str:
    """A unit in mweralign's text, where ``###`` parts a line's alternatives."""
    return unit if unit != "###" else "##"


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
