"""Naturalness proxies on items: a value or a reason for any audio, anchors, and no ranking."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2st_bench.audio import read_audio, resampled
from s2st_bench.errors import ConfigError
from s2st_bench.metric import Metric, Unscored
from s2st_bench.metrics.naturalness import dnsmos, intrusive, prosody
from s2st_bench.registry import Registry
from s2st_bench.scorer import Options
from s2st_bench.scoring import score
from s2st_bench.speech.espeak import RATE_HZ as ESPEAK_HZ
from s2st_bench.speech.espeak import synthesize
from s2st_bench.types import Failure, Samples
from spoken import RATE_HZ, silence, spoken, tone

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "speech"
TEXT = "The committee will meet again on Monday morning, and everybody is invited to come."

DESCRIPTIONS = [prosody.F0Median, prosody.F0Range, prosody.Level, prosody.LevelSD,
                prosody.PauseRate, prosody.PauseMean, prosody.PauseShare]
INTRUSIVE = [intrusive.PESQ, intrusive.STOI, intrusive.SISDR]

HEAVY = ("torch", "torchaudio", "torchmetrics", "transformers", "onnxruntime", "librosa")

needs_dnsmos = pytest.mark.skipif(
    bool(Registry().get("metrics", "DNSMOS-OVRL").missing()), reason="needs the extra dnsmos")
needs_torchmetrics = pytest.mark.skipif(
    any(Registry().get("metrics", name).missing() for name in ("PESQ", "STOI", "SI-SDR")),
    reason="needs torchmetrics, pesq and pystoi (extra speech)")


def voice(pitch: int = 50) -> Samples:
    said = np.concatenate([piece.samples for piece in synthesize(TEXT, "en", pitch=pitch)])
    return resampled(said, ESPEAK_HZ, RATE_HZ)


def noisy(clean: Samples, snr_db: float) -> Samples:
    noise = np.random.default_rng(0).normal(0.0, 1.0, len(clean))
    gain = np.sqrt(np.mean(clean**2) / np.mean(noise**2) / 10 ** (snr_db / 10))
    mixed = clean + gain * noise
    return (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)


def value(metric: Metric, found: Any) -> float | Unscored:
    metric.prepare(found)
    stats = metric.stats(found[0])
    return stats if isinstance(stats, Unscored) else float(metric.value(stats))


def hostile(seconds_long: float = 0.0) -> dict[str, dict[str, Any]]:
    speech = voice()
    stereo = np.stack([np.repeat(speech, 3), np.repeat(speech, 3)], axis=1)
    bad = speech.copy()
    bad[1000] = np.nan
    cases: dict[str, dict[str, Any]] = {
        "text output": {"output": None, "source": speech},
        "empty": {"output": speech[:0], "source": speech, "reference": speech},
        "1 sample": {"output": speech[:1], "source": speech[:1], "reference": speech[:1]},
        "zeros": {"output": silence(4.0), "source": silence(4.0), "reference": silence(4.0)},
        "NaN": {"output": bad, "source": speech, "reference": bad},
        "NaN in the anchors": {"output": speech, "source": bad, "reference": bad},
        "clipped": {"output": np.clip(50 * speech, -1, 1), "source": 50 * speech,
                    "reference": np.clip(50 * speech, -1, 1)},
        "constant": {"output": np.ones(4 * RATE_HZ, np.float32), "source": speech,
                     "reference": np.ones(4 * RATE_HZ, np.float32)},
        "8 kHz": {"output": resampled(speech, RATE_HZ, 8_000), "source": speech,
                  "reference": speech, "rate_hz": 8_000},
        "48 kHz stereo": {"output": np.repeat(speech, 3), "source": stereo, "reference": stereo,
                          "rate_hz": 48_000, "source_hz": 48_000},
        "no reference, no source": {"output": speech},
        "failed": {"output": speech, "source": speech, "error": Failure("died", "exit 1")},
        "long form": {"output": speech, "source": speech, "reference": speech, "segments": 3},
    }
    if seconds_long:
        once = np.concatenate([speech, silence(max(0.0, 60.0 - len(speech) / RATE_HZ))])
        long = np.tile(once, int(seconds_long / 60))
        cases = {"30 minutes": {"output": long, "source": long, "reference": long}}
    return cases


def check(metric: Metric, cases: dict[str, dict[str, Any]], folder: Path) -> dict[str, Any]:
    found = {}
    for name, case in cases.items():
        made = spoken(folder / name, **case)
        metric.prepare(made)
        for item in made:
            stats = metric.stats(item)
            if isinstance(stats, Unscored):
                assert stats.reason, name
                found[name] = stats.reason
            else:
                assert np.isfinite(stats).all(), name
                found[name] = float(metric.value(stats))
        assert metric.unranked(made) and all(metric.marks(made)), name
    return found


@pytest.mark.parametrize("metric", DESCRIPTIONS, ids=lambda m: m.spec.name)
def test_any_audio_has_a_value_or_a_reason(metric: type[Metric], tmp_path: Path) -> None:
    found = check(metric(), hostile(), tmp_path)
    assert found["text output"] == "no speech output"
    assert found["failed"] == "the recording failed"
    assert all(isinstance(found[name], float) for name in
               ("clipped", "8 kHz", "48 kHz stereo", "long form", "no reference, no source"))
    assert all(isinstance(found[name], str) for name in ("empty", "1 sample", "zeros", "NaN"))


@needs_dnsmos
def test_dnsmos_has_a_value_or_a_reason_for_any_audio(tmp_path: Path) -> None:
    found = check(dnsmos.DNSMOSOvrl(hop_s=9), hostile(), tmp_path)
    assert found["zeros"] == found["1 sample"] == "less than 0.5 s of speech"
    assert "NaN" in found["NaN"] and found["empty"] == "no output"
    # the same speech at another rate is nearly the same; clipping is heard
    assert found["48 kHz stereo"] == pytest.approx(found["long form"], abs=0.2)
    assert found["clipped"] < found["long form"] - 0.3


@pytest.mark.slow
def test_half_an_hour(tmp_path: Path) -> None:
    metrics = [metric() for metric in DESCRIPTIONS]
    metrics.append(dnsmos.DNSMOSOvrl(hop_s=9, anchors=False))
    for metric in metrics:
        found = check(metric, hostile(1800.0), tmp_path)
        assert isinstance(found["30 minutes"], float), metric.name


@pytest.mark.slow
@needs_torchmetrics
@pytest.mark.parametrize("metric", INTRUSIVE, ids=lambda m: m.spec.name)
def test_half_an_hour_of_a_processed_copy(metric: type[Metric], tmp_path: Path) -> None:
    found = check(metric(same_signal=True), hostile(1800.0), tmp_path)
    assert isinstance(found["30 minutes"], float)


@needs_dnsmos
def test_dnsmos_falls_with_noise(tmp_path: Path) -> None:
    """20, 10 and 0 dB of white noise on synthetic speech."""
    metric = dnsmos.DNSMOSOvrl(anchors=False, hop_s=9)
    found = [value(metric, spoken(tmp_path / str(snr), noisy(voice(), snr)))
             for snr in (20, 10, 0)]
    assert found[0] > found[1] > found[2] > 1.0
    assert found[0] - found[2] > 0.5


@needs_dnsmos
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs recordings of people in ../shared/speech")
def test_dnsmos_falls_with_noise_on_a_reader(tmp_path: Path) -> None:
    metrics = [metric(anchors=False, hop_s=9) for metric in
               (dnsmos.DNSMOSSig, dnsmos.DNSMOSBak, dnsmos.DNSMOSOvrl)]
    names = [f"librivox_0870{noise}" for noise in ("", "_snr20", "_snr10", "_snr0")]
    rows = np.array([
        [value(m, spoken(tmp_path / name, read_audio(SHARED / f"{name}.wav"))) for m in metrics]
        for name in names
    ])
    assert (np.diff(rows, axis=0) < 0).all()


@needs_dnsmos
@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs recordings of people in ../shared/speech")
def test_dnsmos_of_a_reader() -> None:
    """Made with speechmos 0.0.1.1's own code."""
    found = dnsmos.DNSMOSOvrl().features(read_audio(SHARED / "librivox_0870.wav"))
    assert found == pytest.approx({"sig": 3.6023, "bak": 3.9238, "ovrl": 3.2424}, abs=2e-3)


