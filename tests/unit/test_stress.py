"""Stress versions: what is heard, where times go, and that it is the same however it is read."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from s2st_bench.audio import info, open_audio, read_audio, write_wav
from s2st_bench.corpora import Finding, Place
from s2st_bench.corpus import Corpus, CorpusCard, fingerprint
from s2st_bench.datasets.stress.stress import Stress
from s2st_bench.errors import AudioError, ConfigError
from s2st_bench.types import AudioSource, Recording, Segment, TextSource, Word

RATE_HZ = 16_000


class Two(Corpus):
    """Tones with a pause of half a second after one second: 2.5 s and 3.5 s."""

    def __init__(self, folder: Path) -> None:
        self.made = []
        for k, rest_s in enumerate((1.0, 2.0)):
            time = np.arange(int((1.5 + rest_s) * RATE_HZ)) / RATE_HZ
            tone = 0.3 * np.sin(2 * math.pi * 300 * (k + 1) * time)
            tone[RATE_HZ : 3 * RATE_HZ // 2] = 0
            path = folder / f"{k}.wav"
            write_wav(path, tone.astype(np.float32), RATE_HZ)
            end_s = 1.5 + rest_s
            segment = Segment(f"s{k}", 0.0, end_s, "one two", {"de": ("eins zwei",)},
                              words=(Word("one", 0.0, 1.0), Word("two", 1.5, end_s)))
            self.made.append(Recording(f"r{k}", AudioSource(path), "en", ("de",), (segment,),
                                       cluster=f"c{k}"))

    def card(self) -> CorpusCard:
        return CorpusCard("two", "CC0")

    def recordings(self) -> Iterator[Recording]:
        yield from self.made


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


def heard(recording: Recording) -> Any:
    assert isinstance(recording.source, AudioSource)
    return read_audio(recording.source.path, recording.source.offset_s, recording.source.duration_s)


def stressed(two: Two, tmp_path: Path, **options: Any) -> list[Recording]:
    return list(Stress(two, folder=tmp_path / "cues", **options).recordings())


def spans(recording: Recording) -> list[tuple[float, float]]:
    return [(w.start_s, w.end_s) for s in recording.segments for w in s.words]


def test_without_stress_every_sample_is_the_same(two: Two, tmp_path: Path) -> None:
    for recording, clean in zip(stressed(two, tmp_path), two.made, strict=True):
        assert np.array_equal(heard(recording), heard(clean))
        assert recording.segments == clean.segments and recording.id == clean.id


@pytest.mark.parametrize("noise", ["white", "babble"])
@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_noise_has_the_level_that_was_asked_for(
    two: Two, tmp_path: Path, noise: Any, snr_db: float
) -> None:
    for recording, clean in zip(stressed(two, tmp_path, noise=noise, snr_db=snr_db), two.made,
                                strict=True):
        speech = heard(clean)
        added = (heard(recording) - speech)[: RATE_HZ]  # the other tone sounds there
        level = np.sqrt(np.mean(speech[speech != 0] ** 2)) / np.sqrt(np.mean(added**2))
        assert 20 * math.log10(level) == pytest.approx(snr_db, abs=0.2)
        assert recording.segments == clean.segments


def test_noise_is_seeded_and_of_the_recording(two: Two, tmp_path: Path) -> None:
    def noise(seed: int) -> list[Any]:
        return [heard(r) - heard(c) for r, c in zip(
            stressed(two, tmp_path, noise="white", seed=seed), two.made, strict=True)]

    once, again, other = noise(1), noise(1), noise(2)
    assert all(map(np.array_equal, once, again))
    assert not np.allclose(once[0], other[0])
    assert not np.allclose(once[0], once[1][: len(once[0])])


def test_speed_moves_audio_and_times(two: Two, tmp_path: Path) -> None:
    (faster, _) = stressed(two, tmp_path, speed=1.25)
    assert len(heard(faster)) == 2 * RATE_HZ
    assert faster.segments[0].end_s == 2.0
    assert spans(faster) == [(0.0, 0.8), (1.2, 2.0)]
    spectrum = np.abs(np.fft.rfft(heard(faster)[2000:10_000]))
    assert np.argmax(spectrum) * RATE_HZ / 8000 == pytest.approx(375, abs=3)


def test_pauses_are_stretched_and_speech_is_not(two: Two, tmp_path: Path) -> None:
    (slower, _) = stressed(two, tmp_path, pauses=3.0)
    samples, clean = heard(slower), heard(two.made[0])
    assert spans(slower) == [(0.0, 1.0), pytest.approx((2.5, 3.5), abs=0.02)]
    assert len(samples) - len(clean) == pytest.approx(RATE_HZ, abs=0.02 * RATE_HZ)
    assert np.array_equal(samples[samples != 0], clean[clean != 0])


def test_sessions_hold_their_parts(two: Two, tmp_path: Path) -> None:
    (session,) = stressed(two, tmp_path, join_s=6.0, gap_s=1.0)
    assert session.id == "r0+1" and session.long_form and session.cluster == "r0+1"
    assert [s.id for s in session.segments] == ["r0/s0", "r1/s1"]
    assert [(s.start_s, s.end_s) for s in session.segments] == [(0.0, 2.5), (3.5, 7.0)]
    assert spans(session)[2:] == [(3.5, 4.5), (5.0, 7.0)]
    samples = heard(session)
    assert np.array_equal(samples[int(3.5 * RATE_HZ):], heard(two.made[1]))
    assert not samples[int(2.5 * RATE_HZ):int(3.5 * RATE_HZ)].any()


def test_all_at_once(two: Two, tmp_path: Path) -> None:
    (session,) = stressed(two, tmp_path, join_s=6.0, gap_s=1.0, pauses=2.0, speed=2.0,
                          noise="white", snr_db=10.0)
    first, second = session.segments
    assert first.end_s == pytest.approx((2.5 + 0.5) / 2, abs=0.01)
    assert second.start_s == pytest.approx((3.0 + 1.0) / 2, abs=0.01)
    assert len(heard(session)) == pytest.approx(RATE_HZ * (3.0 + 1.0 + 4.0) / 2, abs=400)


@pytest.mark.parametrize("options", [
    {"noise": "white"}, {"noise": "babble", "speed": 1.1}, {"pauses": 2.0, "join_s": 5.0},
])
def test_reading_in_pieces_gives_the_same(
    two: Two, tmp_path: Path, options: dict[str, Any]
) -> None:
    source = stressed(two, tmp_path, **options)[-1].source
    assert isinstance(source, AudioSource)
    with open_audio(source.path) as reader:
        whole = reader.read(10**7)
    assert len(whole) == info(source.path).frames
    parts = []
    with open_audio(source.path) as reader:
        for size in itertools.cycle((1, 777, 20_000)):
            parts.append(reader.read(size))
            if len(parts[-1]) < size:
                break
    assert np.array_equal(np.concatenate(parts), whole)
    with open_audio(source.path, 0.5, 0.25) as reader:
        assert np.array_equal(reader.read(10**6), whole[8000:12_000])


def test_the_card_and_the_fingerprint_tell(two: Two, tmp_path: Path) -> None:
    noisy = Stress(two, noise="white", snr_db=0.0, folder=tmp_path / "cues")
    card = noisy.card()
    assert card.perturbation == "noise(white,0 dB,seed=0)" in card.notice
    assert card.clean == fingerprint(two.recordings()) != fingerprint(noisy.recordings())
    names = {fingerprint(stressed(two, tmp_path, **options)) for options in (
        {}, {"noise": "white"}, {"noise": "white", "seed": 1}, {"noise": "white", "snr_db": 3.0},
        {"noise": "babble"}, {"speed": 1.1}, {"pauses": 2.0}, {"join_s": 5.0})}
    assert len(names) == 8


def test_two_copies_have_one_fingerprint(tmp_path: Path) -> None:
    made = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        made.append(fingerprint(Stress(Two(tmp_path / name), noise="babble",
                                       folder=tmp_path / "cues").recordings()))
    assert made[0] == made[1]


@pytest.mark.parametrize(("options", "says"), [
    ({"speed": 0.1}, "dataset.speed"), ({"speed": math.inf}, "dataset.speed"),
    ({"pauses": 0.5}, "dataset.pauses"), ({"snr_db": math.nan}, "dataset.snr_db"),
    ({"join_s": -1.0}, "dataset.join_s"), ({"voices": 0}, "dataset.voices"),
])
def test_options_out_of_range_are_refused(
    two: Two, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        Stress(two, **options)


def test_what_cannot_be_stressed_is_refused(
    two: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S2ST_BENCH_CACHE", "off")
    with pytest.raises(ConfigError, match=r"dataset\.folder"):
        list(Stress(two).recordings())
    two.made = two.made[:1]
    with pytest.raises(ConfigError, match="only one"):
        stressed(two, tmp_path, noise="babble")
    two.made = [replace(two.made[0], source=TextSource(("one",)))]
    with pytest.raises(ConfigError, match="is text"):
        stressed(two, tmp_path)


def test_silence_stays_silence_in_noise(tmp_path: Path) -> None:
    two = Two(tmp_path)
    write_wav(tmp_path / "0.wav", np.zeros(RATE_HZ, np.float32), RATE_HZ)
    assert not heard(stressed(two, tmp_path, noise="white")[0]).any()
    stressed(two, tmp_path, pauses=2.0)


@pytest.mark.parametrize("text", [
    "", "[]", "{}", '{"version": 2}', '{"version": 1, "rate_hz": "x"}',
])
def test_a_damaged_cue_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.cue.json"
    path.write_text(text)
    with pytest.raises(AudioError, match=r"x\.cue\.json"):
        info(path)


def test_a_cue_whose_audio_is_gone_is_told(two: Two, tmp_path: Path) -> None:
    found = stressed(two, tmp_path)[0]
    (tmp_path / "0.wav").unlink()
    with pytest.raises(AudioError, match=r"0\.wav"):
        heard(found)
    assert isinstance(found.source, AudioSource)
    assert json.loads(found.source.path.read_text())["parts"][0]["path"].endswith("0.wav")


def test_damage_of_the_inner_corpus_is_told_and_counted(two: Two, tmp_path: Path) -> None:
    gone = Finding("missing-audio", Place(tmp_path / "list.txt", 3), "gone", "copy it again",
                   recording="r9")

    class Damaged(Two):
        def check(self) -> Iterator[Finding]:
            yield gone

        def left_out(self) -> Mapping[str, Finding]:
            return {"r9": gone}

    noisy = Stress(Damaged(tmp_path), noise="white", folder=tmp_path / "cues")
    assert list(noisy.check()) == [gone] and noisy.left_out() == {"r9": gone}


def test_stress_can_be_stressed(two: Two, tmp_path: Path) -> None:
    inner = Stress(two, speed=1.25, folder=tmp_path / "cues")
    outer = Stress(inner, join_s=4.0, gap_s=0.5, folder=tmp_path / "cues")
    (session,) = outer.recordings()
    assert [(s.start_s, s.end_s) for s in session.segments] == [
        (0.0, 2.0), pytest.approx((2.5, 5.3))]
    assert outer.card().perturbation == "speed(1.25); join(4 s,gap 0.5 s)"
    assert outer.card().clean == fingerprint(two.recordings())
