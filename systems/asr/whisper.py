"""Whisper (Radford et al. 2022, arXiv:2212.04356) through transformers.

Decoding is greedy (temperature 0, one beam, no fallback), with timestamps, in the language that is
given.  Each window of at most 30 s is decoded once and alone: nothing is conditioned on the text
before it.  Word times come from cross-attention where the checkpoint names its alignment heads, as
OpenAI's do; else the words share the span of their segment by length.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Final

from s2st_bench.audio import ready
from s2st_bench.checkpoints import dtype_option, pick_device
from s2st_bench.errors import DependencyError, InputError
from s2st_bench.parts import IdentifierModel
from s2st_bench.transcripts import UNSPACED, base_code
from s2st_bench.types import Samples, Word

from .whole import LONGEST_S, RATE_HZ, Precision, WholeRecogniser, failure, timed

_CODES: Final[Mapping[str, str]] = MappingProxyType({
    "cmn": "zh", "nb": "no", "fil": "tl", "iw": "he", "jv": "jw",
})
"""Base codes that Whisper calls something else."""
_TICK_S: Final = 0.02
"""Timestamps are multiples of it."""


class Whisper(WholeRecogniser):
    """Any Whisper checkpoint that transformers loads."""

    name: ClassVar[str] = "whisper"
    package: ClassVar[str] = "transformers"
    decoding: ClassVar[str] = "greedy,T=0,no-prompt"

    def __init__(
        self, *, checkpoint: str, device: str = "auto", precision: Precision = "float32",
        batch_size: int = 8,
    ) -> None:
        super().__init__(checkpoint=checkpoint, device=device, precision=precision,
                         batch_size=batch_size)
        self._model: Any = None
        self._features: Any = None
        self._tokenizer: Any = None

    def load(self) -> None:
        if self._model is not None:
            return
        try:
            import torch
            import transformers
            from transformers import (
                WhisperFeatureExtractor,
                WhisperForConditionalGeneration,
                WhisperTokenizerFast,
            )
        except ImportError as error:
            raise DependencyError(error.name or "transformers", f"recogniser {self.name}",
                                  "transformers") from None
        try:
            self._features = WhisperFeatureExtractor.from_pretrained(self.folder)
            self._tokenizer = WhisperTokenizerFast.from_pretrained(self.folder)
            model = WhisperForConditionalGeneration.from_pretrained(
                self.folder, **dtype_option(transformers, getattr(torch, self.precision)))
            self._model = model.to(torch.device(pick_device(self.device))).eval()
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            raise failure(self.name, self.folder, error) from error
        if not self._codes:
            self.languages = frozenset({"en"})

    def recognise(self, batch: Sequence[Samples], lang: str) -> list[list[Word]]:
        import torch

        settings = self._model.generation_config
        has_heads = getattr(settings, "alignment_heads", None) is not None
        options = self._language(lang)
        inputs, mask = self._inputs(batch)
        with torch.inference_mode():
            found = self._model.generate(
                inputs, attention_mask=mask, return_timestamps=True,
                return_token_timestamps=has_heads, return_dict_in_generate=True,
                force_unique_generate_call=True, do_sample=False, num_beams=1,
                temperature=0.0, condition_on_prev_tokens=False, **options,
            )
        times = found["token_timestamps"].tolist() if has_heads else [None] * len(batch)
        return [self._words(tokens, at, len(samples) / RATE_HZ, lang)
                for tokens, at, samples in zip(found["sequences"].tolist(), times, batch,
                                               strict=True)]

    def identify(self, samples: Samples) -> dict[str, float]:
        """Probability of each language that the checkpoint knows, in ``float32[n]`` at 16 kHz."""
        import torch

        if not self._codes:
            raise InputError(f"{self.folder}: an English checkpoint cannot tell languages")
        model = self._model
        inputs, _ = self._inputs([samples])
        start = torch.tensor([[model.generation_config.decoder_start_token_id]],
                             device=inputs.device)
        with torch.inference_mode():
            logits = model(input_features=inputs, decoder_input_ids=start).logits[0, -1].float()
        ids = list(self._codes.values())
        found = torch.softmax(logits[ids], dim=-1).tolist()
        return dict(zip(self._codes, found, strict=True))

    @property
    def _codes(self) -> dict[str, int]:
        """Languages and their tokens; none in an English checkpoint."""
        tokens = getattr(self._model.generation_config, "lang_to_id", None) or {}
        return {token.strip("<|>"): number for token, number in tokens.items()}

    def _language(self, lang: str) -> dict[str, str]:
        base = base_code(lang)
        code = _CODES.get(base, base)
        if not self._codes and code == "en":
            return {}
        if code not in self._codes:
            known = ", ".join(sorted(self._codes) or ["en"])
            raise InputError(f"{self.folder}: knows no {lang}; it knows {known}")
        return {"language": code, "task": "transcribe"}

    def _inputs(self, batch: Sequence[Samples]) -> tuple[Any, Any]:
        made = self._features(list(batch), sampling_rate=RATE_HZ, return_tensors="pt",
                              return_attention_mask=True)
        model = self._model
        return (made.input_features.to(device=model.device, dtype=model.dtype),
                made.attention_mask.to(model.device))

    def _words(
        self, tokens: list[int], at: list[float] | None, duration_s: float, lang: str
    ) -> list[Word]:
        """Words of one window from its tokens and, where known, when each token begins."""
        settings = self._model.generation_config
        first_stamp = settings.no_timestamps_token_id + 1
        edges = spread(tokens, first_stamp, duration_s) if at is None else at
        special = set(self._tokenizer.all_special_ids)
        plain = [(token, edge) for token, edge in zip(tokens, edges, strict=True)
                 if token < first_stamp and token not in special]
        ids = [token for token, _ in plain]
        # A token may hold part of a character: it is complete with the token that ends it.
        ends = [len(self._tokenizer.decode(ids[: n + 1]).rstrip("\ufffd"))
                for n in range(len(ids))]
        text = self._tokenizer.decode(ids)
        return timed(text, [edge for _, edge in plain], ends, duration_s,
                     spaced=base_code(lang) not in UNSPACED)


class WhisperIdentifier(IdentifierModel):
    """Which language is spoken, by Whisper's first token."""

    def __init__(self, *, checkpoint: str, device: str = "auto") -> None:
        self._whisper = Whisper(checkpoint=checkpoint, device=device)

    def load(self) -> None:
        self._whisper.load()

    def signature(self) -> Mapping[str, str]:
        found = self._whisper.signature()
        return {"identifier": "whisper",
                **{key: found[key] for key in ("checkpoint", "weights", "transformers")}}

    def identify(self, samples: Samples, rate_hz: int) -> Mapping[str, float]:
        self.load()
        sound = ready(samples, rate_hz, RATE_HZ)[: int(LONGEST_S * RATE_HZ)]
        back = {theirs: ours for ours, theirs in _CODES.items() if ours not in ("cmn",)}
        return {back.get(code, code): p for code, p in self._whisper.identify(sound).items()}


def spread(tokens: Sequence[int], first_stamp: int, duration_s: float) -> list[float]:
    """When each token begins, where only segments have times: evenly within its segment.

    ``first_stamp`` is the token of 0 s; a segment stands between two of these.
    """
    stamps = [(n, (token - first_stamp) * _TICK_S)
              for n, token in enumerate(tokens) if token >= first_stamp]
    bounds = [(0, 0.0), *stamps, (len(tokens), duration_s)]
    edges: list[float] = []
    for (first, begin), (last, end) in zip(bounds[:-1], bounds[1:], strict=True):
        n = last - first
        begin, end = min(begin, duration_s), min(end, duration_s)
        edges += [begin + max(0.0, end - begin) * i / n for i in range(n)]
    return [edge if math.isfinite(edge) else duration_s for edge in edges]
