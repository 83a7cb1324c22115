"""Speaker and language models with random weights, as checkpoints that their packages load."""

from __future__ import annotations

from pathlib import Path

HYPERPARAMETERS = """
n_mels: 80
pretrained_path: speechbrain/nowhere
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: !ref <n_mels>
    channels: [32, 32, 32, 32, 96]
    kernel_sizes: [5, 3, 3, 3, 1]
    dilations: [1, 2, 3, 4, 1]
    attention_channels: 16
    lin_neurons: 48
classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
    input_size: 48
    out_neurons: 2
mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    mean_var_norm_emb: !ref <mean_var_norm_emb>
    classifier: !ref <classifier>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
        classifier: !ref <classifier>
        label_encoder: !ref <label_encoder>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
        classifier: !ref <pretrained_path>/classifier.ckpt
        label_encoder: !ref <pretrained_path>/label_encoder.txt
"""
"""As those that speechbrain publishes, whose ``pretrained_path`` names the hub."""


def ecapa(folder: Path, *, always: str = "de: German", never: str = "en: English") -> Path:
    """A speaker encoder and a classifier that gives one label to all speech."""
    import torch

    from s2st_bench.torch_audio import torchaudio_for

    torchaudio_for("a tiny voice", "speech")
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN, Classifier

    torch.manual_seed(0)
    encoder = ECAPA_TDNN(80, channels=[32, 32, 32, 32, 96], kernel_sizes=[5, 3, 3, 3, 1],
                         dilations=[1, 2, 3, 4, 1], attention_channels=16, lin_neurons=48)
    classifier = Classifier(48, out_neurons=2)
    with torch.no_grad():
        # cosine with the mean output of the encoder and with its opposite
        speech = torch.randn(4, 120, 80)
        mean = encoder.eval()(speech).mean(0)[0]
        classifier.weight[:] = torch.stack([mean, -mean])
    torch.save(encoder.state_dict(), folder / "embedding_model.ckpt")
    torch.save(classifier.state_dict(), folder / "classifier.ckpt")
    (folder / "label_encoder.txt").write_text(
        f"'{always}' => 0\n'{never}' => 1\n================\n'starting_index' => 0\n", "utf-8")
    (folder / "hyperparams.yaml").write_text(HYPERPARAMETERS, "utf-8")
    return folder


def wavlm(folder: Path) -> Path:
    """A ``WavLMForXVector`` with its feature extractor."""
    import torch
    from transformers import Wav2Vec2FeatureExtractor, WavLMConfig, WavLMForXVector

    torch.manual_seed(0)
    config = WavLMConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        conv_dim=(16,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
        tdnn_dim=(16, 16, 16, 16, 32), xvector_output_dim=24, num_buckets=32,
        max_bucket_distance=100, vocab_size=8,
    )
    WavLMForXVector(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=False).save_pretrained(folder)
    return folder
