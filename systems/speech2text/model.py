"""An encoder-decoder asked for translations of audio that begin with what was committed.

Audio is ``float32[n]`` at 16 kHz.  The encoder is run over all of it every time, as offline models
must be.  *Forced* tokens are the prompt and what was committed; *new* ones are what follows.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from s2st_bench.errors import ConfigError, InputError
from s2st_bench.types import Samples

from .dialects import RATE_HZ
from .loading import Checkpoint

LEAST_S = 0.1
"""In less there is no word, and less than encoders need."""

At = Literal["input", "output"]
Stop = Callable[[Sequence[int]], bool]
"""Told the new tokens so far: whether more are of no use."""
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Search:
    """How translations are looked for."""

    num_beams: int = 1
    no_repeat_ngram: int = 0
    max_new_tokens: int = 128


@dataclass(frozen=True, slots=True)
class Look:
    """Which attention is wanted: mean over the heads of decoder ``layer``; none: the heads that
    the checkpoint names for alignment (Whisper's), or else the last layer.

    ``at``: a token is aligned where it is the decoder's ``input``, or its ``output``.
    """

    layer: int | None = None
    at: At = "input"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Recordings encoded together: ``hidden [recordings, frames, width]``."""

    hidden: Any
    mask: Any
    """Of the features; none where all have the same length."""
    frames: tuple[int, ...]
    """How many frames are a recording's own."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What follows the forced tokens."""

    ids: tuple[int, ...]
    """Without the end of the sentence."""
    ended: bool
    """Whether the model ended its sentence."""
    attention: Floats | None = None
    """``[ids, frames]``, where asked for."""


class Model:
    """A loaded checkpoint."""

    def __init__(self, checkpoint: Checkpoint, search: Search, look: Look | None) -> None:
        self._model = checkpoint.model
        self._features = checkpoint.features
        self._dialect = checkpoint.dialect
        self._search = search
        self._look = look
        settings = self._model.generation_config
        ends = settings.eos_token_id
        self._ends = frozenset(ends if isinstance(ends, list) else [ends])
        pad = settings.pad_token_id
        self._pad = int(pad if pad is not None else min(self._ends))
        self._unwanted_first = list(settings.begin_suppress_tokens or ())
        settings.begin_suppress_tokens = None  # they would follow a committed prefix as well
        decoder = getattr(self._model.config, "decoder", None) or self._model.config
        self._longest = int(getattr(decoder, "max_target_positions", None)
                            or getattr(decoder, "max_position_embeddings", None) or 1024)
        layers = int(getattr(decoder, "decoder_layers", 0) or decoder.num_hidden_layers)
        if look is not None and look.layer is not None and not -layers <= look.layer < layers:
            raise ConfigError(f"system.layer={look.layer}: the decoder has {layers} layers, from 0 "
                              f"to {layers - 1}")

    @property
    def pads(self) -> bool:
        """Whether audio of different lengths may be encoded together."""
        return self._dialect.pads

    @property
    def beams(self) -> int:
        """Hypotheses kept side by side."""
        return self._search.num_beams

    def encode(self, batch: Sequence[Samples]) -> Encoded:
        """Encode recordings of at least ``LEAST_S``; of one length, unless the model pads."""
        import torch

        made = self._features(list(batch), sampling_rate=RATE_HZ, return_tensors="pt",
                              **({"padding": True} if not self._fixed else {}))
        device, dtype = self._model.device, self._model.dtype
        given = {key: value.to(device) for key, value in made.items()}
        given = {key: value.to(dtype) if value.is_floating_point() else value
                 for key, value in given.items()}
        with torch.inference_mode():
            hidden = self._model.get_encoder()(**given, return_dict=True).last_hidden_state
        mask = given.get("attention_mask")
        if mask is None and self._fixed:
            mask = torch.ones(hidden.shape[:2], dtype=torch.long, device=device)
        longest = max(len(samples) for samples in batch)
        own = [None] * len(batch) if mask is None else mask.sum(dim=1).tolist()
        frames = tuple(
            min(hidden.shape[1], max(1, self._dialect.frames(
                len(samples), hidden.shape[1], longest, features)))
            for samples, features in zip(batch, own, strict=True))
        return Encoded(hidden, mask, frames)

    def decode(
        self, encoded: Encoded, forced: Sequence[tuple[int, ...]], prompts: Sequence[int],
        stops: Sequence[Stop | None],
    ) -> list[Decoded]:
        """Continue each recording's ``forced`` tokens, the first ``prompts`` of which are its
        prompt, until its ``stops`` says so or the sentence ends.

        With several beams all must have equally many forced tokens.
        """
        import torch

        room = [max(0, min(self._search.max_new_tokens, self._longest - len(ids)))
                for ids in forced]
        if not any(room):
            return [self._nothing(frames) for frames in encoded.frames]
        common = min(map(len, forced))
        turn = _Turn(forced, prompts, room, stops, self._unwanted_first)
        outputs = _outputs(encoded.hidden)
        with torch.inference_mode():
            found = _generate(
                self._model, outputs, encoded.mask,
                torch.tensor([ids[:common] for ids in forced], device=self._model.device),
                logits_processor=[turn.force], num_beams=self._search.num_beams,
                stopping_criteria=[turn.full] if self._search.num_beams == 1 else [],
                max_new_tokens=max(len(ids) - common + n
                                   for ids, n in zip(forced, room, strict=True)),
                no_repeat_ngram_size=self._search.no_repeat_ngram,
            )
        answers = [self._cut(row[len(ids) : len(ids) + n], stop) for row, ids, n, stop in
                   zip(found.tolist(), forced, room, stops, strict=True)]
        if self._look is None:
            return answers
        rows = self._attention(encoded, forced, answers, self._look)
        return [Decoded(answer.ids, answer.ended, row)
                for answer, row in zip(answers, rows, strict=True)]

    @property
    def _fixed(self) -> bool:
        """Whether the features are always of one length (Whisper's)."""
        return math.isfinite(self._dialect.longest_s)

    def _cut(self, row: list[int], stop: Stop | None) -> Decoded:
        """A row of a batch without what was padded to it."""
        for n, token in enumerate(row):
            if token in self._ends:
                return Decoded(tuple(row[:n]), ended=True)
            if stop is not None and stop(row[: n + 1]):
                return Decoded(tuple(row[: n + 1]), ended=False)
        return Decoded(tuple(row), ended=False)

    def _nothing(self, frames: int) -> Decoded:
        rows = None if self._look is None else np.zeros((0, frames), np.float32)
        return Decoded((), ended=False, attention=rows)

    def _attention(
        self, encoded: Encoded, forced: Sequence[tuple[int, ...]], answers: Sequence[Decoded],
        look: Look,
    ) -> list[Floats]:
        """Attention of the new tokens, from one pass over all: the same as while decoding."""
        import torch

        ids = [(*known, *answer.ids) for known, answer in zip(forced, answers, strict=True)]
        width = max(map(len, ids))
        rows = torch.tensor([(*row, *[self._pad] * (width - len(row))) for row in ids],
                            device=self._model.device)
        with torch.inference_mode():
            said = self._model(
                encoder_outputs=_outputs(encoded.hidden), attention_mask=encoded.mask,
                decoder_input_ids=rows, output_attentions=True, use_cache=False, return_dict=True)
        layers = said.cross_attentions
        if not layers or layers[0] is None:
            raise InputError("the model does not say where it looks: attention policies need "
                             "cross-attention")
        mean = self._heads(layers, look).float().cpu().numpy()
        found = []
        for row, frames, known, answer in zip(mean, encoded.frames, forced, answers, strict=True):
            first = len(known) if look.at == "input" else len(known) - 1
            found.append(row[first : first + len(answer.ids), :frames])
        return found

    def _heads(self, layers: Sequence[Any], look: Look) -> Any:
        """``[recordings, tokens, frames]`` of the heads that ``look`` means."""
        import torch

        named = getattr(self._model.generation_config, "alignment_heads", None)
        if look.layer is None and named:
            return torch.stack([layers[layer][:, head] for layer, head in named]).mean(dim=0)
        return layers[-1 if look.layer is None else look.layer].mean(dim=1)


class _Turn:
    """Keeps each row to its forced tokens, and stops it when enough was said."""

    def __init__(
        self, forced: Sequence[tuple[int, ...]], prompts: Sequence[int], room: Sequence[int],
        stops: Sequence[Stop | None], unwanted: list[int],
    ) -> None:
        self._forced = forced
        self._prompts = prompts
        self._room = room
        self._stops = stops
        self._unwanted = unwanted

    def force(self, ids: Any, scores: Any) -> Any:
        """A processor of logits, ``[rows * beams, vocabulary]``."""
        beams, at = len(ids) // len(self._forced), ids.shape[1]
        for row in range(len(ids)):
            forced = self._forced[row // beams]
            if at < len(forced):
                scores[row] = -math.inf
                scores[row, forced[at]] = 0.0
            elif at == len(forced) == self._prompts[row // beams] and self._unwanted:
                scores[row, self._unwanted] = -math.inf
        return scores

    def full(self, ids: Any, scores: Any, **_: Any) -> Any:
        """A criterion to stop, ``[rows]``."""
        import torch

        return torch.tensor([self._is_full(n, row) for n, row in enumerate(ids)],
                            device=ids.device)

    def _is_full(self, number: int, row: Any) -> bool:
        known, stop = len(self._forced[number]), self._stops[number]
        if len(row) >= known + self._room[number]:
            return True
        return stop is not None and len(row) > known and stop(row[known:].tolist())


def _generate(model: Any, outputs: Any, mask: Any, ids: Any, **options: Any) -> Any:
    """``generate`` as all models have it, without what some wrap around it."""
    library: Any = importlib.import_module("transformers.generation")  # annotated in part
    options["logits_processor"] = library.LogitsProcessorList(options["logits_processor"])
    options["stopping_criteria"] = library.StoppingCriteriaList(options["stopping_criteria"])
    masked = {} if mask is None else {"attention_mask": mask}
    return library.GenerationMixin.generate(
        model, encoder_outputs=outputs, decoder_input_ids=ids, do_sample=False,
        return_dict_in_generate=False, **masked, **options)


def _outputs(hidden: Any) -> Any:
    from transformers.modeling_outputs import BaseModelOutput

    return BaseModelOutput(last_hidden_state=hidden)
