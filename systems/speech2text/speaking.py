"""Committed words as speech, by SeamlessM4T-v2's text-to-unit model and vocoder.

The text-to-unit model sees the whole of the segment's text so far, and its units of the new words
go to the vocoder, as in SeamlessStreaming (arXiv:2312.05187).  It is not autoregressive and says of
each character for how many units it lasts, so the units of a word are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from s2st_bench.types import Samples, Speech

from .languages import seamless_code
from .model import Encoded


class Speaker:
    """One voice of a checkpoint.

    ``speaker``: which of the vocoder's, from 0.
    """

    def __init__(self, model: Any, speaker: int) -> None:
        self._model = model
        self._speaker = speaker

    def units(
        self, encoded: Encoded, prompt: Sequence[int], ids: Sequence[int], first: int
    ) -> Any:
        """Units ``[1, n]`` of ``ids[first:]``, where ``ids`` translate the one recording in
        ``encoded``, as the vocoder takes them.
        """
        import torch

        model, config = self._model, self._model.config
        hidden = encoded.hidden[:1, : encoded.frames[0]]
        chars, counts = self._characters(ids)
        lasting: list[Any] = []
        predictor = model.t2u_model.model.decoder.duration_predictor
        hook = predictor.register_forward_hook(lambda *call: lasting.append(call[2]))
        try:
            with torch.inference_mode():
                rows = torch.tensor([[*prompt, *ids]], device=model.device)
                states = model.text_decoder(input_ids=rows, encoder_hidden_states=hidden)[0]
                said = model.t2u_model(inputs_embeds=states, char_input_ids=chars,
                                       char_count_per_id=counts)
        finally:
            hook.remove()
        lengths = torch.clamp(torch.round(torch.expm1(lasting[0])).long(), min=1)[0]
        before = int(lengths[: int(counts[0, : 1 + first].sum())].sum())
        found = said[0].argmax(dim=-1)[:, before:]
        controls = found < config.vocoder_offset  # ends, pads: nothing that sounds
        return torch.where(controls, config.t2u_pad_token_id, found - config.vocoder_offset)

    def voice(self, units: Any, lang: str) -> Speech:
        """The units as speech in ``lang``."""
        import torch

        model = self._model
        rate_hz = int(model.config.sampling_rate)
        if not units.shape[1]:
            return Speech(np.zeros(0, np.float32), rate_hz)
        number = model.generation_config.vocoder_lang_code_to_id[seamless_code(lang)]
        with torch.inference_mode():
            waves, _ = model.vocoder(
                input_ids=units, speaker_id=torch.tensor([[self._speaker]], device=model.device),
                lang_id=torch.tensor([[number]], device=model.device))
        sound = waves.reshape(-1).float().cpu().numpy()
        samples: Samples = np.clip(np.nan_to_num(sound), -1.0, 1.0)
        return Speech(samples, rate_hz)

    def _characters(self, ids: Sequence[int]) -> tuple[Any, Any]:
        """Characters ``[1, c]`` of the tokens, and how many each position of the decoder has."""
        import torch

        model = self._model
        rows = torch.tensor([list(ids)], device=model.device)
        rows = rows.masked_fill(rows == model.generation_config.eos_token_id,
                                model.generation_config.pad_token_id)
        subwords = model._indices_to_subwords(rows)
        pad = model.generation_config.pad_token_id
        counts = model._count_character_length_in_subword(rows, subwords, pad_token_id=pad)
        none = counts.new_zeros((1, 1))
        counts = torch.cat([none, counts, none], dim=1)
        return model._get_char_input_ids(rows, subwords, counts, pad_token_id=pad), counts
