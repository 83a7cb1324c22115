"""Heard text on real synthesised speech, on people's, and on audio that is anything but speech."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s2st_bench.audio import read_audio, write_wav
from s2st_bench.items import items
from s2st_bench.metric import Item, Metric, Unscored
from s2st_bench.registry import Registry
from s2st_bench.scoring import make_metrics
from s2st_bench.text_counts import word_edits
from s2st_bench.text_forms import lower
from s2st_bench.types import (
    AudioSource,
    Job,
    Piece,
    Recording,
    Samples,
    Segment,
    Step,
    TimedWrite,
    Trace,
)

REGISTRY = Registry()
PEOPLE = Path(__file__).resolve().parents[2].parent / "shared" / "speech"
SENTENCES = ["Meine Damen und Herren, wir beginnen gleich mit dem ersten Vortrag des Tages.",
             "Der Zeitplan hat sich geändert."]


def spoken(folder: Path, pieces: list[Samples], rate_hz: int, gap_s: float) -> list[Item]:
    """A recording answered by pieces of speech with ``gap_s`` of silence between them."""
    write_wav(folder / "p.wav", np.concatenate(pieces), rate_hz)
    steps, stored, offset, at = [], [], 0, 1.0
    for i, piece in enumerate(pieces):
        write = TimedWrite(i, 0.0, f"{SENTENCES[i % 2]} ", speech_s=len(piece) / rate_hz)
        steps.append(Step(at, at, (Job(i, "system", at, at),), (write,)))
        stored.append(Piece("p.wav", offset, len(piece), rate_hz, i))
        offset += len(piece)
        at += len(piece) / rate_hz + gap_s
    trace = Trace("s", "r", "de", at, tuple(steps), tuple(stored), outputs=("speech", "text"),
                  voices=("espeak-ng",))
    segment = Segment("r", 0.0, at, references={"de": (" ".join(SENTENCES),)})
    recording = Recording("r", AudioSource(folder / "x.wav"), "en", ("de",), (segment,))
    return list(items(trace, recording, folder=folder))


def value(metric: Metric, found: list[Item]) -> float:
    metric.prepare(found)
    stats = metric.stats_batch(found)
    return float(metric.value(stats.rows.sum(axis=0)))


@pytest.fixture(scope="module")
def voices() -> tuple[list[Samples], int]:
    """The sentences in espeak-ng's German voice."""
    pytest.importorskip("espeakng_loader")
    pytest.importorskip("onnxruntime")
    pytest.importorskip("sentencepiece")
    from s2st_bench.speech import espeak

    made = [espeak.speak(text, espeak.voice_for("de")) for text in SENTENCES]
    return [utterance.samples for utterance in made], made[0].sample_rate_hz


def test_two_seconds_of_silence_do_not_move_the_score_without_silence(
    tmp_path: Path, voices: tuple[list[Samples], int]
) -> None:
    pieces, rate_hz = voices
    cut = [part for piece in pieces for part in np.array_split(piece, 3)]
    plain, listened = make_metrics(["ASR-BLEU@reference", "ASR-BLEU@with"], REGISTRY, {
        "ASR-BLEU@with": {"silence": "with", "asr": "reference"}})
    close, apart = (spoken(tmp_path, cut, rate_hz, gap_s) for gap_s in (0.0, 2.0))
    first = value(plain, close)
    assert first > 20.0
    assert abs(value(plain, apart) - first) <= 0.1
    # words cut by silence are heard otherwise: the listener's variant says so
    assert value(listened, close) == pytest.approx(first)
    assert value(listened, apart) < first - 5.0


def test_the_reference_recogniser_is_circular_on_espeaks_voices(
    tmp_path: Path, voices: tuple[list[Samples], int]
) -> None:
    found = spoken(tmp_path, *voices, gap_s=0.5)
    names = ["ASR-BLEU", "ASR-Floor", "ASR-BLEU-Ceiling"]
    for name, metric in zip(names, make_metrics(names, REGISTRY), strict=True):
        assert 0.0 <= value(metric, found) <= 100.0
        assert "circular" in metric.marks(found), name
        assert ("tts-references" in metric.marks(found)) == (name != "ASR-BLEU")
        assert metric.signature()["asr"] == "reference"


def hostile() -> dict[str, tuple[Samples, int]]:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(3 * 16_000).astype(np.float32)
    return {
        "one sample": (np.ones(1, np.float32), 16_000),
        "zeros": (np.zeros(16_000, np.float32), 16_000),
        "clipped": (np.clip(50 * noise, -1, 1), 16_000),
        "8 kHz": (0.1 * noise[:8_000], 8_000),
        "48 kHz": (0.1 * noise, 48_000),
        "a rate of its own": (0.1 * noise[:11_000], 11_025),
    }