@needs_dnsmos
@pytest.mark.slow
def test_dnsmos_is_speechmos_own() -> None:
    """Without pauses to cut at; the clip is synthetic, and long enough for three windows."""
    speechmos = pytest.importorskip("speechmos.dnsmos", reason="its code needs librosa")
    speech = np.tile(voice(), 3)[: 12 * RATE_HZ]
    theirs = speechmos.run(speech, RATE_HZ)
    metric = dnsmos.DNSMOSOvrl()
    (ours,) = metric.predict([speech])
    assert [ours["sig"], ours["bak"], ours["ovrl"]] == pytest.approx(
        [theirs["sig_mos"], theirs["bak_mos"], theirs["ovrl_mos"]], abs=1e-4)


@needs_dnsmos
def test_windows_are_speechmos_own() -> None:
    """Doubled to 9.01 s and more; whole seconds count (``speechmos.dnsmos``, by hand)."""
    for seconds, doubled, count in [(9.01, 1, 1), (10.9, 1, 1), (11.0, 1, 2), (7.0, 2, 5),
                                    (3.0, 4, 3), (2.0, 8, 7), (0.5, 32, 7)]:
        samples = np.arange(round(seconds * RATE_HZ), dtype=np.float32)
        made = dnsmos.windows(samples)
        assert made.shape == (count, 144_160), seconds
        assert (made[-1] == np.tile(samples, doubled)[(count - 1) * RATE_HZ :][:144_160]).all()


