"""Recordings of people (``../shared/speech``): same and different speakers, CVSS, an echo."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.audio import read_audio
from s2st_bench.metrics.voice.activity import active_speech
from s2st_bench.metrics.voice.embedder import embed_all
from s2st_bench.metrics.voice.ge2e import Resemblyzer
from s2st_bench.scoring import Options, score
from voice_traces import Said, short

SPEECH = Path(__file__).parents[2].parent / "shared" / "speech"
CVSS = "common_voice_fr_19176154.mp3.wav"

pytestmark = [
    pytest.mark.skipif(not SPEECH.is_dir(), reason="needs ../shared/speech"),
    pytest.mark.skipif(
        importlib.util.find_spec("resemblyzer") is None
        or importlib.util.find_spec("torch") is None,
        reason="needs torch, and pip install --no-deps resemblyzer==0.1.4"),
]


def test_same_speakers_are_nearer_than_different_ones() -> None:
    paths = [path for path in sorted(SPEECH.glob("*.*"))
             if path.suffix in (".wav", ".flac", ".mp3") and "snr" not in path.name
             and not path.name.startswith("cvss_t")]
    speakers = [p.name[:8] if p.name.startswith(("librivox", "sb_spk")) else p.name for p in paths]
    speakers = [s[:7] if s.startswith("sb_spk") else s for s in speakers]
    embedder = Resemblyzer("cpu")
    embedder.load()
    vectors = np.array(embed_all(embedder, [active_speech(read_audio(p)) for p in paths], 64))
    similarity = vectors @ vectors.T
    pairs = [(i, j) for i in range(len(paths)) for j in range(i)]
    same = [similarity[i, j] for i, j in pairs if speakers[i] == speakers[j]]
    different = [similarity[i, j] for i, j in pairs if speakers[i] != speakers[j]]
    assert (len(same), len(different)) == (12, 108)
    assert min(same) > 0.75 > 0.70 > max(different)


def test_a_kept_voice_is_nearer_its_source_and_only_the_echo_is_flagged(tmp_path: Path) -> None:
    source = SPEECH / f"covost2_{CVSS}"
    found = {}
    for kind in ("cvss_t", "cvss_c", "covost2"):
        pair = short(tmp_path, kind, source,
                     [Said(4.0, read_audio(SPEECH / f"{kind}_{CVSS}"), "a")], target_lang="en")
        table = score([pair[0]], [pair[1]], ["SpeakerSimilarity", "SourceEcho"],
                      Options(folder=tmp_path))
        found[kind] = {s.metric: s for s in table.corpus}
    value = {kind: scores["SpeakerSimilarity"].value for kind, scores in found.items()}
    assert value["covost2"] > 0.99 > 0.85 > value["cvss_t"] > value["cvss_c"] + 0.2
    echo = {kind: scores["SourceEcho"].value for kind, scores in found.items()}
    assert echo["cvss_t"] == echo["cvss_c"] == 0.0 and echo["covost2"] > 95
    unranked = {kind: scores["SpeakerSimilarity"].unranked for kind, scores in found.items()}
    assert unranked["cvss_t"] == unranked["cvss_c"] == ""
    assert unranked["covost2"].startswith("echo of the source")