NAMES = ["ASR-BLEU", "ASR-chrF", "ASR-WER", "ASR-CER", "ASR-Floor", "ASR-BLEU-Ceiling",
         "InsertionsOnSilence", "LanguageRight"]


@pytest.mark.parametrize("case", hostile())
def test_hostile_speech_has_a_value_or_a_reason(
    case: str, tmp_path: Path, voices: tuple[list[Samples], int]
) -> None:
    samples, rate_hz = hostile()[case]
    found = spoken(tmp_path, [samples, samples], rate_hz, gap_s=1.0)
    for metric in make_metrics(NAMES, REGISTRY):
        metric.prepare(found)
        stats = metric.stats(found[0])
        assert isinstance(stats, Unscored) or np.isfinite(metric.value(stats))
        assert isinstance(metric.unranked(found), str)


@pytest.mark.parametrize("case", ["stereo", "not finite", "empty", "missing", "no audio"])
def test_hostile_reference_speech_has_a_value_or_a_reason(
    case: str, tmp_path: Path, voices: tuple[list[Samples], int]
) -> None:
    import soundfile

    place = tmp_path / "reference.wav"
    said = np.repeat(np.concatenate(voices[0])[:, None], 2, axis=1)
    if case == "stereo":
        soundfile.write(place, said, 48_000)
    elif case == "not finite":
        soundfile.write(place, np.full(800, np.nan, np.float32), 16_000, subtype="FLOAT")
    elif case == "empty":
        soundfile.write(place, said[:0], 16_000)
    elif case == "no audio":
        place.write_bytes(b"RIFFnothing")
    (item,) = spoken(tmp_path, *voices, gap_s=0.0)
    heard = replace(item.recording, reference_audio={"de": AudioSource(place)})
    for metric in make_metrics(["ASR-Floor", "ASR-BLEU-Ceiling", "ASR-BLEU"], REGISTRY):
        found = list(items(item.trace, heard, folder=tmp_path))
        metric.prepare(found)
        stats = metric.stats(found[0])
        assert isinstance(stats, Unscored) or np.isfinite(metric.value(stats))
        assert isinstance(metric.unranked(found), str)
        if case != "stereo" and case != "empty" and metric.name != "ASR-BLEU":
            assert isinstance(stats, Unscored) and "cannot be read" in stats.reason


@pytest.mark.parametrize(
    "name", ["reference", pytest.param("pocketsphinx", marks=pytest.mark.slow)])
def test_recognisers_take_any_audio(name: str) -> None:
    plugin = REGISTRY.get("recognisers", name)
    if plugin.missing():
        pytest.skip(f"{name}: {plugin.pip_line}")
    model = plugin.load()()
    model.load()
    cases = {**hostile(), "nothing": (np.zeros(0, np.float32), 16_000),
             "not finite": (np.full(8_000, np.nan, np.float32), 16_000),
             "infinite": (np.full(8_000, np.inf, np.float32), 48_000),
             "stereo": (np.zeros((4_000, 2), np.float32), 48_000)}
    for case, (samples, rate_hz) in cases.items():
        words = model.transcribe(samples, rate_hz, "en")
        length_s = len(samples) / rate_hz
        assert all(0 <= w.start_s <= w.end_s <= length_s + 0.05 for w in words), case


@pytest.mark.slow
def test_half_an_hour(tmp_path: Path, voices: tuple[list[Samples], int]) -> None:
    pieces, rate_hz = voices
    once = np.concatenate(pieces)
    long = np.tile(once, 1800 * rate_hz // len(once))
    (metric,) = make_metrics(["ASR-WER@reference"], REGISTRY,
                             {"ASR-WER": {"against": "reference"}})
    found = spoken(tmp_path, [long], rate_hz, gap_s=0.0)
    assert 1000 < value(metric, found) < 100 * 1800  # the reference is said some 250 times


@pytest.mark.slow
def test_pocketsphinx_on_people() -> None:
    table = PEOPLE / "human_en.tsv"
    if not table.is_file():
        pytest.skip("no ../shared/speech")
    plugin = REGISTRY.get("recognisers", "pocketsphinx")
    if plugin.missing():
        pytest.skip(f"pocketsphinx: {plugin.pip_line}")
    model = plugin.load()()
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t")
                if row["audio"].startswith("librivox")]
    counts = np.zeros(2)
    for row in rows:
        words = model.transcribe(read_audio(PEOPLE / row["audio"]), 16_000, "en")
        counts += word_edits(" ".join(w.text for w in words), lower(row["transcript"]))
    # 14 of 44 words, 0.32; of all people in the folder 35 of 117, 0.30
    assert counts[1] == 44 and counts[0] / counts[1] == pytest.approx(0.28, abs=0.06)
