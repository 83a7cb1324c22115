"""Alignment by a CTC checkpoint: a tiny one with random weights, made here, loaded as any other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.errors import InputError, NotAligned
from s2st_bench.systems.asr.ctc_align import CtcAligner

for package in ("torch", "transformers"):
    pytest.importorskip(package, reason=f"{package} is not installed")

pytestmark = pytest.mark.slow

WORDS = ["Hello", "—", "there,", "WORLD"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
    )

    folder = tmp_path_factory.mktemp("ctc")
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]
    vocabulary = folder / "letters.json"
    vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    Wav2Vec2CTCTokenizer(str(vocabulary)).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    torch.manual_seed(0)
    Wav2Vec2ForCTC(Wav2Vec2Config(
        vocab_size=len(letters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, conv_dim=(8,) * 7, num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2, pad_token_id=0,
    )).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_words_in_order_within_the_speech(checkpoint: Path, rate_hz: int) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 2 * rate_hz).astype(np.float32)
    found = CtcAligner(str(checkpoint)).align(samples, rate_hz, WORDS, "en")
    assert [word.text for word in found] == WORDS
    edges = np.array([[word.start_s, word.end_s] for word in found])
    assert (np.diff(edges.reshape(-1)) >= 0).all() and edges[-1, 1] <= 2.0
    assert (edges[:, 1] > edges[:, 0]).tolist() == [True, False, True, True]


def test_long_speech_is_heard_in_windows(checkpoint: Path) -> None:
    """The same frames as in one go, but for what lies beyond the context."""
    aligner = CtcAligner(str(checkpoint))
    aligner.load()
    samples = np.random.default_rng(0).normal(0, 0.1, 70 * 16_000).astype(np.float32)
    whole = aligner._heard(samples)
    parts = aligner._log_probs(samples)
    assert parts.shape == whole.shape
    assert np.abs(parts - whole).max() < 0.1


def test_signature_names_the_weights(checkpoint: Path) -> None:
    found = CtcAligner(str(checkpoint)).signature()
    assert found["aligner"] == "ctc" and len(found["weights"]) == 12


def test_what_cannot_be(checkpoint: Path, tmp_path: Path) -> None:
    aligner = CtcAligner(str(checkpoint), languages=("en",))
    assert aligner.languages == {"en"}
    for samples in (np.zeros(0, np.float32), np.ones(1, np.float32), np.ones(300, np.float32)):
        with pytest.raises(NotAligned):
            aligner.align(samples, 16_000, WORDS, "en")
    with pytest.raises(InputError, match="no such file or folder"):
        CtcAligner("no such checkpoint")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="not a CTC checkpoint"):
        CtcAligner(str(tmp_path)).load()
