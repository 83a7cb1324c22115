"""Tiny random speech-to-text checkpoints of transformers, in the formats of the real ones.

They say many different words and never end a sentence by themselves, so that policies have
something to decide on.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

SPECIAL = ("<pad>", "<unk>", "<s>", "</s>")
SAID = tuple(f"▁{word}" for word in (
    "guten Tag liebe Damen und Herren die Katze saß auf der Matte ein kleiner Test heute gehen wir "
    "nach Hause good morning ladies gentlemen cat mat small today home").split()) + (
        "en", "er", "s", "chen")
LETTERS = ("▁", ".", *"abcdefghijklmnopqrstuvwxyzß")
LANGS = ("deu", "eng", "jpn", "cmn")
SPOKEN = ("deu", "eng")


def _tokenizer(more: tuple[str, ...] = ()) -> Any:
    """Words, endings and letters, behind the special tokens of SeamlessM4T."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    scores = [(token, 0.0) for token in SPECIAL] + [(token, -2.0) for token in SAID]
    scores += [(letter, -9.0) for letter in LETTERS]
    made = Tokenizer(models.Unigram(scores, unk_id=1))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    made.add_special_tokens([AddedToken(token, special=True) for token in (*SPECIAL, *more)])
    return made


def _with_torchaudio() -> None:
    """Features import it where it is installed, which fails beside a CPU torch."""
    from s2st_bench.torch_audio import torchaudio_for

    if find_spec("torchaudio"):
        torchaudio_for("a test", "transformers")


def _sharpen(head: Any, decoder: Any) -> None:
    """Words and endings, neither letters nor special tokens, by what is heard.

    The last norm is made uneven so that a word does not follow itself although the decoder's first
    weights are its last ones too.
    """
    import torch

    with torch.no_grad():
        head.weight.normal_(0.0, 0.15)
        head.weight[: len(SPECIAL)].mul_(0.01)
        head.weight[len(SPECIAL) + len(SAID) :].mul_(0.01)
        decoder.layer_norm.weight.normal_(0.0, 1.0)
        for name, weight in decoder.named_parameters():
            if "attn" in name or "attention" in name:
                weight.normal_(0.0, 0.4)


def seamless(
    folder: Path, *, speech: bool = False, version: int = 2, layers: int = 2, seed: int = 0
) -> Path:
    """A SeamlessM4T whose decoder has ``layers``; with ``speech``, its text-to-unit model and
    vocoder."""
    import torch
    import transformers

    _with_torchaudio()
    from transformers import SeamlessM4TFeatureExtractor, SeamlessM4TTokenizerFast

    torch.manual_seed(seed)
    langs = tuple(f"__{lang}__" for lang in LANGS)
    fast = SeamlessM4TTokenizerFast(
        tokenizer_object=_tokenizer(langs), src_lang="eng", tgt_lang="deu",
        additional_special_tokens=list(langs))
    number = {lang: fast.convert_tokens_to_ids(f"__{lang}__") for lang in LANGS}
    shape = {
        "vocab_size": len(fast), "hidden_size": 32, "encoder_layers": layers,
        "decoder_layers": layers,
        "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32, "speech_encoder_layers": 1, "speech_encoder_attention_heads": 2,
        "speech_encoder_intermediate_size": 32, "feature_projection_input_dim": 160,
        "max_position_embeddings": 512, "t2u_vocab_size": 130, "t2u_encoder_layers": 1,
        "t2u_decoder_layers": 1, "t2u_encoder_attention_heads": 2,
        "t2u_decoder_attention_heads": 2, "t2u_encoder_ffn_dim": 32, "t2u_decoder_ffn_dim": 32,
        "unit_hifi_gan_vocab_size": 130, "unit_embed_dim": 16, "lang_embed_dim": 8,
        "spkr_embed_dim": 8, "vocoder_num_langs": 4, "vocoder_num_spkrs": 4,
        "upsample_initial_channel": 32, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3,
        "decoder_start_token_id": 3, "t2u_pad_token_id": 0, "t2u_bos_token_id": 2,
        "t2u_eos_token_id": 3,
    }
    if version == 2:
        shape |= {"char_vocab_size": 60, "t2u_variance_predictor_embed_dim": 32,
                  "t2u_variance_predictor_hidden_dim": 16, "t2u_max_position_embeddings": 512}
    name = "SeamlessM4Tv2" if version == 2 else "SeamlessM4T"
    kind = getattr(transformers, f"{name}ForSpeechTo{'Speech' if speech else 'Text'}")
    model = kind(getattr(transformers, f"{name}Config")(**shape)).eval()
    _sharpen(model.lm_head, model.text_decoder)
    if speech and version == 2:
        with torch.no_grad():
            model.t2u_model.lm_head.weight[:4].zero_()  # units that are none: ends, pads
    settings = model.generation_config
    settings._from_model_config = False  # else it is not believed when it is loaded
    settings.text_decoder_lang_to_code_id = number
    settings.t2u_lang_code_to_id = {lang: 12 + n for n, lang in enumerate(SPOKEN)}
    settings.vocoder_lang_code_to_id = {lang: n for n, lang in enumerate(SPOKEN)}
    settings.id_to_text = {str(n): token for token, n in fast.get_vocab().items()}
    settings.char_to_id = {c: 4 + n for n, c in enumerate("▁abcdefghijklmnopqrstuvwxyzß.")}
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    SeamlessM4TFeatureExtractor(feature_size=80, num_mel_bins=80).save_pretrained(folder)
    return folder


