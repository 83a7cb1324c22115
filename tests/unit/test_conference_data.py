"""The embedded corpus as committed: counts, times, references, alignments, audio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import s2st_bench.datasets.conference as package
from s2st_bench.audio import info, read_audio
from s2st_bench.corpus import fingerprint
from s2st_bench.datasets.conference.conference import Conference
from s2st_bench.errors import ConfigError
from s2st_bench.types import AudioSource, Recording

FOLDER = Path(package.__file__).parent
EVERY = [(source, split) for source in ("de", "en") for split in ("dev", "test", "talks")]


def load(source: str, split: str) -> list[Recording]:
    return list(Conference(split, source_lang=source).recordings())  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=EVERY, ids="-".join)
def part(request: pytest.FixtureRequest) -> tuple[str, str, list[Recording]]:
    source, split = request.param
    return source, split, load(source, split)


def test_counts_and_origins(part: tuple[str, str, list[Recording]]) -> None:
    source, split, found = part
    if split == "talks":
        assert len(found) >= 6 and all(len(r.segments) >= 15 for r in found)
        assert all({s.origin for s in r.segments} == {"hand", "grammar"} for r in found)
        return
    assert len(found) >= {"dev": 60, "test": 120}[split]
    hand = sum(r.segments[0].origin == "hand" for r in found)
    assert hand >= len(found) / 2
    assert all(len(r.segments) == 1 for r in found)
    assert all(4 <= len(r.segments[0].words) <= 25 for r in found)


def test_ids_are_unique(part: tuple[str, str, list[Recording]]) -> None:
    _, _, found = part
    assert len({r.id for r in found}) == len(found)
    segments = [s.id for r in found for s in r.segments]
    assert len(set(segments)) == len(segments)


def test_words_lie_in_their_segment_in_order(part: tuple[str, str, list[Recording]]) -> None:
    _, _, found = part
    for recording in found:
        assert isinstance(recording.source, AudioSource)
        assert recording.source.duration_s is not None
        before = 0.0
        for segment in recording.segments:
            assert before <= segment.start_s < segment.end_s <= recording.source.duration_s
            before = segment.end_s
            assert [w.text for w in segment.words] == segment.transcript.split()
            times = [t for w in segment.words for t in (w.start_s, w.end_s)]
            assert times == sorted(times), segment.id
            assert all(w.end_s - w.start_s >= 0.01 for w in segment.words), segment.id
            assert segment.start_s <= times[0] and times[-1] <= segment.end_s + 0.001


def test_references_and_alignments(part: tuple[str, str, list[Recording]]) -> None:
    source, _, found = part
    targets = {"de", "en", "es"} - {source}
    for recording in found:
        assert set(recording.target_langs) == targets
        for segment in recording.segments:
            assert set(segment.references) == targets
            for target in targets:
                (reference,) = segment.references[target]
                words = reference.split()
                assert words and reference != segment.transcript
                pairs = segment.alignment[target]
                assert len(pairs) >= len(words) / 3, segment.id
                assert all(0 <= i < len(segment.words) and 0 <= j < len(words) for i, j in pairs)


def test_audio_headers_agree(part: tuple[str, str, list[Recording]]) -> None:
    _, split, found = part
    for recording in found:
        assert isinstance(recording.source, AudioSource)
        header = info(recording.source.path)
        assert (header.sample_rate_hz, header.channels) == (16_000, 1)
        assert header.duration_s == pytest.approx(recording.source.duration_s, abs=1e-6)
        if split == "talks":
            assert 180.0 <= (header.duration_s or 0.0) <= 240.0


@pytest.mark.parametrize("source", ["de", "en"])
def test_speech_is_where_the_words_are(source: str) -> None:
    """Decoded samples: the stated length, loud inside words, quiet before the first."""
    for recording in load(source, "dev")[::15]:
        assert isinstance(recording.source, AudioSource)
        samples = read_audio(recording.source.path, rate_hz=16_000)
        assert len(samples) == round((recording.source.duration_s or 0.0) * 16_000)
        words = recording.segments[0].words
        power = [float(np.sqrt(np.mean(samples[round(a * 16_000):round(b * 16_000)] ** 2)))
                 for a, b in ((0.0, words[0].start_s - 0.03), (words[0].start_s, words[-1].end_s),
                              (words[-1].end_s + 0.03, 1e9))
                 for b in (min(b, len(samples) / 16_000),)]
        assert power[1] > 0.03 and power[0] < power[1] / 10 and power[2] < power[1] / 5


def test_size_and_voices() -> None:
    size = sum(f.stat().st_size for f in (FOLDER / "audio").rglob("*.opus"))
    assert size <= 12_000_000
    for source in ("de", "en"):
        speakers = {s.speaker for split in ("dev", "test", "talks")
                    for r in load(source, split) for s in r.segments}
        assert len(speakers) >= 8


def test_no_sentence_is_in_two_places() -> None:
    """Across languages of the source too: no dev sentence is a test sentence's translation."""
    seen: dict[str, str] = {}
    for source, split in EVERY:
        for recording in load(source, split):
            for segment in recording.segments:
                english = segment.transcript if source == "en" else segment.references["en"][0]
                assert seen.setdefault(english, split) == split, segment.id


def test_options() -> None:
    hand = list(Conference("test", origin="hand", limit=3, target_lang="en").recordings())
    assert len(hand) == 3 and all(r.segments[0].origin == "hand" for r in hand)
    assert hand[0].target_langs == ("en",) and hand[0].cluster == hand[0].id
    picked = list(Conference("test", ids=[hand[2].id]).recordings())
    assert [r.id for r in picked] == [hand[2].id]
    card = Conference("talks").card()
    assert card.synthetic and "not a benchmark" in card.notice and card.cluster == "talk"


@pytest.mark.parametrize(("options", "what"), [
    ({"source_lang": "fr"}, "speaks de and en"),
    ({"target_lang": "de"}, "no de-de references"),
    ({"split": "talks", "origin": "hand"}, "talks mix both origins"),
    ({"limit": 0}, "leaves no recording"),
])
def test_wrong_options(options: dict[str, str], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Conference(**options)  # type: ignore[arg-type]


def test_unknown_id() -> None:
    with pytest.raises(ConfigError, match="has no nothing"):
        list(Conference(ids=["nothing"]).recordings())


def test_fingerprints_differ() -> None:
    names = {fingerprint(load(source, split)) for source, split in EVERY}
    assert len(names) == len(EVERY)
