"""Tiny random recognisers in the formats of the real ones."""

from __future__ import annotations

import json
from pathlib import Path

N_STAMPS = 1501


def _byte_tokens() -> list[str]:
    """The 256 characters that byte-level BPE writes bytes as."""
    from transformers.models.whisper.tokenization_whisper import bytes_to_unicode

    return list(bytes_to_unicode().values())


def whisper(
    folder: Path, *, english: bool = False, heads: bool = True, seed: int = 0,
) -> Path:
    """A Whisper of two layers that knows English, German and Japanese (or English alone)."""
    import torch
    from transformers import (
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizerFast,
    )

    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    words = [*_byte_tokens(), "Ġa", "Ġb", "Ġhello", "Ġwelt"]
    langs = ["en", "de", "ja"]
    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in langs),
               "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>",
               "<|nospeech|>", "<|notimestamps|>"]
    vocab = {token: n for n, token in enumerate([*words, *special])}
    (folder / "vocab.json").write_text(json.dumps(vocab), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    tokenizer = WhisperTokenizerFast(
        vocab_file=str(folder / "vocab.json"), merges_file=str(folder / "merges.txt"),
        unk_token=special[0], bos_token=special[0], eos_token=special[0], pad_token=special[0],
    )
    tokenizer.add_special_tokens({"additional_special_tokens": special[1:]})
    stamps = [f"<|{n * 0.02:.2f}|>" for n in range(N_STAMPS)]
    tokenizer.add_tokens(stamps)
    number = {token: tokenizer.convert_tokens_to_ids(token) for token in special}
    config = WhisperConfig(
        vocab_size=len(tokenizer), d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=64,
        decoder_ffn_dim=64, num_mel_bins=80, max_source_positions=1500, max_target_positions=448,
        pad_token_id=number[special[0]], bos_token_id=number[special[0]],
        eos_token_id=number[special[0]], decoder_start_token_id=number["<|startoftranscript|>"],
        suppress_tokens=None, begin_suppress_tokens=None, init_std=0.4,
    )
    model = WhisperForConditionalGeneration(config).eval()
    settings = model.generation_config
    settings.no_timestamps_token_id = number["<|notimestamps|>"]
    settings._from_model_config = False  # else it is not believed when it is loaded
    settings.forced_decoder_ids = None
    settings.max_length = 40
    settings.is_multilingual = not english
    settings.prev_sot_token_id = number["<|startofprev|>"]
    if not english:
        settings.lang_to_id = {f"<|{code}|>": number[f"<|{code}|>"] for code in langs}
        settings.task_to_id = {"transcribe": number["<|transcribe|>"],
                               "translate": number["<|translate|>"]}
    if heads:
        settings.alignment_heads = [[1, 0], [1, 1]]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(folder)
    return folder


def ctc(folder: Path, seed: int = 0) -> Path:
    """A wav2vec 2.0 of one layer that spells with eight letters."""
    import torch
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    torch.manual_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefgh"]
    (folder / "vocab.json").write_text(json.dumps({c: n for n, c in enumerate(letters)}), "utf-8")
    Wav2Vec2Processor(
        Wav2Vec2FeatureExtractor(feature_size=1, sampling_rate=16_000, do_normalize=True),
        Wav2Vec2CTCTokenizer(str(folder / "vocab.json"), word_delimiter_token="|"),
    ).save_pretrained(folder)
    model = Wav2Vec2ForCTC(Wav2Vec2Config(
        vocab_size=len(letters), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64, conv_dim=(32,) * 7, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2, pad_token_id=0, initializer_range=2.0,
    )).eval()
    with torch.no_grad():
        model.lm_head.weight.normal_(0, 1.0)
        model.lm_head.bias[5:] += 1.0
    model.save_pretrained(folder)
    return folder


def ctranslate2(source: Path, folder: Path) -> Path:
    """A Whisper of transformers in CTranslate2's format, which takes one so small for English."""
    from ctranslate2.converters import TransformersConverter

    copied = ["tokenizer.json", "preprocessor_config.json"]
    TransformersConverter(str(source), copy_files=copied).convert(str(folder))
    return folder