def speech2text(folder: Path, seed: int = 0) -> Path:
    """A Speech2Text for one pair of languages, with a sub-word tokenizer."""
    import torch

    _with_torchaudio()
    from transformers import (
        PreTrainedTokenizerFast,
        Speech2TextConfig,
        Speech2TextFeatureExtractor,
        Speech2TextForConditionalGeneration,
    )

    torch.manual_seed(seed)
    fast = PreTrainedTokenizerFast(tokenizer_object=_tokenizer(), pad_token="<pad>",
                                   unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    model = Speech2TextForConditionalGeneration(Speech2TextConfig(
        vocab_size=len(fast), d_model=32, encoder_layers=1, decoder_layers=2,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=32,
        decoder_ffn_dim=32, conv_channels=32, max_target_positions=128, pad_token_id=0,
        bos_token_id=2, eos_token_id=3, decoder_start_token_id=3)).eval()
    _sharpen(model.lm_head, model.model.decoder)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    Speech2TextFeatureExtractor().save_pretrained(folder)
    return folder


def encoder_decoder(folder: Path, seed: int = 0) -> Path:
    """A wav2vec 2.0 joined to a small decoder."""
    import torch
    from transformers import (
        MBartConfig,
        PreTrainedTokenizerFast,
        SpeechEncoderDecoderConfig,
        SpeechEncoderDecoderModel,
        Wav2Vec2Config,
        Wav2Vec2FeatureExtractor,
    )

    torch.manual_seed(seed)
    fast = PreTrainedTokenizerFast(tokenizer_object=_tokenizer(), pad_token="<pad>",
                                   unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    ear = Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        conv_dim=(32,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
        feat_extract_norm="layer", do_stable_layer_norm=True)
    mouth = MBartConfig(
        vocab_size=len(fast), d_model=32, decoder_layers=2, decoder_attention_heads=2,
        decoder_ffn_dim=32, encoder_layers=2, max_position_embeddings=128, pad_token_id=0,
        bos_token_id=2, eos_token_id=3, decoder_start_token_id=3)
    config = SpeechEncoderDecoderConfig.from_encoder_decoder_configs(
        ear, mouth, decoder_start_token_id=3, pad_token_id=0, eos_token_id=3)
    model = SpeechEncoderDecoderModel(config=config).eval()
    _sharpen(model.decoder.lm_head, model.decoder.model.decoder)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    return folder
