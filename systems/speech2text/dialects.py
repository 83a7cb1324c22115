"""What differs between families of models: how a language is asked for, and what a frame is.

A *prompt* is what the decoder is given before the translation, ids of tokens.  It is made from the
checkpoint's own tables (``config.json``, ``generation_config.json``), so a language is refused
before anything is heard.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from .languages import parts_of, seamless_code, whisper_code

RATE_HZ: Final = 16_000


class Dialect(ABC):
    """One checkpoint's ways.

    Parameters
    ----------
    config, generation
        The two files, as mappings.
    """

    longest_s: float = math.inf
    """The most audio it takes at once."""
    pads: bool = False
    """Whether recordings of different lengths may be encoded together."""
    spoken: frozenset[str] = frozenset()
    """Languages it can speak, in its own codes."""

    def __init__(self, config: Mapping[str, Any], generation: Mapping[str, Any]) -> None:
        self._generation = generation
        self._start = _first(generation.get("decoder_start_token_id"),
                             config.get("decoder_start_token_id"),
                             (config.get("decoder") or {}).get("decoder_start_token_id"), 0)

    @abstractmethod
    def refusal(self, source_lang: str, target_lang: str) -> str | None:
        """None, or one line why it does not translate so."""

    @abstractmethod
    def prompt(self, source_lang: str, target_lang: str) -> tuple[int, ...]:
        """What the decoder begins with; the languages were not refused."""

    def frames(self, samples: int, total: int, longest: int, features: int | None) -> int:
        """Encoder frames that hold ``samples``, of ``total`` for the ``longest`` beside it;
        ``features``: vectors the encoder was given for it, where that is known.
        """
        return math.ceil(total * samples / longest)


class Seamless(Dialect):
    """SeamlessM4T, version 1 and 2: start, then the target language.  No source language.

    It does not pad: its adaptor hears the padding beside a shorter recording's last frames.
    """

    def __init__(self, config: Mapping[str, Any], generation: Mapping[str, Any]) -> None:
        super().__init__(config, generation)
        self._kernel = int(config.get("adaptor_kernel_size", 8))
        self._stride = int(config.get("adaptor_stride", 8))
        self._targets: Mapping[str, int] = generation.get("text_decoder_lang_to_code_id") or {}
        self.spoken = frozenset(generation.get("vocoder_lang_code_to_id") or ()).intersection(
            generation.get("t2u_lang_code_to_id") or ())

    def refusal(self, source_lang: str, target_lang: str) -> str | None:
        return _missing("translates to", seamless_code(target_lang), target_lang, self._targets)

    def prompt(self, source_lang: str, target_lang: str) -> tuple[int, ...]:
        return self._start, int(self._targets[seamless_code(target_lang)])

    def frames(self, samples: int, total: int, longest: int, features: int | None) -> int:
        if features is None:
            return super().frames(samples, total, longest, features)
        # one layer of the adaptor shortens, by a convolution padded with half its kernel
        return (features + 2 * (self._kernel // 2) - self._kernel) // self._stride + 1


class Whisper(Dialect):
    """Whisper: translates to English, or writes down what is said in its own language."""

    longest_s = 30.0
    pads = True  # to 30 s, whatever is given
    _frame = 320  # samples

    def __init__(self, config: Mapping[str, Any], generation: Mapping[str, Any]) -> None:
        super().__init__(config, generation)
        found = generation.get("lang_to_id") or {}
        self._langs: dict[str, int] = {token.strip("<|>"): n for token, n in found.items()}
        self._tasks: Mapping[str, int] = generation.get("task_to_id") or {}
        self._plain = generation.get("no_timestamps_token_id")

    def refusal(self, source_lang: str, target_lang: str) -> str | None:
        source, target = whisper_code(source_lang), whisper_code(target_lang)
        if not self._langs:
            return None if source == target == "en" else "an English Whisper hears and writes en"
        if reason := _missing("hears", source, source_lang, self._langs):
            return reason
        if target not in (source, "en"):
            return f"Whisper translates to en, not to {target_lang}"
        return None

    def prompt(self, source_lang: str, target_lang: str) -> tuple[int, ...]:
        found = [self._start]
        if self._langs:
            source = whisper_code(source_lang)
            task = "transcribe" if source == whisper_code(target_lang) else "translate"
            found += [self._langs[source], self._tasks[task]]
        return (*found, *([] if self._plain is None else [int(self._plain)]))

    def frames(self, samples: int, total: int, longest: int, features: int | None) -> int:
        return math.ceil(samples / self._frame)


class Other(Dialect):
    """Any other encoder-decoder: for one pair of languages, or with codes in its tokenizer.

    ``codes``: the tokenizer's languages (``de_DE`` or ``de``) and their tokens; none where the
    checkpoint is for one pair, which is then taken to be the one asked for.
    """

    def __init__(
        self, config: Mapping[str, Any], generation: Mapping[str, Any],
        codes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(config, generation)
        self._codes = {parts_of(code)[0]: n for code, n in (codes or {}).items()}
        self._forced = _first(generation.get("forced_bos_token_id"),
                              config.get("forced_bos_token_id"))

    def refusal(self, source_lang: str, target_lang: str) -> str | None:
        if not self._codes:
            return None
        return _missing("translates to", parts_of(target_lang)[0], target_lang, self._codes)

    def prompt(self, source_lang: str, target_lang: str) -> tuple[int, ...]:
        forced = self._codes.get(parts_of(target_lang)[0], self._forced)
        return (self._start, *([] if forced is None else [int(forced)]))


def dialect_of(
    config: Mapping[str, Any], generation: Mapping[str, Any],
    codes: Mapping[str, int] | None = None,
) -> Dialect:
    """The ways of a checkpoint, by its ``model_type``."""
    kind = config.get("model_type")
    if kind in ("seamless_m4t", "seamless_m4t_v2"):
        return Seamless(config, generation)
    if kind == "whisper":
        return Whisper(config, generation)
    return Other(config, generation, codes)


def _missing(verb: str, code: str, lang: str, known: Mapping[str, int]) -> str | None:
    if code in known:
        return None
    return f"the checkpoint {verb} {', '.join(sorted(known)) or 'nothing'}; not {lang} ({code})"


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
