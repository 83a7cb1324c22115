"""Tiny random checkpoints in the formats of the real ones, written in well under a second."""

from __future__ import annotations

from pathlib import Path

TEXTS = ["the cat sat on the mat", "die Katze saß auf der Matte", "ein kleiner Test",
         "a small test"]


def _tokenizer(pair: str = "<s> $A </s> </s> $B </s>"):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    made = Tokenizer(models.Unigram())
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    made.train_from_iterator(TEXTS * 4, trainers.UnigramTrainer(
        vocab_size=120, unk_token="<unk>", special_tokens=special, show_progress=False))
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair=pair,
        special_tokens=[(s, made.token_to_id(s)) for s in ("<s>", "</s>")])
    return made


def encoder(folder: Path) -> Path:
    """An XLM-R of two layers, with its tokenizer."""
    from transformers import XLMRobertaConfig, XLMRobertaTokenizerFast

    fast = XLMRobertaTokenizerFast(tokenizer_object=_tokenizer())
    fast.save_pretrained(folder)
    XLMRobertaConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=130, type_vocab_size=1,
        pad_token_id=fast.pad_token_id, bos_token_id=fast.bos_token_id,
        eos_token_id=fast.eos_token_id,
    ).save_pretrained(folder)
    return folder


def comet(folder: Path, kind: str = "regression_metric", seed: int = 0) -> Path:
    """``<folder>/checkpoints/model.ckpt`` of a random model of unbabel-comet."""
    import pytorch_lightning
    import torch
    import yaml
    from comet.models import str2model

    torch.manual_seed(seed)
    options = {"pretrained_model": str(encoder(folder / "encoder")), "hidden_sizes": [32, 16],
               "load_pretrained_weights": False, "nr_frozen_epochs": 0, "local_files_only": True}
    if kind in ("unified_metric", "xcomet_metric"):
        options |= {"sent_layer": "mix", "word_layer": 1, "layer_transformation": "softmax"}
    if kind == "unified_metric":
        options["input_segments"] = ["mt", "src"]
    if kind == "xcomet_metric":
        options |= {"word_level_training": True, "encoder_model": "XLM-RoBERTa"}
    model = str2model[kind](**options)
    (folder / "checkpoints").mkdir()
    path = folder / "checkpoints" / "model.ckpt"
    torch.save({"state_dict": model.state_dict(), "hyper_parameters": dict(model.hparams),
                "pytorch-lightning_version": pytorch_lightning.__version__, "epoch": 0,
                "global_step": 0}, path)
    (folder / "hparams.yaml").write_text(
        yaml.safe_dump({**dict(model.hparams), "class_identifier": kind}), "utf-8")
    return path


def bleurt(folder: Path, labels: int = 1) -> Path:
    """A BERT of two layers with a regression on top."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    torch.manual_seed(1)
    fast = PreTrainedTokenizerFast(tokenizer_object=_tokenizer(), pad_token="<pad>",
                                   unk_token="<unk>", cls_token="<s>", sep_token="</s>")
    fast.save_pretrained(folder)
    BertForSequenceClassification(BertConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64, num_labels=labels,
    )).save_pretrained(folder)
    return folder


def metricx(folder: Path, vocabulary: int = 250_112) -> Path:
    """An mT5 of one layer with mT5's vocabulary, whose 250089th logit is the score."""
    import torch
    from transformers import MT5Config, MT5ForConditionalGeneration, PreTrainedTokenizerFast

    torch.manual_seed(2)
    PreTrainedTokenizerFast(tokenizer_object=_tokenizer(), pad_token="<pad>", unk_token="<unk>",
                            eos_token="</s>").save_pretrained(folder)
    model = MT5ForConditionalGeneration(MT5Config(
        vocab_size=vocabulary, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_decoder_layers=1,
        num_heads=2, pad_token_id=1, decoder_start_token_id=1))
    with torch.no_grad():  # scores in the middle of the range, where nothing is cut off
        first = model.eval()(input_ids=torch.tensor([[5, 6, 7]]),
                             decoder_input_ids=torch.zeros((1, 1), dtype=torch.long)).logits
        model.lm_head.weight[-23] *= 12.0 / first[0, 0, -23]
    model.save_pretrained(folder)
    return folder
