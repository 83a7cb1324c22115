"""Embedders through their real weights (Resemblyzer) or small random ones, and what is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from s2st_bench.cache import Cache
from s2st_bench.errors import ConfigError, InputError
from s2st_bench.metrics.voice.activity import active_speech
from s2st_bench.metrics.voice.bank import LONGEST_S, Bank, shortened
from s2st_bench.metrics.voice.embedder import embed_all, even_windows, make_embedder
from s2st_bench.metrics.voice.ge2e import Resemblyzer, ResemblyzerMissing, mel_bands, part_starts
from voice_traces import RATE, VOICES, corpus_speech

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("resemblyzer") is None or importlib.util.find_spec("torch") is None,
    reason="needs torch, and pip install --no-deps resemblyzer==0.1.4")

# Resemblyzer 0.1.4: VoiceEncoder("cpu").embed_utterance(hum() at -25 dB), values 8 to 23, the sum.
PUBLISHED = [0.0, 0.15651, 0.07835, 0.06901, 0.01334, 0.00152, 0.02593, 0.05285, 0.07909]
PUBLISHED += [0.06431, 0.10947, 0.0, 0.00467, 0.0, 0.0, 0.0]
PUBLISHED_SUM = 9.6348


def hum() -> np.ndarray:
    """Harmonics with vibrato and a beat of 3 Hz: a voice that any machine makes alike."""
    times = np.arange(5 * RATE) / RATE
    phase = 2 * np.pi * (120 + 15 * np.sin(2 * np.pi * 0.7 * times)) * times
    tones = sum(np.sin(k * phase) / k for k in range(1, 20))
    return (0.2 * tones * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * times))).astype(np.float32)


@pytest.fixture(scope="module")
def resemblyzer() -> Resemblyzer:
    embedder = Resemblyzer("cpu")
    embedder.load()
    return embedder


@needs_weights
def test_resemblyzers_own_code_gives_the_same(resemblyzer: Resemblyzer) -> None:
    (found,) = embed_all(resemblyzer, [hum()], 64)
    np.testing.assert_allclose(found[8:24], PUBLISHED, atol=1e-4)
    assert found.sum() == pytest.approx(PUBLISHED_SUM, abs=1e-3)


@needs_weights
def test_same_voices_are_nearer_than_different_ones(resemblyzer: Resemblyzer) -> None:
    names = [(voice, name) for voice, names in VOICES.items() for name in names]
    found = embed_all(resemblyzer, [active_speech(corpus_speech(n)) for _, n in names], 64)
    same = [float(found[i] @ found[j]) for i in range(len(names)) for j in range(i)
            if names[i][0] == names[j][0]]
    different = [float(found[i] @ found[j]) for i in range(len(names)) for j in range(i)
                 if names[i][0] != names[j][0]]
    assert min(same) > max(different)


@needs_weights
def test_loudness_and_batches_change_nothing(resemblyzer: Resemblyzer) -> None:
    speech = active_speech(corpus_speech("en-grammar-test-050"))
    one, faint = embed_all(resemblyzer, [speech, 0.01 * speech], 3)
    np.testing.assert_allclose(faint, one, atol=1e-4)
    (alone,) = embed_all(resemblyzer, [speech], 64)
    np.testing.assert_allclose(alone, one, atol=1e-5)


def test_parts_of_resemblyzer() -> None:
    assert part_starts(0) == part_starts(16_000) == [0]
    assert part_starts(3 * RATE) == [0, 77, 154]  # 1.46 of the last part's 1.6 s are there
    assert part_starts(round(2.5 * RATE)) == [0, 77]
    assert mel_bands().shape == (40, 201) and (mel_bands().sum(axis=1) > 0).all()


def test_windows_cover_all_speech_and_short_speech_fills_one() -> None:
    speech = np.arange(7 * RATE, dtype=np.float32)
    windows = even_windows(speech, 3 * RATE)
    assert windows.shape == (3, 3 * RATE)
    assert windows[0, 0] == 0 and windows[-1, -1] == speech[-1]
    assert even_windows(speech[:RATE], 3 * RATE).shape == (1, 3 * RATE)
    assert not even_windows(speech[:0], 3 * RATE).any()


def test_of_long_speech_two_minutes_are_heard() -> None:
    speech = np.arange(600 * RATE, dtype=np.float32)
    found = shortened(speech)
    assert len(found) == LONGEST_S * RATE
    assert found[0] == 0 and found[-1] == speech[-1]


class Counting(Resemblyzer):
    """Counts the windows it is given."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.seen = 0

    def embed(self, windows):
        self.seen += len(windows)
        return super().embed(windows)


