"""Tiny random translators and voices in the formats of the real ones, made in a moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TEXTS = ["the cat sat on the mat", "die Katze saß auf der Matte", "ein kleiner Test",
         "a small test", "hello world", "guten Tag"]


def _pieces(folder: Path, size: int = 60) -> Path:
    """A SentencePiece model trained on a few sentences."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 4), model_prefix=str(folder / "pieces"), vocab_size=size,
        model_type="unigram", hard_vocab_limit=False, minloglevel=2)
    return folder / "pieces.model"


def _shape(vocabulary: int) -> dict[str, Any]:
    return {"vocab_size": vocabulary, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1,
            "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16,
            "decoder_ffn_dim": 16, "max_position_embeddings": 128, "init_std": 0.5}


def nllb(folder: Path) -> Path:
    """An NLLB of one layer, its tokenizer with all 202 languages."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizerFast

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    made.train_from_iterator(TEXTS * 4, trainers.UnigramTrainer(
        vocab_size=80, unk_token="<unk>", show_progress=False,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"]))
    made.save(str(folder / "raw.json"))
    tokenizer = NllbTokenizerFast(tokenizer_file=str(folder / "raw.json"))
    tokenizer.save_pretrained(folder)
    model = M2M100ForConditionalGeneration(M2M100Config(
        **_shape(len(tokenizer)), pad_token_id=1, bos_token_id=0, eos_token_id=2,
        decoder_start_token_id=2))
    with torch.no_grad():  # words are likelier than languages, which do not show
        model.model.shared.weight[5 : made.get_vocab_size()] *= 4.0
    model.save_pretrained(folder)
    return folder


def m2m100(folder: Path) -> Path:
    """An M2M100 of one layer with its own kind of tokenizer."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    torch.manual_seed(1)
    import sentencepiece

    spm = _pieces(folder)
    loaded = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    words = [loaded.id_to_piece(n) for n in range(3, loaded.get_piece_size())]
    vocab = {token: n for n, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", *words])}
    (folder / "vocab.json").write_text(json.dumps(vocab), "utf-8")
    tokenizer = M2M100Tokenizer(str(folder / "vocab.json"), str(spm))
    tokenizer.save_pretrained(folder)
    M2M100ForConditionalGeneration(M2M100Config(
        **_shape(len(vocab) + 120), pad_token_id=1, bos_token_id=0, eos_token_id=2,
        decoder_start_token_id=2)).save_pretrained(folder)
    return folder


def marian(folder: Path) -> Path:
    """A Marian of one layer; one of its words is the token of a target language."""
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    torch.manual_seed(2)
    import sentencepiece

    spm = _pieces(folder)
    loaded = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    words = [loaded.id_to_piece(n) for n in range(3, loaded.get_piece_size())]
    names = ["</s>", "<unk>", *words, ">>fra<<", "<pad>"]
    (folder / "vocab.json").write_text(
        json.dumps({token: n for n, token in enumerate(names)}), "utf-8")
    for side in ("source.spm", "target.spm"):
        (folder / side).write_bytes(spm.read_bytes())
    tokenizer = MarianTokenizer(str(folder / "source.spm"), str(folder / "target.spm"),
                                str(folder / "vocab.json"), source_lang="en", target_lang="de")
    tokenizer.save_pretrained(folder)
    pad = len(names) - 1
    MarianMTModel(MarianConfig(
        **_shape(len(names)), pad_token_id=pad, eos_token_id=0, decoder_start_token_id=pad,
        forced_eos_token_id=0)).save_pretrained(folder)
    return folder


CHAT = ("{% for m in messages %}<|user|>{{ m['content'] }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|model|>{% endif %}")


def llama(folder: Path, *, chat: bool = True, seed: int = 3) -> Path:
    """A LLaMA of one layer that spells in bytes, with or without a chat template."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<s>", "</s>", "<|user|>", "<|model|>", "<|end|>"]
    vocab = {token: n for n, token in enumerate([*special, *letters])}
    made = Tokenizer(models.BPE(vocab, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>",
        additional_special_tokens=special[2:])
    if chat:
        tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    LlamaForCausalLM(LlamaConfig(
        vocab_size=len(vocab), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=1_024, bos_token_id=0, eos_token_id=1,
        initializer_range=1.0)).save_pretrained(folder)
    return folder


def vits(folder: Path, speakers: int = 1) -> Path:
    """A VITS with a small vocoder that speaks the letters a to z."""
    import torch
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    torch.manual_seed(4)
    folder.mkdir(parents=True, exist_ok=True)
    letters = ["<pad>", "<unk>", " ", *"abcdefghijklmnopqrstuvwxyzäöüß"]
    (folder / "vocab.json").write_text(json.dumps({c: n for n, c in enumerate(letters)}), "utf-8")
    VitsTokenizer(str(folder / "vocab.json"), language="de", is_uroman=False, phonemize=False,
                  ).save_pretrained(folder)
    VitsModel(VitsConfig(
        vocab_size=len(letters), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        ffn_dim=16, flow_size=16, spectrogram_bins=9, num_speakers=speakers,
        speaker_embedding_size=8 if speakers > 1 else 0, duration_predictor_filter_channels=16,
        prior_encoder_num_flows=1, prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1, duration_predictor_num_flows=1,
        depth_separable_num_layers=1, upsample_initial_channel=16, upsample_rates=(8, 8),
        upsample_kernel_sizes=(16, 16), resblock_kernel_sizes=(3,),
        resblock_dilation_sizes=((1,),), sampling_rate=16_000)).save_pretrained(folder)
    return folder
