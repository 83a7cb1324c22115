"""How good a model is on development data while it trains: greedy, with the whole source."""

from __future__ import annotations

from collections.abc import Sequence

import jiwer
import sacrebleu
import torch
from torch import Tensor

from ..frontend import Frames
from ..model.decoder import Decoder
from ..model.encoder import Encoder
from ..pieces import BLANK, END, Pieces, tag
from .batches import padded


def collapse(ids: Sequence[int]) -> list[int]:
    """CTC's reading of one best path: repetitions once, blanks not at all."""
    return [i for number, i in enumerate(ids)
            if i != BLANK and (number == 0 or i != ids[number - 1])]


@torch.no_grad()
def greedy(
    decoder: Decoder, frames: Tensor, counts: Tensor, langs: Sequence[str], longest: int = 80
) -> list[list[int]]:
    """The likeliest piece at a time, all of the source seen."""
    tokens = torch.tensor([[tag(lang)] for lang in langs])
    ended = torch.zeros(len(langs), dtype=torch.bool)
    for _ in range(longest):
        visible = counts[:, None].expand(-1, tokens.shape[1])
        logits, _ = decoder(tokens, frames, visible)
        best = logits[:, -1].argmax(-1).masked_fill(ended, BLANK)
        tokens = torch.cat([tokens, best[:, None]], dim=1)
        ended |= best == END
        if ended.all():
            break
    return [[i for i in row if i not in (BLANK, END)] for row in tokens[:, 1:].tolist()]


@torch.no_grad()
def evaluate(
    encoder: Encoder, decoder: Decoder, pieces: Pieces,
    recordings: Sequence[tuple[Frames, str, dict[str, str]]], size: int = 33,
) -> dict[str, float]:
    """BLEU and ASR word error rate of ``(features, source language, texts)``, per direction."""
    said: dict[str, list[tuple[str, str]]] = {}
    for lang in sorted({lang for _, lang, _ in recordings}):
        rows = [r for r in recordings if r[1] == lang]
        target = "en" if lang == "de" else "de"
        for at in range(0, len(rows), size):
            part = rows[at : at + size]
            mel, counts = padded([frames for frames, _, _ in part])
            frames, asr = encoder(encoder.normalise(mel))
            for number, row in enumerate(greedy(decoder, frames, counts, [target] * len(part))):
                texts = part[number][2]
                heard = collapse(asr[number, : counts[number]].argmax(-1).tolist())
                said.setdefault(f"bleu_{lang}-{target}", []).append(
                    (pieces.decode(row), texts[target]))
                said.setdefault(f"wer_{lang}", []).append((pieces.decode(heard), texts[lang]))
    scores = {}
    for name, pairs in said.items():
        hypotheses, references = zip(*pairs, strict=True)
        scores[name] = (
            sacrebleu.corpus_bleu(list(hypotheses), [list(references)]).score
            if name.startswith("bleu") else jiwer.wer(list(references), list(hypotheses))
        )
    return scores