def test_anchors_stand_beside_the_value_and_nothing_is_ranked(tmp_path: Path) -> None:
    made = [*spoken(tmp_path, tone(200, 2.0), tone(100, 2.0), tone(150, 2.0), recording_id="a"),
            *spoken(tmp_path, tone(220, 2.0), tone(120, 2.0), recording_id="b")]
    found = score([item.trace for item in made], [item.recording for item in made],
                  ["F0-Median"], Options(folder=tmp_path)).get("F0-Median")
    assert found.value == pytest.approx(210.0, rel=0.01)
    assert found.marks == ("source speech 110.00", "reference speech 150.00 (1 of 2)")
    assert "a proxy for" in found.unranked and "target languages" in found.unranked
    assert "lang:en" in found.signature
    assert prosody.F0Median(anchors=False).marks(made) == ()


def test_a_long_recording_counts_once(tmp_path: Path) -> None:
    made = [*spoken(tmp_path / "a", tone(100, 2.0), segments=4),
            *spoken(tmp_path / "b", tone(200, 2.0))]
    metric = prosody.F0Median(anchors=False)
    rows = np.stack([np.asarray(metric.stats(item)) for item in made])
    assert float(metric.value(rows.sum(axis=0))) == pytest.approx(150.0, rel=0.01)


@needs_dnsmos
def test_audio_is_examined_once_for_all_metrics_of_a_model(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("S2ST_BENCH_CACHE", str(tmp_path / "cache"))
    asked: list[int] = []
    inner = dnsmos.DNSMOS.predict
    monkeypatch.setattr(dnsmos.DNSMOS, "predict",
                        lambda self, parts: asked.append(len(parts)) or inner(self, parts))
    made = spoken(tmp_path, voice(30), voice(70), voice(70))
    for metric in (dnsmos.DNSMOSSig(hop_s=9), dnsmos.DNSMOSBak(hop_s=9), dnsmos.DNSMOSSig(hop_s=9)):
        assert isinstance(value(metric, made), float)
        assert len(metric.marks(made)) == 2
    assert len(asked) == 2  # the output, and the one audio that both anchors are
    value(dnsmos.DNSMOSSig(hop_s=8), made)
    assert len(asked) == 3  # other settings, another value


@needs_torchmetrics
def test_a_processed_copy_is_compared_and_another_recording_is_not(tmp_path: Path) -> None:
    speech = voice()
    worse, better = (spoken(tmp_path / str(snr), noisy(speech, snr), reference=speech)
                     for snr in (0, 20))
    for metric in (m(same_signal=True) for m in INTRUSIVE):
        assert value(metric, worse) < value(metric, better)
    assert value(intrusive.SISDR(same_signal=True), better) == pytest.approx(20.0, abs=0.3)
    assert "not declared" in value(intrusive.PESQ(), better).reason
    shorter = spoken(tmp_path / "short", speech[:-RATE_HZ], reference=speech)
    assert "another length" in value(intrusive.STOI(same_signal=True), shorter).reason
    lost = np.tile(speech, 8)
    lost[: len(lost) // 2] = 0.0
    part = spoken(tmp_path / "lost", lost, reference=np.tile(speech, 8))
    assert "silent where" in value(intrusive.SISDR(same_signal=True), part).reason
    none = spoken(tmp_path / "none", speech)
    assert value(intrusive.STOI(same_signal=True), none) == Unscored("no reference speech")


@needs_torchmetrics
@pytest.mark.parametrize("metric", INTRUSIVE, ids=lambda m: m.spec.name)
def test_a_declared_copy_of_any_audio_has_a_value_or_a_reason(metric, tmp_path: Path) -> None:
    found = check(metric(same_signal=True), hostile(), tmp_path)
    assert isinstance(found["8 kHz"], float) and isinstance(found["48 kHz stereo"], float)
    assert found["zeros"] == "silence" and found["1 sample"] == "less than 0.5 s"


@needs_torchmetrics
def test_pesq_is_narrow_band_below_16_khz(tmp_path: Path) -> None:
    speech = voice()
    narrow = spoken(tmp_path, resampled(speech, RATE_HZ, 8_000), reference=speech, rate_hz=8_000)
    auto, forced, wide = (value(intrusive.PESQ(same_signal=True, mode=mode), narrow)
                          for mode in ("auto", "nb", "wb"))
    assert auto == forced != wide


@pytest.mark.parametrize("make", [
    lambda: dnsmos.DNSMOSOvrl(hop_s=0), lambda: dnsmos.DNSMOSOvrl(batch_size=0),
    lambda: intrusive.PESQ(mode="xx"),
])
def test_impossible_options_are_refused(make) -> None:
    with pytest.raises(ConfigError):
        make()


def test_loading_the_metrics_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from s2st_bench.registry import Registry\n"
        "registry = Registry()\n"
        "for name in registry.names('metrics'):\n"
        "    plugin = registry.get('metrics', name)\n"
        "    if plugin.folder.name == 'naturalness':\n"
        "        plugin.load()\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, check=True,
                          capture_output=True)
    assert done.stdout.strip() == "[]"
