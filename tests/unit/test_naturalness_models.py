"""Proxies by the user's own weights, on tiny or random networks in the formats of the real ones."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from s2st_bench.errors import ConfigError, DependencyError, InputError
from s2st_bench.metric import Unscored
from s2st_bench.metrics.naturalness import nisqa, similarity, squim, utmos
from s2st_bench.registry import Registry
from spoken import RATE_HZ, spoken, tone

torch = pytest.importorskip("torch", reason="torch is not installed (extra models)")

HUBCONF = '''
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.zeros(1))
    def forward(self, wave, sr):
        assert sr == 16000
        return self.scale * wave.abs().mean(dim=1)
def utmos22_strong(progress=True, pretrained=True):
    assert not pretrained
    return Net()
'''


class Loudness(torch.nn.Module):
    def forward(self, wave: torch.Tensor) -> torch.Tensor:
        return 10.0 * wave.abs().mean(dim=1, keepdim=True)


class LoudnessAtRate(torch.nn.Module):
    def forward(self, wave: torch.Tensor, sr: int) -> torch.Tensor:
        return wave.abs().mean(dim=1) * sr


def value(metric, found) -> float | Unscored:
    metric.prepare(found)
    stats = metric.stats(found[0])
    return stats if isinstance(stats, Unscored) else float(metric.value(stats))


def script(network: Any, path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(network).save(str(path))
    return str(path)


def cases(folder: Path) -> dict[str, Any]:
    speech = tone(150, 4.0)
    bad = speech.copy()
    bad[100] = np.nan
    wide = np.stack([tone(150, 4.0, 48_000)] * 2, axis=1)
    given: dict[str, dict[str, Any]] = {
        "empty": {"output": speech[:0], "source": speech},
        "1 sample": {"output": speech[:1], "source": speech[:1]},
        "zeros": {"output": 0 * speech, "source": 0 * speech},
        "NaN": {"output": bad, "source": bad},
        "clipped": {"output": np.clip(50 * speech, -1, 1), "source": 50 * speech},
        "8 kHz": {"output": tone(150, 4.0, 8_000), "rate_hz": 8_000, "source": speech},
        "48 kHz stereo": {"output": wide[:, 0], "rate_hz": 48_000, "source": wide,
                          "reference": wide, "source_hz": 48_000},
        "text source or none": {"output": speech},
        "usual": {"output": speech, "source": tone(120, 25.0), "reference": tone(170, 3.5)},
    }
    return {name: spoken(folder / name, **case) for name, case in given.items()}


def check(metric, folder: Path) -> dict[str, Any]:
    found = {}
    for name, made in cases(folder).items():
        got = value(metric, made)
        assert got.reason if isinstance(got, Unscored) else np.isfinite(got), name
        assert metric.unranked(made).startswith("a proxy for ") and all(metric.marks(made))
        found[name] = got
    assert all(isinstance(found[name], Unscored) for name in ("empty", "1 sample", "zeros", "NaN"))
    assert all(isinstance(found[name], float) for name in
               ("clipped", "8 kHz", "48 kHz stereo", "usual"))
    return found


def test_utmos_by_a_script(tmp_path: Path) -> None:
    path = script(Loudness(), tmp_path / "utmos.pt")
    metric = utmos.UTMOS(checkpoint=path, device="cpu")
    found = check(metric, tmp_path / "runs")
    speech = tone(150, 4.0)
    assert found["usual"] == pytest.approx(10 * np.abs(speech).mean(), rel=0.05)
    assert [mark.partition(" speech ")[0] for mark in metric.marks(
        cases(tmp_path / "again")["usual"])] == ["source", "reference"]
    signature = metric.signature()
    assert signature["checkpoint"] == "utmos.pt" and len(signature["sha256"]) == 12
    rated = utmos.UTMOS(checkpoint=script(LoudnessAtRate(), tmp_path / "rated.pt"), device="cpu")
    assert value(rated, spoken(tmp_path / "one", speech)) == pytest.approx(
        found["usual"] / 10 * RATE_HZ, rel=1e-3)


def test_utmos_by_a_hub_folder(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "hubconf.py").write_text(HUBCONF, "utf-8")
    torch.save({"scale": torch.full((1,), 4.0)}, tmp_path / "hub" / "weights.pt")
    metric = utmos.UTMOS(checkpoint=str(tmp_path / "hub"), device="cpu", anchors=False)
    made = spoken(tmp_path / "run", tone(150, 4.0))
    assert value(metric, made) == pytest.approx(4 * np.abs(tone(150, 4.0)).mean(), rel=0.05)
    (tmp_path / "hub" / "second.pt").write_bytes(b"x")
    with pytest.raises(InputError, match="here are 2"):
        value(utmos.UTMOS(checkpoint=str(tmp_path / "hub")), made)


def test_what_is_no_network_is_refused_by_name(tmp_path: Path) -> None:
    made = spoken(tmp_path, tone(150, 4.0))
    (tmp_path / "bad.pt").write_bytes(b"not a network")
    for metric in (utmos.UTMOS, squim.SQUIMSTOI):
        with pytest.raises(InputError, match="bad.pt"):
            value(metric(checkpoint=str(tmp_path / "bad.pt"), device="cpu"), made)
        with pytest.raises(ConfigError, match="checkpoint=PATH"):
            metric()
        with pytest.raises(InputError, match="no such file"):
            metric(checkpoint=str(tmp_path / "absent.pt"))
        with pytest.raises(ConfigError, match="device"):
            metric(checkpoint=str(tmp_path / "bad.pt"), device="tpu")


@pytest.fixture(scope="module")
def torchaudio():
    from s2st_bench.torch_audio import torchaudio_for

    try:
        return torchaudio_for("a test", "speech")
    except DependencyError as error:
        pytest.skip(str(error))


def test_squim_objective(torchaudio, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = torchaudio.models.squim_objective_base().eval()
    torch.save(network.state_dict(), tmp_path / "objective.pth")
    found = {}
    for metric in (squim.SQUIMSTOI, squim.SQUIMPESQ, squim.SQUIMSISDR):
        made = metric(checkpoint=str(tmp_path / "objective.pth"), device="cpu", anchors=False)
        found[made.name] = value(made, spoken(tmp_path / made.name, tone(150, 3.0)))
    with torch.inference_mode():
        theirs = [float(x) for x in network(torch.from_numpy(tone(150, 3.0))[None])]
    assert list(found.values()) == pytest.approx(theirs, abs=1e-3)


@pytest.mark.slow
def test_squim_on_any_audio(torchaudio, tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(torchaudio.models.squim_objective_base().state_dict(), tmp_path / "objective.pth")
    check(squim.SQUIMPESQ(checkpoint=str(tmp_path / "objective.pth"), device="cpu"),
          tmp_path / "runs")


@pytest.mark.slow
def test_squim_subjective(torchaudio, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = torchaudio.models.squim_subjective_base().eval()
    torch.save(network.state_dict(), tmp_path / "subjective.pth")
    soundfile.write(tmp_path / "clean.wav", tone(180, 3.0), RATE_HZ, subtype="FLOAT")
    metric = squim.SQUIMMOS(checkpoint=str(tmp_path / "subjective.pth"), device="cpu",
                            clean=str(tmp_path / "clean.wav"), anchors=False)
    found = check(metric, tmp_path / "runs")
    assert 0.0 < found["usual"] < 10.0
    soundfile.write(tmp_path / "short.wav", tone(180, 0.2), RATE_HZ)
    with pytest.raises(InputError, match="at least 1 s"):
        squim.SQUIMMOS(checkpoint=str(tmp_path / "subjective.pth"),
                       clean=str(tmp_path / "short.wav"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        conv_dim=(16, 16), conv_stride=(40, 8), conv_kernel=(80, 16), num_feat_extract_layers=2,
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2,
    )
    transformers.Wav2Vec2Model(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


def test_an_encoder_compares_source_and_output(encoder: Path, tmp_path: Path) -> None:
    metric = similarity.ProsodySimilarity(checkpoint=str(encoder), device="cpu")
    found = check(metric, tmp_path / "runs")
    assert "cannot be read" in found["text source or none"].reason
    speech, other = tone(150, 4.0), tone(420, 4.0) * np.linspace(1, 0.01, 4 * RATE_HZ, dtype="f4")
    echo = spoken(tmp_path / "echo", speech, source=speech, reference=other)
    assert value(metric, echo) == pytest.approx(1.0)
    assert "an echo" in metric.unranked(echo)
    far = value(metric, spoken(tmp_path / "far", other, source=speech))
    assert far < 0.9999
    (mark,) = metric.marks(echo)
    assert mark == f"reference speech {far:.2f}"
    assert metric.signature()["layer"] == "-1"


def test_layers_and_other_encoders(encoder: Path, tmp_path: Path) -> None:
    made = spoken(tmp_path / "run", tone(150, 4.0), source=tone(250, 4.0))
    values = [value(similarity.EmotionSimilarity(checkpoint=str(encoder), layer=layer,
                                                 device="cpu"), made) for layer in (0, 1, 2, -1)]
    assert values[2] == values[3] and len({round(v, 9) for v in values}) == 3
    with pytest.raises(InputError, match="this encoder has 2"):
        value(similarity.EmotionSimilarity(checkpoint=str(encoder), layer=3), made)
    (tmp_path / "narrow").mkdir()
    for file in encoder.iterdir():
        (tmp_path / "narrow" / file.name).write_bytes(file.read_bytes())
    settings = tmp_path / "narrow" / "preprocessor_config.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "sampling_rate": 8_000}))
    with pytest.raises(InputError, match="8000 Hz"):
        value(similarity.EmotionSimilarity(checkpoint=str(tmp_path / "narrow")), made)
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no weights here"):
        value(similarity.EmotionSimilarity(checkpoint=str(tmp_path / "none")), made)


NISQA_ARGS = {
    "cnn_kernel_size": (3, 3), "cnn_c_out_1": 4, "cnn_c_out_2": 4, "cnn_c_out_3": 4,
    "cnn_dropout": 0.0, "cnn_pool_1": [24, 7], "cnn_pool_2": [12, 5], "cnn_pool_3": [6, 3],
    "td_sa_d_model": 8, "td_sa_nhead": 1, "td_sa_h": 8, "td_sa_num_layers": 1,
    "td_sa_dropout": 0.0, "pool_att_h": 8, "pool_att_dropout": 0.0, "ms_n_fft": 4096,
    "ms_hop_length": 0.01, "ms_win_length": 0.02, "ms_n_mels": 48, "ms_fmax": 20_000,
    "ms_seg_length": 15, "ms_seg_hop_length": 4, "ms_max_segments": 1300,
}


def test_nisqa_runs_the_users_weights_or_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "nisqa.tar"
    path.write_bytes(b"x")
    made = spoken(tmp_path / "run", tone(150, 4.0))
    metric = nisqa.NISQA(checkpoint=str(path), device="cpu", anchors=False)
    try:
        parts = metric._torchmetrics()
    except DependencyError as error:
        assert 'pip install "s2st-bench[nisqa]"' in str(error)
        with pytest.raises(DependencyError, match="librosa|not beside the extra comet"):
            value(metric, made)
        return
    torch.manual_seed(0)
    network = parts._NISQADIM(NISQA_ARGS).eval()
    torch.save({"args": NISQA_ARGS, "model_state_dict": network.state_dict()}, path)
    kinds = (nisqa.NISQA, nisqa.NISQANoisiness, nisqa.NISQADiscontinuity, nisqa.NISQAColoration,
             nisqa.NISQALoudness)
    ours = [value(kind(checkpoint=str(path), device="cpu", anchors=False), made) for kind in kinds]
    melspec = parts._get_librosa_melspec(tone(150, 4.0)[None], RATE_HZ, NISQA_ARGS)
    cut, count = parts._segment_specs(torch.from_numpy(melspec), NISQA_ARGS)
    with torch.inference_mode():
        theirs = network(cut, count.expand(1))[0].tolist()
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_what_is_missing_is_named_in_the_list() -> None:
    for name in ("UTMOS", "SQUIM-MOS", "NISQA", "DNSMOS-OVRL", "PESQ", "ProsodySimilarity"):
        plugin = Registry().get("metrics", name)
        assert plugin.extra and plugin.requires
        assert not plugin.missing() or plugin.extra in (plugin.pip_line or "")