@needs_weights
def test_speech_is_embedded_once(tmp_path: Path) -> None:
    speech = [active_speech(corpus_speech(n)) for n in VOICES["en-us-f2"][1:]]
    first, second = Counting(), Counting()
    found = Bank(first, 4, Cache(tmp_path)).embeddings(speech)
    kept = Bank(second, 4, Cache(tmp_path)).embeddings([speech[1], speech[0], speech[1]])
    assert first.seen and not second.seen
    np.testing.assert_array_equal(kept, [found[1], found[0], found[1]])


def needs(package: str) -> None:
    """Without importing it: speechbrain is to find torchaudio made importable."""
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")


@pytest.fixture(scope="module")
def ecapa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs("speechbrain")
    import tiny_voices

    return tiny_voices.ecapa(tmp_path_factory.mktemp("ecapa"))


@pytest.fixture(scope="module")
def wavlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    needs("transformers")
    import tiny_voices

    return tiny_voices.wavlm(tmp_path_factory.mktemp("wavlm"))


@pytest.mark.parametrize(("name", "size"), [("ecapa", 48), ("wavlm", 24)])
def test_checkpoints_by_folder(
    name: str, size: int, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(name)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    embedder = make_embedder(name, str(folder), "cpu")
    embedder.load()
    speech = [corpus_speech(n) for n in VOICES["en-us-f2"][:2]]
    found = embed_all(embedder, speech, 2)
    assert [v.shape for v in found] == [(size,)] * 2
    assert np.linalg.norm(found[0]) == pytest.approx(1.0)
    assert not np.allclose(found[0], found[1], atol=1e-4)
    np.testing.assert_allclose(embed_all(embedder, speech[1:], 64)[0], found[1], atol=1e-5)
    assert embedder.signature()["embedder"] == f"{name}({folder.name})"
    assert len(embedder.signature()["sha256"]) == 12
    assert before == {path: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_a_folder_of_another_kind_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    for name, package in (("ecapa", "speechbrain"), ("wavlm", "transformers")):
        needs(package)
        with pytest.raises(InputError, match=f"embedder {name}: .*{tmp_path.name}"):
            make_embedder(name, str(tmp_path), "cpu").load()
    with pytest.raises(InputError, match="no weights here"):
        make_embedder("wavlm", str(tmp_path.parent), "cpu").signature()
    with pytest.raises(ConfigError, match="resemblyzer has its own"):
        make_embedder("resemblyzer", str(tmp_path), "cpu")


@needs_weights
@pytest.mark.parametrize("device", ["abacus", "cuda:99"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(ConfigError, match=f"device={device} cannot be used here"):
        Resemblyzer(device).load()


def test_what_is_missing_is_named_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from s2st_bench.cli import app
    from s2st_bench.registry import Registry

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec",
                        lambda name, *rest: None if name == "resemblyzer" else find(name, *rest))
    line = "pip install --no-deps resemblyzer==0.1.4"
    with pytest.raises(ResemblyzerMissing, match=line):
        Resemblyzer().signature()
    plugin = Registry().get("metrics", "SpeakerSimilarity")
    assert plugin.missing() == ("resemblyzer",) and line in str(plugin.pip_line)
    assert line in CliRunner().invoke(app, ["ls", "metrics", "--json"]).output
